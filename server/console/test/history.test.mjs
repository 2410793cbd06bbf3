// Changes are taken back and accounts undeleted, after a look at what becomes of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, server, shots } from './shared.mjs';
import { findings } from './world.mjs';

test('takes a change back but for what was changed since, and undeletes', at('', async page => {
  const { id } = await server.call('POST', '/accounts', { title: 'Pier Nine', address: ['9 Pier Road'], value: 100 });
  const patch = (set, reason) => server.call('PATCH', `/accounts/${id}`, set, reason && { 'x-reason': reason });
  await patch({ value: 200, size: 7 }, 'told by phone');
  await patch({ value: 300 });
  const shown = async () => { const a = await server.call('GET', `/accounts/${id}`); return [a.value, a.size]; };
  await page.goto(`${server.url}/console/#/accounts/${id}`);
  const entry = page.locator('.history > li').filter({ hasText: 'told by phone' });
  const dialog = page.getByRole('dialog');
  const confirm = name => dialog.getByRole('button', { name, exact: true });

  await entry.getByRole('button', { name: 'Take back' }).click();
  await dialog.getByRole('alert').filter({ hasText: 'value was changed since; it is now 300' }).waitFor();
  assert.ok(await confirm('Take back').isDisabled());
  await dialog.getByLabel('Leave these out').check();
  await dialog.getByRole('row').filter({ hasText: /^Size7–$/ }).waitFor();
  await dialog.getByText('Left out:').waitFor();
  assert.equal(await dialog.getByRole('row').filter({ hasText: 'Value' }).count(), 0);
  await page.screenshot({ path: `${shots}/take-back.png` });
  assert.deepEqual(await findings(page), []);
  assert.deepEqual(await shown(), [300, 7], 'the look has taken it back');
  await confirm('Take back').click();
  await page.getByText('The change is taken back. Left out: value was changed since').waitFor();
  await page.locator('.cause', { hasText: /Takes back #\d+/ }).waitFor();
  assert.equal(await page.getByLabel('Size', { exact: true }).inputValue(), '');
  assert.deepEqual(await shown(), [300, undefined]);
  await page.screenshot({ path: `${shots}/taken-back.png` });

  // By the notice, and then by the history of what is deleted.
  const remove = async () => {
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
  };
  await remove();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.locator('.cause', { hasText: /There again after #\d+/ }).waitFor();
  await remove();
  await page.getByText('Pier Nine is deleted.').waitFor();
  await page.goto(`${server.url}/console/#/accounts/${id}`);
  await page.getByRole('button', { name: 'Undelete' }).click();
  await dialog.getByRole('row').filter({ hasText: 'Pier Nine' }).waitFor();
  await page.screenshot({ path: `${shots}/undelete.png` });
  assert.deepEqual(await findings(page), []);
  await confirm('Undelete').click();
  await page.getByRole('heading', { name: 'Pier Nine' }).waitFor();
  assert.deepEqual(await shown(), [300, undefined]);
}));

test('a long text is unfolded, and has the lines that it was written in', at('', async page => {
  const { id } = await server.call('POST', '/accounts', { title: 'Pier Ten', address: ['10 Pier Road'], description: 'word '.repeat(500).trim() });
  await server.call('PATCH', `/accounts/${id}`, { description: 'first line\nsecond line' });
  await page.goto(`${server.url}/console/#/accounts/${id}`);
  const change = page.locator('.history > li').first();
  await change.waitFor();
  assert.equal(await change.locator('ins').evaluate(e => e.innerText), 'first line\nsecond line');
  const long = change.locator('details');
  assert.ok((await long.boundingBox()).height < 120);
  await long.locator('summary').press('Enter');
  await page.waitForFunction(() => document.querySelector('.history details').clientHeight > 300);
  assert.deepEqual(await findings(page), []);
}));
