import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { reasonName, type ReasonHeader } from '../api';
import { keep } from '../begun';
import { RequiredNote } from './field';
import { Button, Errors } from './parts';
import { useReason } from './reason';

interface DialogProps {
  title: string;
  wide?: boolean;
  /** Whether something was begun in it that must not be lost by a slip. */
  begun?: boolean;
  onClose: () => void;
  children: ComponentChildren;
}

/** A window over the view. Escape and the cross close it; they ask first if something was begun in it, as the browser does before a reload. */
export function Dialog({ title, wide, begun = false, onClose, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [asking, setAsking] = useState(false);
  useEffect(() => { if (!ref.current?.open) ref.current?.showModal(); }, []);
  useLayoutEffect(() => {
    keep(id, begun || undefined);
    return () => keep(id, undefined);
  }, [begun]);
  const hold = (e: Event) => {
    if (!begun) return;
    e.preventDefault();
    setAsking(true);
  };
  const leave = (e: Event) => { hold(e); if (!begun) ref.current?.close(); };
  return (
    <>
      <dialog ref={ref} class={wide ? 'wide' : ''} aria-labelledby={id} onClose={onClose} onCancel={hold}
        // A browser may close a window at the second press of the key without asking, unless the press itself is taken.
        onKeyDown={e => { if (e.key === 'Escape' && !e.isComposing) hold(e); }}>
        <header><h2 id={id}>{title}</h2><Button look="quiet" icon="close" label="Close" onClick={leave} /></header>
        {children}
      </dialog>
      {asking && <Discard onStay={() => setAsking(false)} onDiscard={onClose} />}
    </>
  );
}

/** Asks before what was begun in a window is lost. */
const Discard = ({ onStay, onDiscard }: { onStay: () => void; onDiscard: () => void }) => (
  <Dialog title="Discard what you have typed?" onClose={onStay}>
    <footer><Button autofocus onClick={onStay}>Go on typing</Button><Button look="danger" onClick={onDiscard}>Discard it</Button></footer>
  </Dialog>
);

interface FormProps {
  title: string;
  action: string;
  danger?: boolean;
  disabled?: boolean;
  fields?: string[];
  /** Whether it asks for the reason, since it changes accounts. */
  reasoned?: boolean;
  wide?: boolean;
  /** Whether something was begun in it by other means than typing. */
  begun?: boolean;
  onClose: () => void;
  /** Does it. A Refusal that it throws is shown, and the window stays. */
  onSubmit: (reason: ReasonHeader) => Promise<void>;
  children: (error: unknown) => ComponentChildren;
}

/** A window with a form in it. */
export function FormDialog({ title, action, danger, disabled, fields = [], reasoned, wide, begun, onClose, onSubmit, children }: FormProps) {
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const [typed, setTyped] = useState(false);
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
    <Dialog title={title} wide={wide} begun={begun || typed} onClose={onClose}>
      <form ref={form} onSubmit={submit} onChange={() => setTyped(true)} noValidate
        // Of a choice only the change is heard: to draw the window before that would undo it.
        onInput={e => { if (!(e.target as HTMLElement).matches('select, [type=checkbox]')) setTyped(true); }}>
        <Errors of={error} fields={[...fields, reasonName]} />
        <RequiredNote />
        <div class="fields">{children(error)}{reasoned && reason.field(error)}</div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look={danger ? 'danger' : 'main'} busy={busy} disabled={disabled}>{action}</Button>
        </footer>
      </form>
    </Dialog>
  );
}
