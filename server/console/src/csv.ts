/** A row of a file, with its number as spreadsheets count: the first line is 1, and empty ones count. */
export interface Row { number: number; cells: string[] }

/**
 * Reads CSV (RFC 4180): quotes around what holds separators, a doubled quote for one. The separator is what the first line
 * has most of, and rows without a value are left out. Throws where a quote is not closed, or something is behind one.
 */
export function readCSV(text: string): Row[] {
  const source = text.replace(/^\uFEFF/, '');
  const head = source.slice(0, source.search(/\r|\n|$/));
  const separator = [',', ';', '\t', '|'].reduce((best, s) => (head.split(s).length > head.split(best).length ? s : best));
  const rows: Row[] = [];
  let number = 1, cells: string[] = [], cell = '', state: 'plain' | 'quoted' | 'closed' = 'plain';
  const wrong = (what: string) => new Error(`Row ${number}: ${what} A quote within a cell in quotes is written twice ("").`);
  const endCell = () => { cells.push(cell); cell = ''; state = 'plain'; };
  const endRow = () => { endCell(); if (cells.some(c => c.trim())) rows.push({ number, cells }); cells = []; number++; };
  for (let i = 0; i < source.length; i++) {
    const c = source[i];
    if (state === 'quoted') {
      if (c !== '"') cell += c;
      else if (source[i + 1] === '"') { cell += '"'; i++; }
      else state = 'closed';
    } else if (c === separator) endCell();
    else if (c === '\n' || c === '\r') { if (c === '\r' && source[i + 1] === '\n') i++; endRow(); }
    else if (state === 'closed') throw wrong(`there is something behind the quote that ends the cell “${short(cell)}”.`);
    else if (c === '"' && cell === '') state = 'quoted';
    else cell += c;
  }
  if (state === 'quoted') throw wrong(`the quote that begins the cell “${short(cell)}” is not closed.`);
  endRow();
  return rows;
}

const short = (cell: string): string => (cell.length > 30 ? `${cell.slice(0, 30)}…` : cell);

/** Writes a cell. A text that a spreadsheet would run as a formula begins with an apostrophe, as in the exports of accountsd. */
export function cellOf(value: string, isText: boolean): string {
  const guarded = isText && /^'*[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

/** Writes a cell of somebody else's file, which keeps the guard that it has; a number needs none. */
export const cellAgain = (cell: string): string => cellOf(cell, !/^'|^[+-]?[\d.,]+(e[+-]?\d+)?$/i.test(cell));

/** Takes off the apostrophe that guards a text. */
export const unguarded = (cell: string): string => (/^'+[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell);
