// Sessions end and servers go away: nothing that was typed is lost by it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at, browser, server, shots } from './shared.mjs';
import { findings, open, signIn } from './world.mjs';

const press = (place, name) => place.getByRole('button', { name, exact: true }).click();
const idOf = async key => (await (await fetch(`${server.url}/v1/users/me`, { headers: { 'x-api-key': key } })).json()).key.id;
const revoke = async key => server.call('DELETE', `/api-keys/${await idOf(key)}`);

/** A page that is signed in with a key that can be revoked. */
async function within(address, work) {
  const { page, offences, context } = await open(browser, server.url);
  const key = server.makeKey('write');
  await signIn(page, server.url, key, address);
  await work(page, key);
  assert.deepEqual(offences, []);
  await context.close();
}

async function comeBack(page, key) {
  const dialog = page.getByRole('dialog', { name: 'Sign in again' });
  await dialog.getByLabel('API key').fill(key);
  await press(dialog, 'Sign in');
  await dialog.waitFor({ state: 'hidden' });
}

describe('a key that is no longer good', () => {
  test('leaves what was typed: in an account, in one that is made, and in a window', () => within('#/accounts/7', async (page, key) => {
    await page.getByLabel('Description').fill('Half a sentence');
    await revoke(key);
    await press(page, 'Save');
    const again = page.getByRole('dialog', { name: 'Sign in again' });
    await again.waitFor();
    assert.deepEqual(await findings(page), []);
    await page.screenshot({ path: `${shots}/sign-in-again.png` });
    for (const _ of [1, 2, 3]) await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.activeElement.name === 'key');
    await page.keyboard.type('acc_wrong');
    await page.keyboard.press('Enter');
    await again.getByRole('alert').waitFor();
    const second = server.makeKey('write');
    await comeBack(page, second);
    assert.equal(await page.getByRole('textbox', { name: 'Description' }).inputValue(), 'Half a sentence');
    await press(page, 'Save');
    await page.getByText('Saved.').waitFor();
    assert.equal((await server.call('GET', '/accounts/7')).description, 'Half a sentence');

    await page.evaluate(() => { location.hash = '#/accounts/new'; });
    await page.getByLabel('Title').fill('Pier Twenty');
    await revoke(second);
    await press(page, 'Create the account');
    const third = server.makeKey('write');
    await comeBack(page, third);
    assert.equal(await page.getByLabel('Title').inputValue(), 'Pier Twenty');

    await page.evaluate(() => { location.hash = '#/contacts'; });
    await press(page, 'New contact');
    const dialog = page.getByRole('dialog', { name: 'New contact' });
    await page.waitForFunction(() => document.activeElement.name === 'name');
    await page.keyboard.type('Ann Twenty');
    await revoke(third);
    await press(dialog, 'Create the contact');
    await comeBack(page, server.makeKey('write'));
    await press(dialog, 'Create the contact');
    await page.getByRole('heading', { name: 'Ann Twenty' }).waitFor();
  }));

  test('leaves nothing to somebody else, nor after signing out', () => within('#/accounts/8', async (page, key) => {
    await page.getByLabel('Description').fill('Not for others');
    await revoke(key);
    await press(page, 'Save');
    const { invitation, user } = await server.call('POST', '/users', { email: 'kai@example.com' });
    const password = 'correct horse battery';
    await fetch(`${server.url}/v1/users/accept`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token: invitation.token, password }) });
    const again = page.getByRole('dialog', { name: 'Sign in again' });
    await press(again, 'With a password');
    assert.equal(await again.getByLabel('E-mail').inputValue(), 'ada@example.com');
    await again.getByLabel('E-mail').fill('kai@example.com');
    await again.getByLabel('Password').fill(password);
    await press(again, 'Sign in');
    await again.waitFor({ state: 'hidden' });
    await page.waitForFunction(() => !document.querySelector('.waiting') && document.querySelector('textarea'));
    assert.notEqual(await page.getByRole('textbox', { name: 'Description' }).inputValue(), 'Not for others');
    await server.call('PATCH', `/users/${user.id}`, { disabled: true });
    await page.evaluate(() => { location.hash = '#/accounts/9'; });
    await press(again, 'Sign out and discard it');
    await page.getByRole('heading', { name: 'accountsd' }).waitFor();
  }));
});

test('a reload while the server is away keeps the key, and goes on when it is back', at('', async page => {
  await page.evaluate(key => sessionStorage.setItem('accountsd.key', JSON.stringify({ key, temporary: false })), server.key);
  await page.route('**/v1/**', route => route.fulfill({ status: 502, contentType: 'text/html', body: 'Bad Gateway' }));
  await page.reload();
  await page.getByText('The server answered 502.').waitFor();
  await page.unroute('**/v1/**');
  await press(page, 'Try again');
  await page.locator('.rows tbody a').first().waitFor();
}));

