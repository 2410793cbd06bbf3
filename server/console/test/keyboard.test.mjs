// By keyboard: the focus is never lost, and the keys do what the list of them says.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at, server } from './shared.mjs';

const button = (page, name) => page.getByRole('button', { name, exact: true });
const press = async (page, name) => { await button(page, name).focus(); await page.keyboard.press('Enter'); };
/** Waits until the focus is on what has this name. */
const focused = (page, name) => page.waitForFunction(n => {
  const e = document.activeElement;
  return (e.ariaLabel ?? e.labels?.[0]?.textContent ?? e.textContent) === n;
}, name);
const atMain = page => page.waitForFunction(() => document.activeElement.id === 'main');

describe('the focus', () => {
  test('is in the field that was saved, and in the view where the bar to save is gone', at('#/accounts/2', async page => {
    const title = page.getByRole('textbox', { name: 'Title', exact: true });
    await title.fill('Harbor Cafe & Bar');
    await page.keyboard.press('Control+s');
    await page.locator('.savebar').waitFor({ state: 'detached' });
    await focused(page, 'Title');
    for (const name of ['Discard', 'Save']) {
      await title.fill('Harbor Cafe');
      await press(page, name);
      await page.locator('.savebar').waitFor({ state: 'detached' });
      await atMain(page);
    }
    // Who leaves a field meant to.
    await title.focus();
    await page.keyboard.press('Escape');
    await page.evaluate(() => new Promise(done => setTimeout(done))); // behind that in which the leaving is noticed
    await page.getByRole('textbox', { name: 'Description' }).evaluate(e => { e.disabled = true; e.disabled = false; });
    await page.waitForFunction(() => document.activeElement === document.body);
  }));

  test('is where it was when a window is closed, whichever way', at('#/accounts/2', async page => {
    const dialog = page.getByRole('dialog');
    for (const leave of [() => page.keyboard.press('Escape'), () => press(page, 'Cancel'), () => press(page, 'Close'), () => press(page, 'Archive it'), () => press(page, 'Restore it')]) {
      const name = await button(page, 'Restore').count() ? 'Restore' : 'Archive';
      await press(page, name);
      await dialog.waitFor();
      await leave();
      await dialog.waitFor({ state: 'detached' });
      await page.waitForFunction(() => ['Archive', 'Restore'].includes(document.activeElement.textContent));
    }
  }));

  test('goes to what is next when a control is gone', at('#/accounts/2', async page => {
    await press(page, 'Unlink Lee Chan');
    await focused(page, 'Jo Park');
    await press(page, 'Unlink Jo Park');
    await focused(page, 'Link a contact');
    await press(page, 'Remove Solar');
    await focused(page, 'Remove Battery');
    await page.getByRole('group', { name: 'Address' }).getByRole('button', { name: 'Add a line' }).focus();
    await page.keyboard.press('Enter');
    await focused(page, 'Address, line 2');
    await page.keyboard.type('Suite 5');
    await press(page, 'Remove line 1 of Address');
    await focused(page, 'Address, line 1');
  }));

  test('is at its menu when a filter is added', at('#/accounts', async page => {
    await page.locator('.rows tbody a').first().waitFor();
    await page.getByText('Filter', { exact: true }).press('Enter');
    await page.locator('form').getByLabel('Value').selectOption('RESIDENTIAL');
    await press(page, 'Add the filter');
    await focused(page, 'Filter');
    await press(page, 'Remove the filter');
    await atMain(page);
  }));
});

describe('Ctrl+S', () => {
  test('saves a contact and creates an account too, and nothing twice at once', at('#/contacts/1', async page => {
    await page.getByLabel('Role').fill('Captain');
    await page.keyboard.press('Control+s');
    await page.getByText('Saved.').waitFor();
    assert.equal((await server.call('GET', '/contacts/1')).title, 'Captain');
    await page.evaluate(() => { location.hash = '#/accounts/new'; });
    await page.getByLabel('Title').fill('Pier Forty');
    await page.getByLabel('Address, line 1').fill('40 Pier Road');
    await page.keyboard.press('Control+s');
    await page.getByRole('heading', { name: 'Pier Forty' }).waitFor();
    let writes = 0;
    let answer;
    const asked = new Promise(go => { answer = go; });
    await page.route(/v1\/accounts\/\d+$/, async route => {
      if (route.request().method() === 'PATCH') { writes++; await asked; }
      await route.continue();
    });
    await page.getByLabel('Phone').fill('+14155550199');
    for (const _ of [1, 2, 3]) await page.keyboard.press('Control+s');
    await page.getByRole('button', { name: 'Save' }).and(page.locator('[aria-busy=true]')).waitFor();
    answer();
    await page.locator('.savebar').waitFor({ state: 'detached' });
    assert.equal(writes, 1);
  }));

  test('does not write what is below a window with a form', at('#/accounts/6', async page => {
    await page.getByRole('textbox', { name: 'Description' }).fill('Not yet.');
    page.on('request', r => assert.notEqual(r.method(), 'PATCH'));
    await press(page, 'Link a contact');
    await page.getByRole('dialog').getByLabel('Name').press('Control+s');
    await page.getByRole('dialog').locator('.picks button').first().waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('1 change', { exact: true }).waitFor();
  }));
});

test('Enter in the name of a contact goes to those that were found, and makes another one only if there are none', at('#/accounts/8', async page => {
  const dialog = page.getByRole('dialog'), name = dialog.getByLabel('Name');
  await press(page, 'Link a contact');
  await name.fill('jo park');
  await name.press('Enter');
  await page.waitForFunction(() => document.activeElement.textContent.startsWith('Jo Park'));
  await page.keyboard.press('ArrowUp');
  await focused(page, 'Name');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Unlink Jo Park' }).waitFor();
  assert.equal((await server.call('GET', '/contacts?q=jo+park')).length, 1);
  await press(page, 'Link a contact');
  await Promise.all([page.waitForResponse(/contacts\?q=Quite/), name.fill('Quite New')]);
  await dialog.locator('.picks button').first().waitFor({ state: 'detached' });
  await name.press('Enter');
  await page.getByRole('button', { name: 'Unlink Quite New' }).waitFor();
}));

test('Enter by which letters are composed is none', at('#/accounts', async page => {
  await page.locator('.rows tbody a').first().waitFor();
  const compose = place => place.evaluate(e => e.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true })));
  const search = page.getByLabel('Search accounts');
  await search.fill('港');
  await page.waitForURL(/q=/);
  assert.ok(await compose(search), 'the search was left');
  await page.evaluate(() => { location.hash = '#/accounts/2'; });
  await page.getByLabel('Roof type').selectOption({ label: 'Create option…' });
  const option = page.getByLabel('New option of Roof type');
  await option.fill('瓦');
  assert.ok(await compose(option), 'the option was taken');
}));
