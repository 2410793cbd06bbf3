import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { reasonName, type ReasonHeader } from '../api';
import { keep } from '../begun';
import { hold } from '../router';
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

/** A window over the view. Escape and the cross close it, and so does going to another view; all of them ask first if something was begun in it, as the browser does before a reload. */
export function Dialog({ title, wide, begun = false, onClose, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  const [asking, setAsking] = useState<{ then: () => void }>();
  const gone = useRef(false);
  useLayoutEffect(() => {
    const dialog = ref.current!;
    dialog.showModal();
    // Closing it gives the focus back to what has opened it; just taken away it would not.
    return () => { gone.current = true; dialog.close(); };
  }, []);
  useLayoutEffect(() => {
    if (!begun) return;
    keep(id, true);
    const release = hold(then => setAsking({ then }));
    return () => { keep(id, undefined); release(); };
  }, [begun]);
  const ask = (e: Event) => {
    if (!begun) return;
    e.preventDefault();
    setAsking({ then: () => {} });
  };
  const leave = (e: Event) => { ask(e); if (!begun) ref.current?.close(); };
  return (
    <>
      <dialog ref={ref} class={wide ? 'wide' : ''} aria-labelledby={id} onClose={() => { if (!gone.current) onClose(); }} onCancel={ask}
        // A browser may close a window at the second press of the key without asking, unless the press itself is taken.
        onKeyDown={e => { if (e.key === 'Escape' && !e.isComposing) ask(e); }}>
        <header><h2 id={id}>{title}</h2><Button look="quiet" icon="close" label="Close" onClick={leave} /></header>
        {children}
      </dialog>
      {asking && <Question title="Discard what you have typed?" stay="Go on typing" go="Discard it" onStay={() => setAsking(undefined)} onGo={() => { onClose(); asking.then(); }} />}
    </>
  );
}

interface QuestionProps { title: string; stay: string; go: string; onStay: () => void; onGo: () => void; children?: ComponentChildren }

/** Asks before something is lost. */
export const Question = ({ title, stay, go, onStay, onGo, children }: QuestionProps) => (
  <Dialog title={title} onClose={onStay}>
    {children}
    <footer><Button autofocus onClick={onStay}>{stay}</Button><Button look="danger" onClick={onGo}>{go}</Button></footer>
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
