// Where users are, they find again: drafts, lists, and the focus.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at, browser, server, shots } from './shared.mjs';
import { open, signIn } from './world.mjs';

const press = (place, name) => place.getByRole('button', { name, exact: true }).click();
const goTo = (page, address) => page.evaluate(a => { location.hash = a; }, address);
const description = page => page.getByRole('textbox', { name: 'Description' });

test('a draft is there for who comes back, and the browser asks before it is lost', at('#/accounts/new', async page => {
  await page.getByLabel('Title').fill('Begun');
  await goTo(page, '#/accounts/5');
  await description(page).fill('Begun as well');
  await goTo(page, '#/contacts/2');
  await page.getByLabel('Role').fill('Mate');
  await goTo(page, '#/accounts/new');
  assert.equal(await page.getByLabel('Title').inputValue(), 'Begun');
  await page.goBack();
  await page.getByLabel('Role').waitFor();
  assert.equal(await page.getByLabel('Role').inputValue(), 'Mate');
  await page.getByLabel('Role').press('Enter');
  await page.getByText('Saved.').waitFor();
  await page.goBack();
  await description(page).waitFor();
  assert.equal(await description(page).inputValue(), 'Begun as well');
  const asked = page.waitForEvent('dialog');
  page.evaluate(() => location.reload()).catch(() => {});
  const dialog = await asked;
  assert.equal(dialog.type(), 'beforeunload');
  await dialog.dismiss();
  await press(page, 'Discard');
  await goTo(page, '#/accounts/new');
  await page.getByRole('link', { name: 'Cancel' }).click();
  await page.locator('.rows').waitFor();
  page.on('dialog', d => assert.fail(`asked: ${d.type()}`));
  await page.reload();
}));

test('a date that is half written clears none', at('', async page => {
  await server.call('PATCH', '/accounts/6', { custom: { installed_on: '2026-05-01' } });
  await goTo(page, '#/accounts/6');
  const date = page.getByRole('textbox', { name: 'Installed on' });
  await page.locator('.history', { hasText: 'May 1, 2026' }).waitFor();
  await date.focus();
  await page.keyboard.press('Backspace');
  assert.equal(await date.inputValue(), '');
  await page.keyboard.press('Shift+Tab');
  assert.equal(await date.inputValue(), '2026-05-01');
  assert.equal(await page.locator('.savebar').count(), 0);
}));

describe('the list of accounts', () => {
  const top = page => page.evaluate(() => document.querySelector('.rows').scrollTop);

  test('is where it was left, with what has changed meanwhile first', at('', async page => {
    await page.locator('.rows tbody a').first().waitFor();
    for (const y of [2500, 5200]) {
      await page.waitForFunction(([to, n]) => { document.querySelector('.rows').scrollTop = to; return document.querySelector(`[aria-rowindex="${n}"]`); }, [y, Math.floor(y / 36) + 10]);
    }
    const row = page.locator('[aria-rowindex="150"] a');
    const title = await row.textContent();
    await row.click();
    await page.getByRole('heading', { name: title }).waitFor();
    await server.call('PATCH', '/accounts/1', { size: 77 });
    await page.goBack();
    await page.waitForFunction(t => document.activeElement.textContent === t, title);
    // The row that has come to the others makes it one more.
    assert.ok([5200, 5236].includes(await top(page)), `at ${await top(page)}`);
    await page.keyboard.press('Home');
    await page.waitForFunction(() => document.querySelector('[aria-rowindex="1"] a')?.getAttribute('href') === '#/accounts/1');
  }));

  test('begins at its top when it is of something else', at('', async page => {
    await page.locator('.rows tbody a').first().waitFor();
    await page.evaluate(() => { document.querySelector('.rows').scrollTop = 1500; });
    await page.waitForFunction(() => document.querySelector('[aria-rowindex="45"]'));
    await page.keyboard.press('/');
    await page.keyboard.type('residence');
    await page.waitForURL(/q=residence/);
    await page.waitForFunction(() => !document.querySelector('.rows.stale, .rows[aria-busy=true]'));
    assert.equal(await top(page), 0);
  }));
});

test('each view begins at its top, and takes the focus', at('#/accounts/2', async page => {
  await page.getByRole('heading', { name: 'Harbor Cafe' }).waitFor();
  await page.evaluate(() => { document.querySelector('main').scrollTop = 300; });
  await page.getByRole('link', { name: 'Contacts' }).click();
  await page.locator('main tbody a').first().waitFor();
  assert.deepEqual(await page.evaluate(() => [document.activeElement.id, document.activeElement.scrollTop]), ['main', 0]);
  await page.getByRole('main', { name: 'Contacts' }).waitFor();
}));

test('what somebody else changed is told before it is deleted with the rest', at('#/accounts/9', async page => {
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Delete', exact: true }).waitFor();
  await server.call('PATCH', '/accounts/9', { size: 9, description: 'Theirs.' });
  await press(page, 'Delete');
  await press(dialog, 'Delete it');
  await dialog.getByText('has changed it since you opened it: Description, Size. Delete it all the same?').waitFor();
  await press(dialog, 'Delete it');
  await page.getByText('is deleted.').waitFor();
}));

test('dates and words are of one language, whatever that of the browser is', async () => {
  const context = await browser.newContext({ locale: 'de-DE' });
  const page = await context.newPage();
  await signIn(page, server.url, server.key, '#/accounts/4');
  await page.locator('.history time').first().waitFor();
  assert.match(await page.locator('.history time').last().textContent(), /^(just now|\d+[mhd] ago|[A-Z][a-z]{2} \d+, \d{4})$/);
  await context.close();
});

test('on paper an account is there as a whole', async () => {
  const { page, context } = await open(browser, server.url);
  await signIn(page, server.url, server.key, '#/accounts/2');
  await page.getByRole('heading', { name: 'Harbor Cafe' }).waitFor();
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 700, height: 300 });
  assert.deepEqual(await page.evaluate(() => [getComputedStyle(document.querySelector('main')).overflowY, document.documentElement.scrollHeight > 900]), ['visible', true]);
  assert.ok(!await page.getByRole('navigation', { name: 'Main' }).isVisible());
  await page.screenshot({ path: `${shots}/paper.png`, fullPage: true });
  await context.close();
});
