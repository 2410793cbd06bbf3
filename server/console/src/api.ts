import { signal } from '@preact/signals';
import createClient from 'openapi-fetch';
import type { components, paths } from './api.gen';
import { keepNumbers, stringify } from './exact';

export type Schemas = components['schemas'];
export type Account = Schemas['Account'];
export type Contact = Schemas['Contact'];
export type Property = Schemas['Property'];
export type User = Schemas['User'];
export type Key = Schemas['Key'];
export type Webhook = Schemas['Webhook'];
export type Delivery = Schemas['WebhookDelivery'];
export type Change = Schemas['Change'];
export type Alias = Schemas['AliasMigration'];
export type Problem = Schemas['Problem'];
export type MemberConflict = Schemas['MemberConflict'];

/** The key that every request carries. It is here and nowhere else, unless the user asks to keep it in this tab. */
export const token = signal('');

export const base = new URL('../v1', document.baseURI).href;

export const api = createClient<paths>({ baseUrl: base, bodySerializer: stringify, credentials: 'omit', cache: 'no-store' });

api.use({
  onRequest({ request }) {
    if (token.value && !request.headers.has('authorization')) request.headers.set('x-api-key', token.value);
    return request;
  },
  async onResponse({ request, response }) {
    // A wrong password is no reason to leave; a key that is no longer good is.
    if (response.status === 401 && request.headers.has('x-api-key')) locked.out();
    if (response.status === 204) return response;
    const { status, statusText } = response;
    const headers = new Headers(response.headers);
    headers.delete('content-length');
    return new Response(keepNumbers(await response.text()), { status, statusText, headers });
  },
});

/** What the server said to a request that it refused. */
export class Refusal extends Error {
  constructor(readonly status: number, readonly problem?: Problem) {
    super(problem?.detail ?? (status ? `The server answered ${status}.` : 'The server cannot be reached.'));
  }

  /** What is wrong with a member, in the server's words. */
  of(field: string): string | undefined {
    return this.problem?.errors?.find(e => e.field === field || e.field.startsWith(`${field}.`) || e.field.startsWith(`${field}[`))?.message;
  }

  /** What is wrong beside the members of a form. */
  besides(fields: string[]): string[] {
    const rest = (this.problem?.errors ?? []).filter(e => !fields.some(f => e.field === f || e.field.startsWith(`${f}.`) || e.field.startsWith(`${f}[`)));
    return this.problem?.errors?.length ? rest.map(e => e.message) : [this.message];
  }
}

interface Answer<T> { data?: T; error?: unknown; response: Response }

/** Called when the server no longer takes the key. */
export const locked = { out: () => {} };

/** Awaits an answer, and throws a Refusal unless it is a success. */
export async function ask<T>(call: Promise<Answer<T>>): Promise<{ data: T; response: Response }> {
  const answer = await call.catch(() => { throw new Refusal(0); });
  if (answer.response.ok) return { data: answer.data as T, response: answer.response };
  throw new Refusal(answer.response.status, typeof answer.error === 'object' ? answer.error as Problem : undefined);
}

/** Awaits the data of an answer. */
export const get = async <T>(call: Promise<Answer<T>>): Promise<T> => (await ask(call)).data;

/** The cursor of the page that follows, from the Link header, which may have another name. */
export function nextCursor(response: Response, name = 'cursor'): string | undefined {
  const link = response.headers.get('link')?.match(/<([^>]*)>;\s*rel="next"/)?.[1];
  return link === undefined ? undefined : new URL(link, base).searchParams.get(name) ?? undefined;
}

/** Awaits all pages of a list. */
export async function all<T>(page: (cursor?: string) => Promise<{ data: T[]; response: Response }>): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | undefined, first = true; first || cursor; first = false) {
    const { data, response } = await page(cursor);
    items.push(...data);
    cursor = nextCursor(response);
  }
  return items;
}

/** All keys that the user may see. */
export const allKeys = (): Promise<Key[]> => all(cursor => ask(api.GET('/api-keys', { params: { query: { page_size: 100, cursor } } })));

/** All users of the company. */
export const allUsers = (): Promise<User[]> => all(cursor => ask(api.GET('/users', { params: { query: { page_size: 100, cursor } } })));

/** Makes the header that has a write carried out once, however often it is sent. */
export const once = () => ({ 'Idempotency-Key': crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` });

/** The header that says why something is written, as refusals name it too. */
export const reasonName = 'X-Reason';
export type ReasonHeader = { [reasonName]?: string };

/** Makes the header that has the history say why something is written. A browser sends ASCII only, so other text is encoded by RFC 8187. */
export function reasonHeader(typed: string): ReasonHeader {
  const text = typed.trim();
  if (!text) return {};
  const plain = /^[ -~]+$/.test(text) && !/^utf-8''/i.test(text);
  return { [reasonName]: plain ? text : `UTF-8''${encodeURIComponent(text)}` };
}
