import { effect } from '@preact/signals';
import { session } from './session';

/** What was begun and not saved, by its place: for who comes back to it. */
const begun = new Map<string, unknown>();
effect(() => { if (!session.value) begun.clear(); });

// The browser asks before it forgets it.
addEventListener('beforeunload', e => { if (begun.size) e.preventDefault(); });

/** What was begun at a place. */
export const begunAt = <T>(place: string): T | undefined => begun.get(place) as T | undefined;

/** Keeps what was begun at a place; undefined is nothing. */
export function keep(place: string, what: unknown): void {
  if (what === undefined) begun.delete(place);
  else begun.set(place, what);
}
