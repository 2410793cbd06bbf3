/** Reads CSV (RFC 4180): quotes around what holds separators, a doubled quote for one. The separator is what the first line has most of. */
export function readCSV(text: string): string[][] {
  const source = text.replace(/^\uFEFF/, '');
  const head = source.slice(0, source.search(/\r|\n|$/));
  const separator = [',', ';', '\t', '|'].reduce((best, s) => (head.split(s).length > head.split(best).length ? s : best));
  const rows: string[][] = [];
  let row: string[] = [], cell = '', quoted = false;
  const endCell = () => { row.push(cell); cell = ''; };
  const endRow = () => { endCell(); if (row.some(c => c.trim())) rows.push(row); row = []; };
  for (let i = 0; i < source.length; i++) {
    const c = source[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (source[i + 1] === '"') { cell += '"'; i++; }
      else quoted = false;
    } else if (c === '"' && cell === '') quoted = true;
    else if (c === separator) endCell();
    else if (c === '\n' || c === '\r') { if (c === '\r' && source[i + 1] === '\n') i++; endRow(); }
    else cell += c;
  }
  endRow();
  return rows;
}

/** Writes a cell. A text that a spreadsheet would run as a formula begins with an apostrophe, as in the exports of accountsd. */
export function cellOf(value: string, isText: boolean): string {
  const guarded = isText && /^'*[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

/** Takes off the apostrophe that guards a text. */
export const unguarded = (cell: string): string => (/^'+[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell);
