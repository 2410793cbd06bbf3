import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { reasonName, type ReasonHeader } from '../api';
import { Button, Errors } from './parts';
import { useReason } from './reason';

interface DialogProps { title: string; wide?: boolean; onClose: () => void; children: ComponentChildren }

/** A window over the view. Escape and the cross close it. */
export function Dialog({ title, wide, onClose, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => { if (!ref.current?.open) ref.current?.showModal(); }, []);
  return (
    <dialog ref={ref} class={wide ? 'wide' : ''} aria-labelledby={id} onClose={onClose}>
      <header><h2 id={id}>{title}</h2><Button look="quiet" icon="close" label="Close" onClick={() => ref.current?.close()} /></header>
      {children}
    </dialog>
  );
}

interface FormProps {
  title: string;
  action: string;
  danger?: boolean;
  disabled?: boolean;
  fields?: string[];
  /** Whether it asks for the reason, since it changes accounts. */
  reasoned?: boolean;
  wide?: boolean;
  onClose: () => void;
  /** Does it. A Refusal that it throws is shown, and the window stays. */
  onSubmit: (reason: ReasonHeader) => Promise<void>;
  children: (error: unknown) => ComponentChildren;
}

/** A window with a form in it. */
export function FormDialog({ title, action, danger, disabled, fields = [], reasoned, wide, onClose, onSubmit, children }: FormProps) {
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const reason = useReason();
  const form = useRef<HTMLFormElement>(null);
  // A window that is to be filled in begins at its first field; one that asks whether to go on, at its way out.
  useEffect(() => { if (!danger) form.current?.querySelector<HTMLElement>('.fields :is(input, select, textarea):enabled')?.focus(); }, []);
  const submit = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setError(undefined);
    await onSubmit(reason.header).catch(setError);
    setBusy(false);
  };
  return (
    <Dialog title={title} wide={wide} onClose={onClose}>
      <form ref={form} onSubmit={submit} noValidate>
        <Errors of={error} fields={[...fields, reasonName]} />
        <div class="fields">{children(error)}{reasoned && reason.field(error)}</div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look={danger ? 'danger' : 'main'} busy={busy} disabled={disabled}>{action}</Button>
        </footer>
      </form>
    </Dialog>
  );
}
