import { computed, signal } from '@preact/signals';
import { api, get, type Account, type Property } from './api';
import { isExact, readNumber } from './exact';
import { formatTime, formatValue } from './format';

export type Kind = 'text' | 'long' | 'lines' | 'number' | 'boolean' | 'date' | 'time' | 'choice' | 'contacts';

/** A member of an account: one of its own or a custom one. */
export interface Member {
  /** As offences and changes name it: `title`, `custom.roof_type`. */
  key: string;
  /** As searches name it. */
  prop: string;
  name: string;
  kind: Kind;
  multiple?: boolean;
  options?: string[];
  /** What an option is called, if not by itself. */
  optionName?: (option: string) => string;
  /** Whether labels may be added to the options. */
  open?: boolean;
  readOnly?: boolean;
  /** Whether it must be filled in. */
  required?: boolean;
  /** Whether it is empty rather than null, if it need not be filled in. */
  neverNull?: boolean;
  input?: 'email' | 'tel' | 'url';
  /** What people need to know before they write a value. */
  hint?: string;
}

const own = (key: string, name: string, kind: Kind, more: Partial<Member> = {}): Member => ({ key, prop: key, name, kind, ...more });

/** The account's own members, in the order in which they are shown. */
export const ownMembers: Member[] = [
  own('title', 'Title', 'text', { required: true }),
  own('number', 'Number', 'number'),
  own('accountType', 'Account type', 'choice', { options: ['RESIDENTIAL', 'COMMERCIAL'], optionName: type => typeName(type) }),
  own('primaryEmail', 'E-mail', 'text', { input: 'email' }),
  own('primaryPhone', 'Phone', 'text', { input: 'tel' }),
  own('address', 'Address', 'lines', { required: true, multiple: true }),
  own('description', 'Description', 'long'),
  own('value', 'Value', 'number'),
  own('size', 'Size', 'number'),
  own('isActive', 'Active', 'boolean', { neverNull: true }),
  own('createdAt', 'Created', 'time', { readOnly: true }),
  own('updatedAt', 'Updated', 'time', { readOnly: true }),
];

/** Whether a member is null without a value. */
export const mayBeNull = (member: Member): boolean => !member.required && !member.neverNull;

const kinds: Record<Property['type'], Kind> = { TEXT: 'text', NUMERIC: 'number', BOOLEAN: 'boolean', DATE: 'date', DROPDOWN: 'choice' };

export const properties = signal<Property[]>([]);

export async function loadProperties(): Promise<void> {
  properties.value = (await get(api.GET('/properties', { params: { query: { record_type: ['account'] } } }))).account;
}

const customMember = (p: Property): Member => ({
  key: `custom.${p.keyName}`, prop: p.keyName, name: p.name, kind: kinds[p.type], multiple: p.isMultiple,
  options: p.type === 'DROPDOWN' ? p.options : undefined, open: p.type === 'DROPDOWN',
});

export const customMembers = computed(() => properties.value.map(customMember));
export const members = computed(() => [...ownMembers, ...customMembers.value]);
export const memberOf = (key: string): Member | undefined => members.value.find(m => m.key === key);

/** The value of a member; null if there is none. */
export function valueOf(account: Account, key: string): unknown {
  if (key.startsWith('custom.')) return Object.hasOwn(account.custom, key.slice(7)) ? account.custom[key.slice(7)] : null;
  if (key === 'contacts') return (account.contacts ?? []).map(c => c.id);
  return account[key as keyof Account] ?? null;
}

export type Draft = Record<string, unknown>;

/** The body of an update that sends these members. */
export function bodyOf(draft: Draft): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  const custom: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(draft)) {
    if (key.startsWith('custom.')) custom[key.slice(7)] = value;
    else body[key] = value;
  }
  return Object.keys(custom).length ? { ...body, custom } : body;
}

/** The labels of a draft that are not options yet, by member. */
export function newOptions(draft: Draft): string[] {
  return Object.entries(draft).flatMap(([key, value]) => {
    const member = memberOf(key);
    if (!member?.open) return [];
    const known = new Set(member.options!.map(o => o.toLowerCase()));
    return [value ?? []].flat().filter((v): v is string => typeof v === 'string' && !known.has(v.trim().toLowerCase()));
  });
}

/** Whether two values are the same; an empty list is no value. */
export const same = (a: unknown, b: unknown): boolean => JSON.stringify(plain(a)) === JSON.stringify(plain(b));
const plain = (v: unknown) => (v === undefined || (Array.isArray(v) && v.length === 0) ? null : v);

/** A value as people read it. */
export function show(value: unknown, member?: Member): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(v => show(v, member)).join(', ');
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  if (isExact(value)) return value.exact;
  if (member?.kind === 'time' && typeof value === 'string') return formatTime(value);
  if (member?.kind === 'date' && typeof value === 'string') return formatValue(value);
  if (member?.optionName) return member.optionName(String(value));
  return String(value);
}

/** The names of members in the order in which they are shown: the last come those that there are no more. */
export function inOrder(keys: string[]): string[] {
  const place = (key: string) => (members.value.findIndex(m => m.key === key) + 1) || 1000;
  return [...keys].sort((a, b) => place(a) - place(b));
}

/** What a member is called that changes name so. */
export const labelOf = (key: string): string => memberOf(key)?.name ?? (key === 'contacts' ? 'Contacts' : key);

/** The value of a member as people read it, contacts by the names that they have in these accounts. */
export function textOf(key: string, value: unknown, ...accounts: (Account | undefined)[]): string {
  if (key !== 'contacts' || !Array.isArray(value)) return show(value, memberOf(key));
  const people = accounts.flatMap(a => a?.contacts ?? []);
  return value.map(id => people.find(p => p.id === id)?.name ?? `#${id}`).join(', ');
}

export const typeName = (type: string): string => type.charAt(0) + type.slice(1).toLowerCase();

/** Reads what a person or a file wrote as a value of a member. What is none stays as it is: the server says why. */
export function read(text: string, member: Member): unknown {
  if (member.kind === 'number') return readNumber(text);
  const trimmed = text.trim();
  if (trimmed === '') return null;
  if (member.kind === 'boolean') return /^(true|yes|1)$/i.test(trimmed) ? true : /^(false|no|0)$/i.test(trimmed) ? false : trimmed;
  if (member.key === 'accountType') return trimmed.toUpperCase();
  return text;
}
