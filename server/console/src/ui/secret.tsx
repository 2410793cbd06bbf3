import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { Dialog } from './dialog';
import { Banner, Button } from './parts';

function Secret({ name, value }: { name: string; value: string }) {
  const input = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);
  // Without TLS a page has no clipboard, but may copy what is selected.
  const copy = async () => {
    input.current?.select();
    const done = await navigator.clipboard?.writeText(value).then(() => true, () => false);
    setCopied(done || document.execCommand('copy'));
  };
  return (
    <div class="joined secret">
      <input ref={input} type="text" readOnly aria-label={name} value={value} onFocus={e => e.currentTarget.select()} />
      <Button onClick={copy}>{copied ? 'Copied' : 'Copy'}</Button>
      <span class="sr" role="status">{copied && 'Copied.'}</span>
    </div>
  );
}

interface DialogProps { title: string; name: string; value: string; onClose: () => void; children: ComponentChildren }

/** A window that shows something once, to take along, and says so. */
export const SecretDialog = ({ title, name, value, onClose, children }: DialogProps) => (
  <Dialog title={title} onClose={onClose}>
    <Banner tone="warn">{children}</Banner>
    <Secret name={name} value={value} />
    <footer><Button look="main" onClick={onClose}>Done</Button></footer>
  </Dialog>
);
