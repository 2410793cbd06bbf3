// Files as people have them: with empty rows, formulas, quotes that are not closed, and dropped beside the mark.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { at, server } from './shared.mjs';

const choose = (page, name, text) => page.getByLabel('A CSV file').setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(text) });
const press = (page, name) => page.getByRole('button', { name, exact: true }).click();

test('rows that are refused have the numbers of the spreadsheet, and a file that it does not run', at('#/import', async page => {
  await choose(page, 'crm.tsv', 'Title,Address,Value,Description\n\nPier 51,51 Pier Road,1\n,,,\n=1+1,52 Pier Road,many,"a\nb"\nPier 53\n');
  await press(page, 'Preview');
  await page.getByRole('row', { name: /^5 =1\+1 refused value must be/ }).waitFor();
  await page.getByRole('row', { name: /^6 Pier 53 refused address is required/ }).waitFor();
  await page.getByRole('row', { name: /^3 Pier 51 new/ }).waitFor();
  await page.getByRole('status').filter({ hasText: /^1 new2 refused$/ }).waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), press(page, 'The refused rows with reasons')]);
  assert.equal(download.suggestedFilename(), 'refused-crm.csv');
  const lines = readFileSync(await download.path(), 'utf8').replace(/^\uFEFF/, '').split('\r\n');
  assert.equal(lines[0], 'Title,Address,Value,Description,reason');
  assert.match(lines[1], /^'=1\+1,52 Pier Road,many,"a\nb","?value must be/);
  assert.match(lines[2], /^Pier 53,,,,address is required$/);
}));

test('a file whose quotes are not closed is refused, and none of it taken', at('#/import', async page => {
  await choose(page, 'open.csv', 'Title,Address\nPier 61,"61 Pier Road\nPier 62,62 Pier Road\n');
  await page.getByRole('alert').filter({ hasText: 'Row 2: the quote that begins the cell “61 Pier Road' }).waitFor();
  await choose(page, 'good.csv', 'Title,Address\nPier 61,61 Pier Road\n');
  await page.getByText('good.csv, 1 row').waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
}));

test('a file is taken wherever it is dropped, and one that is too much changes nothing', at('#/import', async page => {
  const drop = name => page.evaluate(n => {
    const files = new DataTransfer();
    files.items.add(new File(['Title,Address\nPier 71,71 Pier Road\n'], n));
    return ['dragover', 'drop'].map(type => document.querySelector('.side').dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: files })));
  }, name);
  assert.deepEqual(await drop('one.csv'), [false, false]);
  await page.getByText('one.csv, 1 row').waitFor();
  assert.deepEqual(await drop('two.csv'), [false, false]);
  await press(page, 'Preview');
  await page.getByText('1 new').waitFor();
  assert.equal(await page.getByText('two.csv').count(), 0);
}));

test('accounts are recognised by a key of their own, and only what the row has is changed', at('', async page => {
  await server.call('POST', '/properties', { name: 'CRM id', type: 'TEXT', unique: true });
  const { id } = await server.call('POST', '/accounts?match_by=none', { title: 'Pier 81', address: ['81 Pier Road'], value: 7, custom: { crm_id: 'A-81' } });
  await page.goto(`${server.url}/console/#/import`);
  await page.reload();
  await page.getByLabel('API key').fill(server.key);
  await press(page, 'Sign in');
  await choose(page, 'crm.csv', 'CRM id,Title,Address,Size\nA-81,Pier 81 A,81 Pier Road,12\n');
  await page.getByLabel('An account is the same').selectOption({ label: 'CRM id' });
  await page.getByLabel('Then').selectOption({ label: 'Change what the row has' });
  await press(page, 'Preview');
  await page.getByRole('row', { name: /^2 Pier 81 A changed Title, Size/ }).waitFor();
  await press(page, 'Import 1 row');
  await page.getByText('Done.').waitFor();
  const now = await server.call('GET', `/accounts/${id}`);
  assert.deepEqual([now.title, now.value, now.size], ['Pier 81 A', 7, 12]);
}));
