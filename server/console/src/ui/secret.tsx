import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { Dialog } from './dialog';
import { Banner, Button } from './parts';
import { say } from './toast';

function Secret({ name, value }: { name: string; value: string }) {
  const input = useRef<HTMLInputElement>(null);
  const copy = () => {
    input.current?.select();
    navigator.clipboard?.writeText(value).then(() => say('Copied.'), () => {});
  };
  return (
    <div class="joined secret">
      <input ref={input} type="text" readOnly aria-label={name} value={value} onFocus={e => e.currentTarget.select()} />
      <Button onClick={copy}>Copy</Button>
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
