import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Button, Errors } from './parts';

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
  wide?: boolean;
  onClose: () => void;
  /** Does it. A Refusal that it throws is shown, and the window stays. */
  onSubmit: () => Promise<void>;
  children: (error: unknown) => ComponentChildren;
}

/** A window with a form in it. */
export function FormDialog({ title, action, danger, disabled, fields, wide, onClose, onSubmit, children }: FormProps) {
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const submit = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setError(undefined);
    await onSubmit().catch(setError);
    setBusy(false);
  };
  return (
    <Dialog title={title} wide={wide} onClose={onClose}>
      <form onSubmit={submit} noValidate>
        <Errors of={error} fields={fields} />
        <div class="fields">{children(error)}</div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look={danger ? 'danger' : 'main'} busy={busy} disabled={disabled}>{action}</Button>
        </footer>
      </form>
    </Dialog>
  );
}
