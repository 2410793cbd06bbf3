import { computed, signal } from '@preact/signals';

/** Where the user is: everything after the # of the address, so that each view has an address and the server none to route. */
const hash = signal(location.hash);

/** The number of the step of the browser's history that is shown: how far another one is from it. */
let step: number = history.state?.step ?? 0;
history.replaceState({ step }, '');

type Ask = (leave: () => void) => void;
const holds: Ask[] = [];
let leaving = false;

/** Has whoever is about to leave the view, by the browser's Back button or else, be asked first. Returns the way to end that. */
export function hold(ask: Ask): () => void {
  holds.push(ask);
  return () => { holds.splice(holds.indexOf(ask), 1); };
}

addEventListener('hashchange', () => {
  const there = history.state?.step ?? step + 1;
  history.replaceState({ step: there }, '');
  const ask = leaving ? undefined : holds.at(-1);
  if (ask && location.hash !== hash.value) {
    const away = there - step;
    history.go(-away);
    ask(() => { leaving = true; history.go(away); });
    return;
  }
  leaving = false;
  step = there;
  hash.value = location.hash;
});

export const route = computed(() => {
  const [path, query = ''] = hash.value.replace(/^#\/?/, '').split('?');
  return { path: path.split('/').filter(Boolean).map(decode), params: new URLSearchParams(query) };
});

/** A part of an address as it was meant; one that is not encoded as parts are stays as it is. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a view, without parameters that say nothing. */
export function to(path: string, params: Record<string, string | undefined> = {}): string {
  const query = new URLSearchParams(Object.entries(params).filter((p): p is [string, string] => !!p[1])).toString();
  return `#/${path}${query && `?${query}`}`;
}

/** Goes to a view, and asks nobody. Replacing leaves no step to come back to. */
export function go(address: string, replace = false): void {
  if (address === location.hash) return;
  if (!replace) {
    location.hash = address;
    step++;
  }
  history.replaceState({ step }, '', address);
  hash.value = location.hash;
}
