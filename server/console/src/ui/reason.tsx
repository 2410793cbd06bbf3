import { useState } from 'preact/hooks';
import { reasonHeader, reasonName } from '../api';
import { TextField } from './field';

/** Why something is written, as whoever writes it may say: the field for it, and the header that takes it to the history. */
export function useReason() {
  const [text, setText] = useState('');
  return {
    header: reasonHeader(text),
    field: (error: unknown) => <TextField label="Reason" name={reasonName} of={error} value={text} onInput={setText} hint="Why, for those who read the history. It may be left empty." />,
    clear: () => setText(''),
  };
}
