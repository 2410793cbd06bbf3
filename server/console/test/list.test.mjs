// The list of accounts on paper, in small windows, and under the mouse.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, server, shots } from './shared.mjs';

const row = page => page.locator('.rows tbody a').first().waitFor();

test('what is in a row can be selected and copied, which does not open the account', at('#/accounts?q=harbor+cafe', async page => {
  await row(page);
  const phone = page.locator('td', { hasText: /^\+1831/ }).first();
  const { x, y, height } = await phone.boundingBox();
  await page.mouse.move(x + 13, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x + 90, y + height / 2, { steps: 4 });
  await page.mouse.up();
  assert.match(await page.evaluate(() => getSelection().toString()), /^\+1831/);
  assert.match(page.url(), /#\/accounts\?q=/);
  await phone.click();
  await page.getByRole('heading', { name: 'Harbor Cafe' }).waitFor();
}));

test('a filter for accounts that are not active finds them', at('#/accounts', async page => {
  await server.call('PATCH', '/accounts/11', { isActive: false });
  await row(page);
  await page.getByText('Filter', { exact: true }).click();
  await page.getByLabel('Field', { exact: true }).selectOption({ label: 'Active' });
  await page.locator('form').getByLabel('Value').selectOption({ label: 'No' });
  await page.getByRole('button', { name: 'Add the filter' }).click();
  await page.locator('.rows a[href="#/accounts/11"]').waitFor();
  const archived = page.getByLabel('Include archived');
  assert.deepEqual([await archived.isChecked(), await archived.isDisabled()], [true, true]);
}));

test('a low window scrolls to the rows', at('#/accounts', async page => {
  await row(page);
  for (const [width, height] of [[320, 256], [640, 320], [1280, 400]]) {
    await page.setViewportSize({ width, height });
    await page.waitForFunction(() => {
      const main = document.querySelector('main'), rows = document.querySelector('.rows');
      main.scrollTop = main.scrollHeight;
      return rows.getBoundingClientRect().bottom <= innerHeight && rows.clientHeight > 150;
    });
    await page.screenshot({ path: `${shots}/low-${width}.png` });
  }
}));

test('on paper are all rows that are there, and how many there are beside', at('#/accounts', async page => {
  await row(page);
  await page.evaluate(() => addEventListener('beforeprint', () => {
    window.printed = [document.querySelectorAll('tr[data-row]').length, document.querySelector('.rows').innerText.match(/These are.*/)?.[0]];
  }));
  await page.pdf();
  const { rows, words } = await page.evaluate(() => ({ rows: window.printed[0], words: window.printed[1] }));
  assert.equal(rows, 100);
  assert.match(words, /^These are the first 100 of \d+ accounts\. An export has all of them\.$/);
  await page.waitForFunction(() => document.querySelectorAll('tr[data-row]').length < 80);
}));

test('what is said covers no button to save', at('#/accounts/2', async page => {
  for (const width of [1440, 360]) {
    await page.setViewportSize({ width, height: 740 });
    const title = page.getByRole('textbox', { name: 'Title', exact: true });
    await title.fill(`Harbor Cafe ${width}`);
    await page.keyboard.press('Control+s');
    await page.locator('.toast').first().waitFor();
    await page.locator('.savebar').waitFor({ state: 'detached' });
    await title.fill('Harbor Cafe');
    await page.getByLabel('Roof type').selectOption('Tile');
    await page.locator('.savebar').waitFor();
    const { top } = await page.evaluate(() => ({ top: document.querySelector('.savebar').getBoundingClientRect().top }));
    const toast = await page.locator('.toast').last().boundingBox();
    assert.ok(toast.y + toast.height <= top, `at ${width} px the notice ends at ${toast.y + toast.height}, and the bar begins at ${top}`);
    await page.getByRole('button', { name: 'Discard' }).click();
  }
}));

test('whose row it is stays in sight, however many columns are scrolled through', at('#/accounts?columns=number,accountType,primaryEmail,primaryPhone,address,description,value,size,isActive,createdAt,updatedAt,custom.roof_type,custom.stage', async page => {
  await row(page);
  const lefts = () => page.evaluate(() => ['td.pick', 'td.lead', 'th.lead', 'td.of-number'].map(c => Math.round(document.querySelector(`.rows ${c}`).getBoundingClientRect().left - document.querySelector('.rows').getBoundingClientRect().left)));
  const before = await lefts();
  await page.evaluate(() => { document.querySelector('.rows').scrollLeft = 200; });
  const after = await lefts();
  assert.deepEqual(after.slice(0, 3), before.slice(0, 3));
  assert.ok(after[3] < before[3]);
  // No gap between the two lets through what is scrolled.
  assert.equal(await page.evaluate(() => document.querySelector('td.pick').getBoundingClientRect().right - document.querySelector('td.lead').getBoundingClientRect().left), 0);
}));
