// Forms: what must be filled in is told to everybody, and what was begun in a window is not lost by a slip.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at, shots } from './shared.mjs';
import { findings } from './world.mjs';

const press = (place, name) => place.getByRole('button', { name, exact: true }).click();
const note = 'Fields with * must be filled in.';

// A window that is closed has no role any more, and is there until the page hears of that: who waits until it is gone
// looks for the element.

/** What screen readers are told must be filled in. */
const required = place => place.locator('[aria-required=true]').evaluateAll(all => all.map(e => e.ariaLabel ?? e.labels[0].textContent));

/** The windows that can be opened, by the view and the button that does it, with what must be filled in there. */
const windows = [
  ['#/contacts', 'New contact', ['Name']],
  ['#/properties', 'New property', ['Name']],
  ['#/users', 'Invite', ['E-mail']],
  ['#/keys', 'New key', ['Password of ada@example.com']],
  ['#/webhooks', 'New webhook', ['URL']],
  ['#/accounts/2', 'Link a contact', ['Name']],
];

describe('what must be filled in', () => {
  for (const [width, colorScheme] of [[1440, 'light'], [360, 'dark']]) {
    test(`is marked at ${width} px, ${colorScheme}`, at('#/accounts/new', async page => {
      assert.deepEqual(await required(page.locator('main')), ['Title', 'Address, line 1']);
      assert.equal(await page.getByText(note).filter({ visible: true }).count(), 1);
      await page.getByRole('group', { name: 'Address, required' }).waitFor();
      await page.screenshot({ path: `${shots}/required-${width}-${colorScheme}.png` });
      assert.deepEqual(await findings(page), []);
      await page.evaluate(() => { location.hash = '#/import'; });
      await page.getByRole('heading', { name: 'Import' }).waitFor();
      assert.equal(await page.getByText(note).filter({ visible: true }).count(), 0);
      for (const [address, button, names] of windows) {
        await page.evaluate(a => { location.hash = a; }, address);
        await press(page, button);
        const dialog = page.getByRole('dialog');
        await dialog.waitFor();
        assert.deepEqual(await required(dialog), names, button);
        await dialog.getByText(note).waitFor();
        assert.deepEqual(await findings(page, 'dialog'), [], button);
        await page.keyboard.press('Escape');
        await dialog.waitFor({ state: 'hidden' });
      }
    }, { width, colorScheme }));
  }
});

describe('a window', () => {
  for (const [width, colorScheme] of [[1440, 'dark'], [360, 'light']]) {
    test(`asks before what was begun is lost, at ${width} px, ${colorScheme}`, at('#/contacts', async page => {
      await press(page, 'New contact');
      const dialog = page.getByRole('dialog', { name: 'New contact' }), question = page.locator('dialog', { hasText: 'Discard what you have typed?' });
      await dialog.getByLabel('Name').fill('Half a na');
      for (const leave of [() => page.keyboard.press('Escape'), () => press(dialog, 'Close'), () => page.keyboard.press('Escape')]) {
        await leave();
        await question.waitFor();
        assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Go on typing');
        await page.screenshot({ path: `${shots}/discard-${width}-${colorScheme}.png` });
        assert.deepEqual(await findings(page), []);
        await page.keyboard.press('Escape');
        await question.waitFor({ state: 'detached' });
      }
      await page.mouse.click(5, 5);
      await press(dialog, 'Close');
      await press(question, 'Go on typing');
      await question.waitFor({ state: 'detached' });
      assert.equal(await dialog.getByLabel('Name').inputValue(), 'Half a na');
      const asked = page.waitForEvent('dialog');
      page.evaluate(() => location.reload()).catch(() => {});
      await (await asked).dismiss();
      await page.keyboard.press('Escape');
      await press(question, 'Discard it');
      await dialog.waitFor({ state: 'hidden' });
      page.on('dialog', d => assert.fail(`asked: ${d.type()}`));
      await page.reload();
    }, { width, colorScheme }));
  }

  test('asks nothing if nothing was begun, and after Cancel', at('#/contacts', async page => {
    page.on('dialog', d => assert.fail(`asked: ${d.type()}`));
    const dialog = page.locator('dialog');
    await press(page, 'New contact');
    await dialog.getByLabel('Role').press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await press(page, 'New contact');
    await press(dialog, 'Close');
    await dialog.waitFor({ state: 'detached' });
    await press(page, 'New contact');
    await dialog.getByLabel('Name').fill('Nobody');
    await press(dialog, 'Cancel');
    await dialog.waitFor({ state: 'detached' });
    await page.reload();
  }));

  test('takes a choice for something begun', at('#/webhooks', async page => {
    const dialog = page.getByRole('dialog', { name: 'New webhook' }), question = page.locator('dialog', { hasText: 'Discard what you have typed?' });
    await press(page, 'New webhook');
    await dialog.getByRole('group', { name: 'Kinds of changes, required' }).getByRole('button', { name: /^Remove/ }).first().click();
    await page.keyboard.press('Escape');
    await press(question, 'Discard it');
    await dialog.waitFor({ state: 'hidden' });
    await page.evaluate(() => { location.hash = '#/users'; });
    await press(page, 'Invite');
    await page.getByRole('dialog').getByLabel('Admin').check();
    await page.keyboard.press('Escape');
    await press(question, 'Discard it');
    await page.evaluate(() => { location.hash = '#/accounts?q=residence'; });
    await page.locator('.rows tbody input').first().click();
    await press(page, 'Edit them…');
    const many = page.getByRole('dialog', { name: /^Change/ });
    await many.getByLabel('Fields to set').selectOption({ label: 'Value' });
    await page.keyboard.press('Escape');
    await press(question, 'Go on typing');
    await many.getByLabel('Value', { exact: true }).waitFor();
  }));
});
