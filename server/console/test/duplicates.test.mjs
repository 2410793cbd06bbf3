// Duplicates are found, looked at as one account, and merged.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, server, shots } from './shared.mjs';
import { findings } from './world.mjs';

test('merges duplicates after a look at what becomes of them', at('', async page => {
  const make = (title, more) => server.call('POST', '/accounts?match_by=none', { title, address: [`${title} Street`], primaryEmail: 'twice@example.com', ...more });
  const first = await make('Twice Told', {});
  const second = await make('Told Twice', { value: 700 });
  await page.getByRole('link', { name: 'Duplicates' }).click();
  const group = page.getByRole('row').filter({ hasText: 'twice@example.com' });
  await group.getByRole('button', { name: 'Merge…' }).click();
  const dialog = page.getByRole('dialog');
  const value = dialog.getByRole('row').filter({ hasText: 'Value' });
  await value.getByRole('cell').last().filter({ hasText: '700' }).waitFor();
  await dialog.getByLabel('Title is taken from').selectOption(String(second.id));
  await dialog.getByRole('row').filter({ hasText: 'Title' }).getByRole('cell').last().filter({ hasText: 'Told Twice' }).waitFor();
  await page.screenshot({ path: `${shots}/merge.png` });
  assert.deepEqual(await findings(page), []);
  assert.equal((await server.call('GET', `/accounts/${second.id}`)).id, second.id, 'the look has merged');
  await dialog.getByRole('button', { name: 'Merge', exact: true }).click();
  await dialog.waitFor({ state: 'hidden' });
  await group.waitFor({ state: 'hidden' });
  const merged = await server.call('GET', `/accounts/${second.id}`);
  assert.deepEqual([merged.id, merged.title, merged.value], [first.id, 'Told Twice', 700]);
  await page.goto(`${server.url}/console/#/accounts/${second.id}`);
  await page.getByRole('heading', { name: 'Told Twice' }).waitFor();
  // The history tells of the merge, and takes it back.
  const entry = page.locator('.history > li').filter({ hasText: `Merged with account ${second.id}` });
  await entry.getByRole('button', { name: 'Take back' }).click();
  await dialog.getByText('The accounts that were merged will be back.').waitFor();
  await dialog.getByRole('button', { name: 'Take back', exact: true }).click();
  await page.getByRole('heading', { name: 'Twice Told' }).waitFor();
  assert.equal((await server.call('GET', `/accounts/${second.id}`)).id, second.id);
}));

test('merges accounts that nothing but their reader takes for the same', at('', async page => {
  const make = (title, address) => server.call('POST', '/accounts?match_by=none', { title, address: [address] });
  const [first, second] = [await make('Quay Bakery', '1 Quay'), await make('Bakery on the Quay', '1 Quay Street')];
  await page.goto(`${server.url}/console/#/accounts?q=quay`);
  await page.getByLabel('Select Quay Bakery').click();
  const merge = page.getByRole('button', { name: 'Merge them…' });
  assert.equal(await merge.count(), 0);
  await page.getByLabel('Select Bakery on the Quay').click();
  await merge.click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('The account that stays').selectOption(String(second.id));
  await dialog.getByRole('row').filter({ hasText: 'Title' }).getByRole('cell').last().filter({ hasText: 'Bakery on the Quay' }).waitFor();
  await dialog.getByRole('button', { name: 'Merge', exact: true }).click();
  await page.getByText('1 account', { exact: true }).waitFor();
  assert.equal(await merge.count(), 0);
  assert.equal((await server.call('GET', `/accounts/${first.id}`)).id, second.id);
}));