describe('a server that is away', () => {
  const away = page => page.route('**/v1/**', route => route.abort());
  const back = page => page.unroute('**/v1/**');

  test('is asked once for the next rows of a list, and again when the user says so', at('', async page => {
    await page.locator('.rows tbody a').first().waitFor();
    let asked = 0;
    await page.route('**/v1/**', route => { asked++; return route.abort(); });
    await page.evaluate(() => { document.querySelector('.rows').scrollTop = 1e6; });
    await page.getByText('The server cannot be reached.').waitFor();
    await page.waitForTimeout(300);
    assert.equal(asked, 1);
    assert.ok(await page.locator('.rows tbody a').count() > 0, 'the rows are gone');
    await back(page);
    await press(page, 'Try again');
    await page.waitForFunction(() => { document.querySelector('.rows').scrollTop = 1e6; return document.querySelector('[aria-rowindex="300"]'); });
  }));

  test('leaves no view without a way on', at('', async page => {
    await page.locator('.rows tbody a').first().waitFor();
    for (const address of ['#/accounts?q=harbor', '#/accounts/3', '#/contacts', '#/contacts/1', '#/users', '#/keys', '#/webhooks', '#/duplicates', '#/alias', '#/alias/2']) {
      await away(page);
      await page.evaluate(a => { location.hash = a; }, address);
      await page.getByText('The server cannot be reached.').first().waitFor();
      assert.equal(await page.locator('main tbody tr').count(), 0, `${address} shows what was asked for before`);
      await back(page);
      await press(page, 'Try again');
      await page.getByText('The server cannot be reached.').waitFor({ state: 'detached' });
    }
  }));

  test('has an import wait, which writes each row once', at('#/import', async page => {
    const csv = 'Title,Address,Description\nPier 31,31 Pier Road,a\nPier 32,32 Pier Road,b\nPier 33,33 Pier Road, Springfield,c\n';
    await page.getByLabel('A CSV file').setInputFiles({ name: 'latin.csv', mimeType: 'text/csv', buffer: Buffer.from('Title,Address\nJos\xe9,1 Pier Road\n', 'latin1') });
    await page.getByRole('alert').filter({ hasText: 'The file is not in UTF-8.' }).waitFor();
    await page.getByLabel('A CSV file').setInputFiles({ name: 'piers.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
    await page.getByLabel('An account is the same').selectOption('none');
    let lost = 0;
    await page.route('**/v1/accounts?*', async route => {
      if (lost++ % 3 === 2) return route.continue();
      // The first is lost on its way there, the second on its way back.
      if (lost % 3 === 2) await route.fetch();
      return route.abort();
    });
    await press(page, 'Preview');
    await page.getByText('The server does not answer. This goes on when it does.').waitFor();
    await page.getByText('2 new').waitFor();
    await page.getByText('There are 4 cells, but 3 columns').waitFor();
    await press(page, 'Import 2 rows');
    await page.getByText('Done.').waitFor({ timeout: 20_000 });
    assert.deepEqual((await server.call('GET', '/accounts?title=Pier+3')).map(a => a.title).sort(), ['Pier 31', 'Pier 32']);
  }));

  test('makes what is sent again once', at('#/contacts', async page => {
    await press(page, 'New contact');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('Only Once');
    await page.route('**/v1/contacts', async route => { await route.fetch(); await route.abort(); }, { times: 1 });
    await press(dialog, 'Create the contact');
    await dialog.getByText('The server cannot be reached.').waitFor();
    await press(dialog, 'Create the contact');
    await page.getByRole('heading', { name: 'Only Once' }).waitFor();
    assert.equal((await server.call('GET', '/contacts?q=only+once')).length, 1);
  }));
});

test('who leaves the search of a slow server gets to what was searched for', at('', async page => {
  await page.locator('.rows tbody a').first().waitFor();
  await page.evaluate(() => { document.querySelector('.rows').scrollTop = 2000; });
  await page.waitForFunction(() => document.querySelector('[aria-rowindex="60"]'));
  let answer;
  const answered = new Promise(go => { answer = go; });
  await page.route('**/v1/accounts?*q=harbor*', async route => { await answered; await route.continue(); });
  await page.keyboard.press('/');
  await page.keyboard.type('harbor cafe');
  await page.keyboard.press('Enter');
  await page.locator('.rows.stale').waitFor();
  answer();
  await page.waitForFunction(() => document.activeElement.textContent === 'Harbor Cafe');
  assert.equal(await page.evaluate(() => document.querySelector('.rows').scrollTop), 0);
}));
