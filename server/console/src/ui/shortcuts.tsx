import { useEffect, useRef, useState } from 'preact/hooks';
import { Dialog } from './dialog';

const keys: [string, string][] = [
  ['/', 'Search'],
  ['↑ ↓', 'Move through the list, also from the search'],
  ['Enter', 'Open the account'],
  ['Space', 'Select the account, or deselect it'],
  ['Ctrl S', 'Save what was changed'],
  ['Esc', 'Leave the search, a window, or the account'],
  ['?', 'This list'],
];

/** Whether a key was pressed where it is a letter of a text. */
export const typing = (e: KeyboardEvent): boolean =>
  e.ctrlKey || e.metaKey || e.altKey || !!(e.target as HTMLElement).closest('input:not([type=checkbox]), textarea, select, dialog');

/** Has Ctrl S save what was changed, if there is something to save, but not below a form that is open. */
export function useSaveKey(save: (() => void) | false): void {
  const latest = useRef(save);
  latest.current = save;
  useEffect(() => {
    const on = (e: KeyboardEvent) => {
      if (!(e.ctrlKey || e.metaKey) || e.key !== 's') return;
      e.preventDefault();
      if (latest.current && !document.querySelector('dialog[open] form')) latest.current();
    };
    addEventListener('keydown', on);
    return () => removeEventListener('keydown', on);
  }, []);
}

/** The list of shortcuts, which a question mark opens. */
export function Shortcuts() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const on = (e: KeyboardEvent) => { if (e.key === '?' && !typing(e)) setOpen(true); };
    addEventListener('keydown', on);
    return () => removeEventListener('keydown', on);
  }, []);
  if (!open) return null;
  return (
    <Dialog title="By keyboard" onClose={() => setOpen(false)}>
      <dl class="keys">{keys.map(([key, does]) => <><dt key={key}><kbd>{key}</kbd></dt><dd>{does}</dd></>)}</dl>
    </Dialog>
  );
}
