const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'narrow' });
const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', timeZone: 'UTC' });

export const formatTime = (at: string | null | undefined): string => (at ? full.format(new Date(at)) : '');
export const formatDate = (at: string | null | undefined): string => (at ? date.format(new Date(at)) : '');
/** A day of the API, which is one in UTC. */
export const formatDay = (at: string): string => day.format(new Date(at));

const steps: [Intl.RelativeTimeFormatUnit, number][] = [['day', 86_400], ['hour', 3_600], ['minute', 60]];

/** How long ago something was, or its date when that is long. */
export function ago(at: string | null | undefined): string {
  if (!at) return '';
  const seconds = (Date.parse(at) - Date.now()) / 1000;
  if (Math.abs(seconds) > 14 * 86_400) return formatDate(at);
  const [unit, size] = steps.find(([, s]) => Math.abs(seconds) >= s) ?? ['minute', 60];
  return relative.format(Math.round(seconds / size), unit);
}

/** A count with its noun. */
export const count = (n: number, one: string, many = `${one}s`): string => `${n.toLocaleString()} ${n === 1 ? one : many}`;

/** A sequence as people write it. */
export const numberOf = (sequence: string): string => `#${sequence.replace(/^0+(?=.)/, '')}`;

/** What a user is called. */
export const nameOf = (u: { firstName: string; lastName: string; email: string | null }): string =>
  `${u.firstName} ${u.lastName}`.trim() || u.email || '';
