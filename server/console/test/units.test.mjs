// What can be tested without a browser: numbers to the digit, and CSV.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build } from 'esbuild';

const { outputFiles: [built] } = await build({
  stdin: { contents: "export * from './src/csv'; export * from './src/exact';", resolveDir: '.' }, bundle: true, format: 'esm', write: false,
});
const { readCSV, cellAgain, cellOf, unguarded, keepNumbers, stringify, readNumber } = await import(`data:text/javascript,${encodeURIComponent(built.text)}`);

test('numbers keep their digits, and texts that look like them stay texts', () => {
  const sent = '{"a":86.40,"b":12345678901234567890.120,"c":"1.10, \\"2.20\\"","d":[1e2,-0,7],"e":"{\\"exact\\":\\"1\\"}"}';
  const read = JSON.parse(keepNumbers(sent));
  assert.deepEqual(read, { a: { exact: '86.40' }, b: { exact: '12345678901234567890.120' }, c: '1.10, "2.20"', d: [{ exact: '1e2' }, { exact: '-0' }, 7], e: '{"exact":"1"}' });
  assert.equal(stringify(read), sent);
});

test('what is typed as a number is read to the digit, and what is none stays as it is', () => {
  assert.deepEqual(['7', ' 1.50 ', '', '1,5', '007'].map(readNumber), [7, { exact: '1.50' }, null, '1,5', '007']);
});

const cells = text => readCSV(text).map(r => r.cells);

test('CSV is read with its separator, its quotes and its line ends', () => {
  assert.deepEqual(cells('\uFEFFa;b\r\n"x;""y""";z\r\n;\r\n1;"two\nlines"'), [['a', 'b'], ['x;"y"', 'z'], ['1', 'two\nlines']]);
  assert.deepEqual(cells('a\tb\n1\t2\n'), [['a', 'b'], ['1', '2']]);
  assert.deepEqual(cells('a,b\n1,5" pipe'), [['a', 'b'], ['1', '5" pipe']]);
});

test('rows of CSV have the numbers that a spreadsheet shows, empty ones counted', () => {
  assert.deepEqual(readCSV('a,b\n\n1,"two\nlines"\n,\n2,3\n').map(r => r.number), [1, 3, 5]);
});

test('CSV whose quotes cannot be meant so is refused, with its row', () => {
  assert.throws(() => readCSV('a,b\n1,"open\n2,3\n'), /^Error: Row 2: the quote that begins the cell “open/);
  assert.throws(() => readCSV('a,b\n1,2\n"One" Ltd,3\n'), /^Error: Row 3: there is something behind the quote that ends the cell “One”/);
});

test('a text that a spreadsheet would run is guarded, and read as it was', () => {
  for (const text of ['=1+1', '@x', "'=1", "'quoted'", 'plain', '-5']) assert.equal(unguarded(cellOf(text, true)), text);
  assert.equal(cellOf('-5', false), '-5');
  assert.equal(cellOf('a,"b"', true), '"a,""b"""');
  for (const [text, again] of [['=1+1', "'=1+1"], ["'=1+1", "'=1+1"], ['-5', '-5'], ['+1 415', "'+1 415"], ['a,b', '"a,b"']]) assert.equal(cellAgain(text), again);
});
