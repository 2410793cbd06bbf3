import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { readNumber } from '../exact';
import { mayBeNull, show, type Member } from '../members';
import { Input, type Tie } from './field';
import { Button } from './parts';

interface EditorProps { member: Member; value: unknown; onChange: (value: unknown) => void; tie: Tie; disabled?: boolean }

/** The control for a member, by what the member is. */
export function Editor(props: EditorProps) {
  const { member } = props;
  if (member.kind === 'choice') return member.multiple ? <Choices {...props} /> : <Choice {...props} />;
  if (member.multiple) return <Lines {...props} />;
  return <Single {...props} />;
}

/** Whether the control consists of several, so that a label cannot name it. */
export const isGroup = (member: Member): boolean => !!member.multiple;

function Single({ member, value, onChange, tie, disabled }: EditorProps) {
  const text = show(value);
  const empty = (v: string) => (v === '' && mayBeNull(member) ? null : v);
  switch (member.kind) {
    case 'long':
      return <textarea {...tie} disabled={disabled} rows={Math.min(8, Math.max(2, text.split('\n').length))} value={text} onInput={e => onChange(empty(e.currentTarget.value))} />;
    case 'boolean':
      return (
        <select {...tie} disabled={disabled} value={value === null ? '' : String(value)} onChange={e => onChange(e.currentTarget.value === '' ? null : e.currentTarget.value === 'true')}>
          {mayBeNull(member) && <option value="">–</option>}
          <option value="true">Yes</option>
          <option value="false">No</option>
        </select>
      );
    case 'number':
      return <NumberInput {...{ member, value, onChange, tie, disabled }} />;
    case 'date':
      return <Input {...tie} disabled={disabled} type={/^(\d{4}-\d\d-\d\d)?$/.test(text) ? 'date' : 'text'} value={text}
        // A date that is half written reads as none, which must not clear the one that is there.
        onInput={e => { if (!e.currentTarget.validity.badInput) onChange(empty(e.currentTarget.value)); }}
        onBlur={e => { if (e.currentTarget.validity.badInput) e.currentTarget.value = text; }} />;
    default:
      return <Input {...tie} disabled={disabled} type={member.input ?? 'text'} value={text} onInput={e => onChange(empty(e.currentTarget.value))} />;
  }
}

/** Keeps what is being typed, which need not be a number yet, and gives on what it reads as. */
function NumberInput({ value, onChange, tie, disabled }: EditorProps) {
  const typed = useRef('');
  const text = show(value);
  const shown = show(readNumber(typed.current)) === text ? typed.current : text;
  return (
    <Input {...tie} disabled={disabled} inputMode="decimal" class="number" value={shown}
      onInput={e => { typed.current = e.currentTarget.value; onChange(readNumber(typed.current)); }} />
  );
}

const create = '\u0000create';

/** The options of a member to choose from, and the way to a new one. */
function OptionSelect({ member, taken, value, onPick, tie, disabled, first }: Omit<EditorProps, 'onChange'> & { taken: string[]; onPick: (label: string | null) => void; first: string }) {
  const [naming, setNaming] = useState(false);
  if (naming) return <NewOption member={member} onDone={label => { setNaming(false); if (label) onPick(label); }} />;
  const labels = [...member.options ?? [], ...typeof value === 'string' && !member.options?.includes(value) ? [value] : []];
  return (
    <select {...tie} disabled={disabled} value={typeof value === 'string' ? value : ''} onChange={e => {
      const picked = e.currentTarget.value;
      if (picked === create) setNaming(true);
      else onPick(picked || null);
      if (picked === create || first !== '–') e.currentTarget.value = '';
    }}>
      <option value="">{first}</option>
      {labels.filter(l => !taken.includes(l)).map(l => <option key={l} value={l}>{show(l, member)}{member.open && !member.options!.includes(l) ? ' (new)' : ''}</option>)}
      {member.open && <option value={create}>Create option…</option>}
    </select>
  );
}

