import { signal } from '@preact/signals';

interface Word { id: number; text: string; tone: 'good' | 'bad'; action?: Action }

/** What can be done about what was said, for as long as it is there. */
interface Action { text: string; run: () => void }

const words = signal<Word[]>([]);
let last = 0;

const drop = (id: number) => { words.value = words.value.filter(w => w.id !== id); };

/** Says something that passes: it is read out, and goes away by itself, later if there is something to do about it. */
export function say(text: string, tone: Word['tone'] = 'good', action?: Action): void {
  const id = ++last;
  words.value = [...words.value, { id, text, tone, action }];
  setTimeout(drop, action ? 20_000 : 6000, id);
}

export const Toasts = () => (
  <div class="toasts" role="status" aria-live="polite">
    {words.value.map(w => <p key={w.id} class={`toast ${w.tone}`}>{w.text}{w.action && <button type="button" onClick={() => { drop(w.id); w.action!.run(); }}>{w.action.text}</button>}</p>)}
  </div>
);
