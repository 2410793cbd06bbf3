// The browser's Back button: what it would lose it asks for first.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at, server } from './shared.mjs';

const press = (place, name) => place.getByRole('button', { name, exact: true }).click();
const address = page => page.evaluate(() => location.hash);
const goTo = (page, to) => page.evaluate(a => { location.hash = a; }, to);
const heading = (page, name) => page.getByRole('heading', { name, exact: true }).waitFor();

describe('the Back button', () => {
  test('asks before it loses a window that is half filled in, and so does any other way to another view', at('#/accounts', async page => {
    const dialog = page.getByRole('dialog', { name: 'New contact' }), question = page.locator('dialog', { hasText: 'Discard what you have typed?' });
    await goTo(page, '#/users');
    await heading(page, 'Users');
    await goTo(page, '#/contacts');
    await press(page, 'New contact');
    await dialog.getByLabel('Name').fill('Half a na');
    for (const leave of [() => page.goBack(), () => page.evaluate(() => history.go(-2)), () => goTo(page, '#/keys')]) {
      await leave();
      await question.waitFor();
      await press(question, 'Go on typing');
      await question.waitFor({ state: 'detached' });
      assert.deepEqual([await address(page), await dialog.getByLabel('Name').inputValue()], ['#/contacts', 'Half a na']);
    }
    // It goes to where it was going, and from there on as ever.
    await page.goBack();
    await press(question, 'Discard it');
    await heading(page, 'Users');
    await page.goBack();
    await heading(page, 'Accounts');
    await page.goForward();
    await heading(page, 'Users');
    await page.goForward();
    await heading(page, 'Contacts');
    await press(page, 'New contact');
    await dialog.getByLabel('Name').fill('Half a na');
    await goTo(page, '#/webhooks');
    await press(question, 'Discard it');
    await heading(page, 'Webhooks');
    await page.goBack();
    await heading(page, 'Contacts');
  }));

  test('asks nothing where nothing was begun, and after what was begun is written', at('#/contacts', async page => {
    const dialog = page.getByRole('dialog', { name: 'New contact' });
    await goTo(page, '#/users');
    await press(page, 'Invite');
    await page.goBack();
    await heading(page, 'Contacts');
    await press(page, 'New contact');
    await dialog.getByLabel('Name').fill('Bo Back');
    await press(dialog, 'Create the contact');
    await heading(page, 'Bo Back');
    await page.goBack();
    await heading(page, 'Contacts');
    await page.reload();
    await page.getByLabel('API key').fill(server.key);
    await press(page, 'Sign in');
    await page.goForward();
    await heading(page, 'Bo Back');
  }));

  test('asks before it stops an import', at('#/accounts', async page => {
    await page.locator('.rows tbody a').first().waitFor();
    await goTo(page, '#/import');
    const question = page.getByRole('dialog', { name: 'Stop the import?' });
    await page.getByLabel('A CSV file').setInputFiles({ name: 'back.csv', mimeType: 'text/csv', buffer: Buffer.from('Title,Address\nBack 1,1 Pier Road\nBack 2,2 Pier Road\nBack 3,3 Pier Road\n') });
    await press(page, 'Preview');
    await page.getByText('3 new').waitFor();
    const held = [];
    await page.route('**/v1/accounts?*', route => (route.request().postData()?.includes('Back 1') ? route.continue() : held.push(route)));
    await press(page, 'Import 3 rows');
    await page.getByText('1 new').waitFor();
    await page.goBack();
    await press(question, 'Go on importing');
    await question.waitFor({ state: 'detached' });
    assert.equal(await address(page), '#/import');
    await page.getByRole('link', { name: 'Contacts', exact: true }).click();
    await press(question, 'Stop it');
    await heading(page, 'Contacts');
    // The row that was on its way arrives; the one behind it is not sent.
    await Promise.all([page.waitForResponse(r => r.request().postData()?.includes('Back 2')), held[0].continue()]);
    await page.locator('main tbody a').first().waitFor();
    assert.deepEqual((await server.call('GET', '/accounts?title=Back+')).map(a => a.title).sort(), ['Back 1', 'Back 2']);
    assert.equal(held.length, 1);
  }));
});
