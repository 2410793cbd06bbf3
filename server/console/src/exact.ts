/** A number whose text a JavaScript number would not give back, such as 86.40. */
export interface Exact { exact: string }

export const isExact = (value: unknown): value is Exact =>
  typeof value === 'object' && value !== null && 'exact' in value;

const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Makes each number of a JSON text that would lose digits an Exact. */
export const keepNumbers = (json: string): string =>
  json.replace(tokens, token => token[0] === '"' || String(Number(token)) === token ? token : `{"exact":"${token}"}`);

/** Writes JSON in which an Exact is its number. Within a string the quotes would be escaped, so no text looks like one. */
export const stringify = (body: unknown): string =>
  JSON.stringify(body).replace(/\{"exact":"([-+.\deE]+)"\}/g, '$1');

/** Reads what was typed as a number to the digit; what is none stays text, so that the server can say so. */
export function readNumber(text: string): number | Exact | string | null {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(trimmed)) return trimmed;
  return String(Number(trimmed)) === trimmed ? Number(trimmed) : { exact: trimmed };
}
