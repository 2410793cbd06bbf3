/** English, as the words around it are, in the form that the user prefers if that is one of English. */
const locale = navigator.languages.find(l => /^en\b/i.test(l)) ?? 'en';

const full = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
const utc = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' });
const relative = new Intl.RelativeTimeFormat(locale, { style: 'narrow' });
const day = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric', timeZone: 'UTC' });

export const formatTime = (at: string | null | undefined): string => (at ? full.format(new Date(at)) : '');
export const formatDate = (at: string | null | undefined): string => (at ? date.format(new Date(at)) : '');
/** A day of the API, which is one in UTC. */
export const formatDay = (at: string): string => day.format(new Date(at));
/** A date of an account, which is a day wherever it is read, or a time. */
export const formatValue = (at: string): string => (/^\d{4}-\d\d-\d\d$/.test(at) ? utc.format(new Date(at)) : Number.isNaN(Date.parse(at)) ? at : formatTime(at));

const steps: [Intl.RelativeTimeFormatUnit, number][] = [['day', 86_400], ['hour', 3_600], ['minute', 60]];

/** How long ago something was, or its date when that is long. */
export function ago(at: string | null | undefined): string {
  if (!at) return '';
  const seconds = (Date.parse(at) - Date.now()) / 1000;
  if (Math.abs(seconds) > 14 * 86_400) return formatDate(at);
  const step = steps.find(([, s]) => Math.abs(seconds) >= s);
  if (!step) return seconds > 0 ? 'in a moment' : 'just now';
  return relative.format(Math.trunc(seconds / step[1]), step[0]);
}

/** A whole number as people read it. */
export const formatCount = (n: number): string => n.toLocaleString(locale);

/** A count with its noun. */
export const count = (n: number, one: string, many = `${one}s`): string => `${formatCount(n)} ${n === 1 ? one : many}`;

/** A sequence as people write it. */
export const numberOf = (sequence: string): string => `#${sequence.replace(/^0+(?=.)/, '')}`;

/** What a user is called. */
export const nameOf = (u: { firstName: string; lastName: string; email: string | null }): string =>
  `${u.firstName} ${u.lastName}`.trim() || u.email || '';
