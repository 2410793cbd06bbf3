import { signal } from '@preact/signals';
import { api, get, locked, token, type Schemas } from './api';
import { properties, loadProperties } from './members';
import { say } from './ui/toast';

/** Who is signed in, and with which key. */
export type Session = Schemas['Self'] & { temporary: boolean };

export const session = signal<Session | undefined>(undefined);

const kept = 'accountsd.key';
const lifetime = 8 * 60 * 60 * 1000;

/** Whether the key may do what a scope allows. */
export function may(scope: 'write' | 'admin'): boolean {
  const scopes = session.value?.key.scopes ?? [];
  return scopes.includes('admin') || scopes.includes(scope);
}

/** Signs in with a key. Throws a Refusal if it is not good. */
export async function signIn(key: string, keep: boolean, temporary = false): Promise<void> {
  token.value = key;
  try {
    const [found] = await Promise.all([get(api.GET('/users/me')), loadProperties()]);
    session.value = { ...found, temporary };
  } catch (e) {
    token.value = '';
    throw e;
  }
  if (keep) sessionStorage.setItem(kept, JSON.stringify({ key, temporary }));
}

/** Signs in with a password, which makes a key that ends after hours. */
export async function signInByPassword(email: string, password: string, company: number | undefined, keep: boolean): Promise<void> {
  const made = await get(api.POST('/api-keys', {
    params: { query: { company_id: company } },
    headers: basic(email, password),
    body: { name: 'Console', description: 'Made by signing in to the console.', expiresAt: new Date(Date.now() + lifetime).toISOString() },
  }));
  await signIn(made.token, keep, true);
}

/** The header of HTTP Basic authentication, in UTF-8. */
export const basic = (email: string, password: string) =>
  ({ Authorization: `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${email}:${password}`)))}` });

/** Forgets the key, and ends one that was made by signing in. */
export async function signOut(): Promise<void> {
  const ended = session.value;
  if (ended?.temporary) await api.DELETE('/api-keys/{keyId}', { params: { path: { keyId: ended.key.id } } }).catch(() => {});
  forget();
}

/** Takes up the key that the user wished to keep in this tab. */
export async function resume(): Promise<void> {
  const stored = sessionStorage.getItem(kept);
  if (!stored) return;
  const { key, temporary } = JSON.parse(stored);
  await signIn(key, true, temporary).catch(forget);
}

function forget() {
  sessionStorage.removeItem(kept);
  token.value = '';
  session.value = undefined;
  properties.value = [];
}

locked.out = () => {
  if (!session.value) return;
  forget();
  say('The key is no longer good. Please sign in again.', 'bad');
};
