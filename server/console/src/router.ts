import { computed, signal } from '@preact/signals';

/** Where the user is: everything after the # of the address, so that each view has an address and the server none to route. */
const hash = signal(location.hash);
addEventListener('hashchange', () => { hash.value = location.hash; });

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

/** Goes to a view. Replacing leaves no step to come back to. */
export function go(address: string, replace = false): void {
  if (address === location.hash) return;
  if (replace) {
    history.replaceState(null, '', address);
    hash.value = address;
  } else {
    location.hash = address;
  }
}
