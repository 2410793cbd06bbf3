import { useRef } from 'preact/hooks';
import { Button } from './parts';
import { say } from './toast';

/** Something that is shown once, to take along. */
export function Secret({ name, value }: { name: string; value: string }) {
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
