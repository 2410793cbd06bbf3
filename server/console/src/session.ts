import { signal } from '@preact/signals';
import { api, get, locked, Refusal, token, type Schemas } from './api';
import { properties, loadProperties } from './members';

/** Who is signed in, and with which key. */
export type Session = Schemas['Self'] & { temporary: boolean };

export const session = signal<Session | undefined>(undefined);

/** Whether the key of the session is no longer good: who was signed in is asked for another one, over what they were at. */
export const ended = signal(false);

/** Who has just set a password, and will sign in with it. */
export const newcomer = signal<Schemas['User'] | undefined>(undefined);

const kept = 'accountsd.key';
/** Whether this browser was last signed in by password, to begin there. */
const way = 'accountsd.way';
export const usedPassword = (): boolean => localStorage.getItem(way) === 'password';
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
    // What was begun is for the eyes of who began it.
    if (session.value?.user.id !== found.user.id) session.value = undefined;
    session.value = { ...found, temporary };
    ended.value = false;
  } catch (e) {
    token.value = '';
    throw e;
  }
  newcomer.value = undefined;
  localStorage.setItem(way, temporary ? 'password' : 'key');
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
  const now = session.value;
  if (now?.temporary && !ended.value) await api.DELETE('/api-keys/{keyId}', { params: { path: { keyId: now.key.id } } }).catch(() => {});
  forget();
}

/** Takes up the key that the user wished to keep in this tab. Throws if the server does not say whether it is good. */
export async function resume(): Promise<void> {
  const { key, temporary } = JSON.parse(sessionStorage.getItem(kept) ?? '{}');
  if (!key) return;
  await signIn(key, true, temporary).catch(refused => {
    if (!(refused instanceof Refusal) || refused.status !== 401) throw refused;
    forget();
  });
}

function forget() {
  sessionStorage.removeItem(kept);
  token.value = '';
  session.value = undefined;
  ended.value = false;
  properties.value = [];
}

locked.out = () => {
  if (!session.value || ended.value) return;
  sessionStorage.removeItem(kept);
  token.value = '';
  ended.value = true;
};
