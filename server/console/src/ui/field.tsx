import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Refusal } from '../api';

/** What ties a control to its label, its hint and what is wrong with it. */
export interface Tie { id: string; 'aria-describedby'?: string; 'aria-invalid'?: boolean; 'aria-required'?: boolean }

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  error?: string;
  /** Whether it must be filled in, which its label shows and screen readers say. */
  required?: boolean;
  changed?: boolean;
  wide?: boolean;
  /** A member of several controls is a group, and has no one to label. */
  group?: boolean;
  aside?: ComponentChildren;
  children: (tie: Tie) => ComponentChildren;
}

/** A control with its label, and what is wrong with it in the server's words. */
export function Field({ label, hint, error, required, changed, wide, group, aside, children }: FieldProps) {
  const id = useId();
  const under = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || undefined;
  const tie: Tie = { id, 'aria-describedby': under, 'aria-invalid': error ? true : undefined, 'aria-required': required || undefined };
  const look = `label ${required ? 'required' : ''}`;
  const label$ = group ? <span class={look} id={`${id}-label`}>{label}</span> : <label class={look} for={id}>{label}</label>;
  return (
    <div class={`field ${changed ? 'changed' : ''} ${error ? 'wrong' : ''} ${wide ? 'wide' : ''}`} role={group ? 'group' : undefined} aria-labelledby={group ? `${id}-label` : undefined}>
      <div class="label-row">{label$}{aside}</div>
      {children(tie)}
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
      {error && <p class="error" id={`${id}-error`}>{error}</p>}
    </div>
  );
}

/** Says what the mark of a label means, in a form that has one. */
export const RequiredNote = () => <p class="hint required-note">Fields with * must be filled in.</p>;

/** What a one-line input takes, whatever its type is. */
export interface InputProps extends Partial<Tie> {
  type?: string;
  name?: string;
  value: string;
  onInput: (e: { currentTarget: HTMLInputElement }) => void;
  onBlur?: (e: { currentTarget: HTMLInputElement }) => void;
  inputMode?: 'numeric' | 'decimal';
  autocomplete?: string;
  disabled?: boolean;
  class?: string;
  autofocus?: boolean;
}

/** An input. Its types forbid one with a type that is only known later. */
export const Input = ({ autofocus, ...props }: InputProps) => {
  const ref = useRef<HTMLInputElement>(null);
  useEffect(() => { if (autofocus) ref.current?.focus(); }, []);
  return <input ref={ref} autocomplete="off" {...props as JSX.IntrinsicElements['input']} />;
};

interface TextProps extends Omit<InputProps, 'onInput'> {
  label: string;
  name: string;
  hint?: ComponentChildren;
  required?: boolean;
  /** What the server refused, of which this shows what is about it. */
  of?: unknown;
  onInput: (value: string) => void;
}

/** A field of one line. */
export const TextField = ({ label, hint, required, of, value, onInput, name, ...rest }: TextProps) => (
  <Field label={label} hint={hint} required={required} error={of instanceof Refusal ? of.of(name) : undefined}>
    {tie => <Input {...rest} {...tie} name={name} value={value} onInput={e => onInput(e.currentTarget.value)} />}
  </Field>
);

interface CheckProps { label: string; hint?: string; checked: boolean; onChange: (checked: boolean) => void; disabled?: boolean }

export function Check({ label, hint, checked, onChange, disabled }: CheckProps) {
  const id = useId();
  return (
    <div class="check">
      <input type="checkbox" id={id} checked={checked} disabled={disabled} onChange={e => onChange(e.currentTarget.checked)} />
      <label for={id}>{label}{hint && <span class="hint">{hint}</span>}</label>
    </div>
  );
}

interface SelectProps { label: string; name?: string; hint?: ComponentChildren; of?: unknown; value: string; options: [value: string, label: string][]; onChange: (value: string) => void }

export const SelectField = ({ label, name = '', hint, of, value, options, onChange }: SelectProps) => (
  <Field label={label} hint={hint} error={of instanceof Refusal ? of.of(name) : undefined}>
    {tie => (
      <select {...tie} value={value} onChange={e => onChange(e.currentTarget.value)}>
        {options.map(([v, l]) => <option key={v} value={v}>{l}</option>)}
      </select>
    )}
  </Field>
);
