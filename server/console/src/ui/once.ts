import { useRef } from 'preact/hooks';
import { once } from '../api';

/** Makes the header that has a write carried out once, however often its button is pressed: it is another as soon as what is sent is. */
export function useOnce(): (sent: unknown) => ReturnType<typeof once> {
  const last = useRef({ sent: '', header: once() });
  return sent => {
    const text = JSON.stringify(sent);
    if (text !== last.current.sent) last.current = { sent: text, header: once() };
    return last.current.header;
  };
}
