import { nextCursor, type Account } from '../api';
import { cellOf } from '../csv';
import { isExact } from '../exact';
import { valueOf, type Member } from '../members';
import { page, type View } from './accounts-load';

/** A value in a cell, as import and accountsd read it: a list of several as a JSON array. */
export function cell(value: unknown, member: Member): string {
  const isText = ['text', 'long', 'lines', 'choice'].includes(member.kind);
  const one = (v: unknown): string => (v === null || v === undefined ? '' : isExact(v) ? v.exact : String(v));
  if (!Array.isArray(value)) return cellOf(one(value), isText);
  if (value.length === 1 && !one(value[0]).trim().startsWith('[')) return cellOf(one(value[0]), isText);
  return value.length ? cellOf(`[${value.map(v => (isExact(v) ? v.exact : JSON.stringify(v))).join(',')}]`, false) : '';
}

/** Writes all accounts of a view as CSV, with its columns, and hands the file to the browser. */
export async function exportView(view: View & { columns: Member[] }): Promise<void> {
  const columns: Member[] = [{ key: 'id', prop: 'id', name: 'Id', kind: 'number' }, ...view.columns];
  const lines = [columns.map(c => c.key).join(',')];
  for (let cursor: string | undefined, first = true; first || cursor; first = false) {
    const { data, response } = await page(view, cursor);
    lines.push(...data.map((a: Account) => columns.map(c => cell(valueOf(a, c.key), c)).join(',')));
    cursor = nextCursor(response);
  }
  download('accounts.csv', `${lines.join('\r\n')}\r\n`);
}

/** Hands a file to the browser. Its mark at the front tells spreadsheets that it is in UTF-8. */
export function download(name: string, content: string): void {
  const url = URL.createObjectURL(new Blob(['\uFEFF', content], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
