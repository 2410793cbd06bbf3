import { signal } from '@preact/signals';

interface Word { id: number; text: string; tone: 'good' | 'bad' }

const words = signal<Word[]>([]);
let last = 0;

/** Says something that passes: it is read out, and goes away by itself. */
export function say(text: string, tone: Word['tone'] = 'good'): void {
  const id = ++last;
  words.value = [...words.value, { id, text, tone }];
  setTimeout(() => { words.value = words.value.filter(w => w.id !== id); }, 6000);
}

export const Toasts = () => (
  <div class="toasts" role="status" aria-live="polite">
    {words.value.map(w => <p key={w.id} class={`toast ${w.tone}`}>{w.text}</p>)}
  </div>
);
