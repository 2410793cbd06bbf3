// Who may come in: users from the invitation on, keys from the making to the end;
// and the first steps of the README.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { at, browser, server, shots } from './shared.mjs';
import { findings, open } from './world.mjs';

const password = 'correct horse battery';
const whoAmI = key => fetch(`${server.url}/v1/users/me`, { headers: { 'x-api-key': key } });

/** Follows the link of an invitation in a browser of its own, and sets a password. */
async function accept(link) {
  const { page, offences, context } = await open(browser, server.url);
  await page.goto(link);
  await page.getByLabel('Your new password').fill(password);
  await page.getByRole('button', { name: 'Set the password' }).click();
  return { page, offences, context };
}

describe('people and their keys', () => {
  let link;

  test('a user is invited, and again: the link before ends', at('#/users', async page => {
    await page.getByRole('button', { name: 'Invite', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('E-mail').fill('nobody');
    await dialog.getByRole('button', { name: 'Invite' }).click();
    await dialog.locator('.error', { hasText: 'email must be' }).waitFor();
    await dialog.getByLabel('E-mail').fill('noor@example.com');
    await dialog.getByLabel('First name').fill('Noor');
    await dialog.getByLabel('Admin').check();
    await dialog.getByRole('button', { name: 'Invite' }).click();
    await dialog.getByText('Hand it to noor@example.com.').waitFor();
    await page.screenshot({ path: `${shots}/invited.png` });
    assert.deepEqual(await findings(page), []);
    const first = await page.getByRole('textbox', { name: 'Link' }).inputValue();
    await page.getByRole('button', { name: 'Done' }).click();
    const noor = page.getByRole('row', { name: /Noor/ });
    await noor.getByText('invited', { exact: true }).waitFor();
    await noor.getByRole('button', { name: 'Invite again' }).click();
    link = await page.getByRole('textbox', { name: 'Link' }).inputValue();
    assert.notEqual(link, first);
    const late = await accept(first);
    await late.page.getByRole('alert').waitFor();
    await late.context.close();
  }));

  test('makes a key with the password, which is shown once, and revokes it', async () => {
    const { page, offences, context } = await accept(link);
    // Who has just set a password is asked for nothing else.
    await page.waitForFunction(() => document.activeElement.name === 'password');
    assert.equal(await page.getByLabel('E-mail').inputValue(), 'noor@example.com');
    await page.keyboard.type(password);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Keys' }).click();
    await page.getByRole('button', { name: 'New key' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('night shift');
    await dialog.getByLabel(/Password of noor/).fill(password);
    // A user of several companies makes it for the one that is shown.
    const { company } = await server.call('GET', '/users/me');
    await Promise.all([page.waitForRequest(r => r.url().endsWith(`/api-keys?company_id=${company.id}`)), dialog.getByRole('button', { name: 'Create the key' }).click()]);
    const key = await page.getByRole('textbox', { name: 'Key' }).inputValue();
    await page.screenshot({ path: `${shots}/new-key.png` });
    assert.deepEqual(await findings(page), []);
    // It acts for Noor, may read, and ends some day.
    const me = await (await whoAmI(key)).json();
    assert.deepEqual([me.user.email, me.key.name, me.key.scopes], ['noor@example.com', 'night shift', ['read']]);
    assert.ok(Date.parse(me.key.expiresAt) > Date.now() + 89 * 86_400_000);
    await page.getByRole('button', { name: 'Done' }).click();
    // From now on nothing tells it: neither the page, nor the server.
    const row = page.getByRole('row', { name: /night shift/ });
    await row.waitFor();
    assert.ok(!(await page.content()).includes(key), 'the page still has the key');
    assert.ok(!JSON.stringify(await server.call('GET', '/api-keys?page_size=100')).includes(key), 'the server tells the key');
    await row.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('dialog').getByText('Programs that use it are refused').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('The key is revoked.').waitFor();
    assert.equal((await whoAmI(key)).status, 401);
    await row.waitFor({ state: 'detached' });
    await page.getByLabel('Include ended keys').check();
    await page.getByRole('row', { name: /night shift/ }).getByText(/^revoked/).waitFor();
    assert.deepEqual(offences, []);
    await context.close();
  });
});

test('users change their own password, and begin where they signed in the last time', async () => {
  const { invitation } = await server.call('POST', '/users', { email: 'ines@example.com' });
  const { page, offences, context } = await accept(`${server.url}/console/#/accept?token=${invitation.token}`);
  const enter = async word => {
    await page.getByLabel('E-mail').fill('ines@example.com');
    await page.getByLabel('Password').fill(word);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };
  await enter(password);
  await page.getByRole('button', { name: 'Change password…' }).click();
  const dialog = page.getByRole('dialog');
  const former = dialog.getByLabel('Your password so far'), next = dialog.getByLabel('Your new password');
  await former.fill('not the password');
  await next.fill('battery horse correct');
  await dialog.getByRole('button', { name: 'Change it' }).click();
  await dialog.getByRole('alert').waitFor();
  await former.fill(password);
  await next.fill('short');
  await dialog.getByRole('button', { name: 'Change it' }).click();
  await dialog.locator('.error', { hasText: 'newPassword must be' }).waitFor();
  assert.deepEqual(await findings(page), []);
  await page.screenshot({ path: `${shots}/change-password.png` });
  await next.fill('battery horse correct');
  await dialog.getByRole('button', { name: 'Change it' }).click();
  await page.getByText('Your password is changed.').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Password').waitFor();
  await page.reload();
  await page.waitForFunction(() => document.activeElement.name === 'email');
  await enter(password);
  await page.getByRole('alert').waitFor();
  await enter('battery horse correct');
  await page.locator('.shell').waitFor();
  assert.deepEqual(offences, []);
  await context.close();
});

test('all are listed, however many there are', at('', async page => {
  for (let i = 0; i < 3; i++) await server.call('POST', '/accounts?match_by=none', { title: 'Thrice', address: [`${i} Same Street`] });
  for (let i = 0; i < 2; i++) await server.call('POST', '/accounts?match_by=none', { title: `Other ${i}`, address: ['5 Same Street'] });
  // Pages of one stand for those of a hundred.
  await page.route(/page_size=100/, route => route.continue({ url: route.request().url().replace('page_size=100', 'page_size=1') }));
  for (const [address, path] of [['#/users', '/users'], ['#/keys', '/api-keys']]) {
    await page.evaluate(a => { location.hash = a; }, address);
    const those = (await server.call('GET', `${path}?page_size=100`)).filter(k => !k.revokedAt);
    assert.ok(those.length > 1);
    await page.locator('main tbody tr').nth(those.length - 1).waitFor();
  }
  await page.evaluate(() => { location.hash = '#/duplicates'; });
  await page.locator('main tbody tr').first().waitFor();
  await page.getByRole('button', { name: 'More' }).click();
  await page.locator('main tbody tr').nth(1).waitFor();
}));

test('the first steps of the README', at('', async page => {
  const readme = readFileSync('../../README.md', 'utf8');
  const steps = readme.slice(readme.indexOf('sign in with the key. Press'), readme.indexOf('are one write.'));
  const [typed] = steps.match(/(?<=type `)[^`]+/), [opened] = steps.match(/(?<=open \*)[^*]+/), [member] = steps.match(/(?<=at \*)[^*]+/), [option] = steps.match(/(?<=write \*)[^*]+/), [choice] = steps.match(/(?<=Choose \*)[^*]+/);
  await page.locator('.rows tbody a').first().waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type(typed);
  await page.waitForURL(new RegExp(`q=${typed}`));
  await page.locator('.rows tbody a', { hasText: opened }).waitFor();
  await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'));
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: opened }).waitFor();
  await page.getByLabel(member).selectOption({ label: choice });
  await page.getByLabel(`New option of ${member}`).fill(option);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+s');
  await page.getByText('Saved.').first().waitFor();
  await page.locator('.history', { hasText: option }).first().waitFor();
}));

test('what is done with a user says with whom', at('#/users', async page => {
  const sam = page.getByRole('row', { name: /Sam Whitfield/ });
  await sam.waitFor();
  assert.deepEqual(await sam.getByRole('button').evaluateAll(all => all.map(b => b.ariaLabel)), ['Reset password: Sam Whitfield', 'Make admin: Sam Whitfield', 'Disable: Sam Whitfield']);
}));