function NewOption({ member, onDone }: { member: Member; onDone: (label?: string) => void }) {
  const [label, setLabel] = useState('');
  const done = (e: Event) => { e.preventDefault(); e.stopPropagation(); onDone(label.trim() || undefined); };
  return (
    <div class="joined">
      <input type="text" aria-label={`New option of ${member.name}`} placeholder="New option" value={label} ref={e => e?.focus()} onInput={e => setLabel(e.currentTarget.value)}
        onKeyDown={e => {
          if (e.isComposing) return;
          if (e.key === 'Enter') done(e);
          if (e.key === 'Escape') { e.stopPropagation(); e.preventDefault(); onDone(); }
        }} />
      <Button onClick={done}>Use</Button>
      <Button look="quiet" icon="close" label="Choose an existing option" onClick={() => onDone()} />
    </div>
  );
}

const Choice = (props: EditorProps) => <OptionSelect {...props} taken={[]} first="–" onPick={props.onChange} />;

/** Several options: those that are chosen, and a list to add from. */
function Choices({ member, value, onChange, tie, disabled }: EditorProps) {
  const chosen = (value ?? []) as string[];
  const set = (list: string[]) => onChange(list.length || !mayBeNull(member) ? list : null);
  const rest = member.open || member.options!.some(o => !chosen.includes(o));
  return (
    <div class="choices">
      {chosen.map(label => (
        <span key={label} class="chip removable">
          {show(label, member)}{member.open && !member.options!.includes(label) && <em> new</em>}
          <Button look="quiet" icon="close" label={`Remove ${show(label, member)}`} disabled={disabled} onClick={() => set(chosen.filter(c => c !== label))} />
        </span>
      ))}
      {rest && <OptionSelect member={member} value={null} taken={chosen} first="Add…" tie={{ ...tie, 'aria-required': undefined, 'aria-label': `Add to ${member.name}` } as Tie} disabled={disabled} onPick={label => label && !chosen.includes(label) && set([...chosen, label])} />}
    </div>
  );
}

/** Several values, one on a line. */
function Lines({ member, value, onChange, tie, disabled }: EditorProps) {
  const items = (value ?? []) as unknown[];
  const [blank, setBlank] = useState(items.length === 0);
  const box = useRef<HTMLDivElement>(null);
  const adding = useRef(false);
  useLayoutEffect(() => {
    if (adding.current) [...box.current!.querySelectorAll<HTMLElement>('input, select')].at(-1)?.focus();
    adding.current = false;
  }, [blank]);
  const shown = blank ? [...items, ''] : items;
  const one: Member = { ...member, multiple: false, kind: member.kind === 'lines' ? 'text' : member.kind, required: false, neverNull: true };
  const set = (i: number, v: unknown) => {
    if (i >= items.length) setBlank(false);
    onChange(shown.map((old, j) => (j === i ? v : old)));
  };
  const remove = (i: number) => {
    if (i >= items.length) { setBlank(false); return; }
    const rest = items.filter((_, j) => j !== i);
    onChange(rest.length || !mayBeNull(member) ? rest : null);
  };
  return (
    <div class="lines" ref={box}>
      {shown.map((item, i) => (
        <div class="joined" key={i}>
          <Editor member={one} value={item} disabled={disabled} onChange={v => set(i, v)} tie={{ ...tie, id: i ? `${tie.id}-${i}` : tie.id, 'aria-required': i ? undefined : tie['aria-required'], 'aria-label': `${member.name}, line ${i + 1}` } as Tie} />
          {(shown.length > 1 || mayBeNull(member)) && <Button look="quiet" icon="close" label={`Remove line ${i + 1} of ${member.name}`} disabled={disabled} onClick={() => remove(i)} />}
        </div>
      ))}
      {!blank && <Button look="quiet" icon="plus" disabled={disabled} onClick={() => { adding.current = true; setBlank(true); }}>Add a line</Button>}
    </div>
  );
}
