// Whatever writes accounts asks why, and the history has what was said.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at, server, shots } from './shared.mjs';
import { findings } from './world.mjs';

const make = more => server.call('POST', '/accounts?match_by=none', { title: 'Pier Ten', address: ['10 Pier Road'], ...more });
const changesOf = async id => (await server.call('GET', `/accounts/${id}/changes`)).changes;
const reasons = async id => (await changesOf(id)).map(c => c.reason);
const goTo = (page, address) => page.goto(`${server.url}/console/${address}`);
const press = (place, name) => place.getByRole('button', { name, exact: true }).click();
const say = (place, why) => place.getByLabel('Reason').fill(why);

describe('a reason', () => {
  test('goes with an edit: of any letters, and refused where it is too long', at('', async page => {
    const { id } = await make({});
    await goTo(page, `#/accounts/${id}`);
    await page.getByLabel('Size', { exact: true }).fill('7');
    await say(page, 'x'.repeat(201));
    await press(page, 'Save');
    await page.locator('.savebar .error', { hasText: 'must be at most 200 characters' }).waitFor();
    assert.deepEqual(await findings(page), []);
    const why = 'déménagé – dit par téléphone 📞 100%';
    await say(page, `  ${why} `);
    await page.keyboard.press('Enter');
    await page.locator('.history .reason', { hasText: why }).waitFor();
    assert.deepEqual(await reasons(id), [why, undefined]);
    // It was that of one edit, not of the next.
    await page.getByLabel('Size', { exact: true }).fill('8');
    assert.equal(await page.getByLabel('Reason').inputValue(), '');
    await say(page, "UTF-8''100%");
    await page.keyboard.press('Control+s');
    await page.locator('.history .reason', { hasText: "UTF-8''100%" }).waitFor();
    assert.equal((await reasons(id))[0], "UTF-8''100%");
  }));

  test('goes with an account that is made, deleted, undeleted and taken back', at('#/accounts/new', async page => {
    await page.getByLabel('Title').fill('Pier Eleven');
    await page.getByLabel('Address, line 1').fill('11 Pier Road');
    await say(page, 'asked for an offer');
    await press(page, 'Create the account');
    await page.getByRole('heading', { name: 'Pier Eleven' }).waitFor();
    const id = Number(page.url().match(/\d+$/)[0]);
    await page.getByLabel('Value', { exact: true }).fill('5');
    await press(page, 'Save');
    await page.locator('.history', { hasText: '→ 5' }).waitFor();
    const dialog = page.getByRole('dialog');
    await press(page, 'Delete');
    await say(dialog, 'x'.repeat(201));
    await press(dialog, 'Delete it');
    await dialog.locator('.error', { hasText: 'must be at most 200 characters' }).waitFor();
    assert.deepEqual(await findings(page), []);
    await say(dialog, 'went to another');
    await press(dialog, 'Delete it');
    await page.getByText('Pier Eleven is deleted.').waitFor();
    await goTo(page, `#/accounts/${id}`);
    await page.getByRole('button', { name: 'Undelete' }).click();
    await say(dialog, 'came back');
    await press(dialog, 'Undelete');
    await page.getByRole('heading', { name: 'Pier Eleven' }).waitFor();
    await page.locator('.history > li').filter({ hasText: '→ 5' }).getByRole('button', { name: 'Take back' }).click();
    await say(dialog, 'a slip');
    await press(dialog, 'Take back');
    await page.locator('.history .reason', { hasText: 'a slip' }).waitFor();
    assert.deepEqual(await reasons(id), ['a slip', 'came back', 'went to another', undefined, 'asked for an offer']);
  }));

  test('goes with an account that is archived and restored', at('', async page => {
    const { id } = await make({ title: 'Pier Thirteen' });
    await goTo(page, `#/accounts/${id}`);
    const dialog = page.getByRole('dialog');
    await press(page, 'Archive');
    await dialog.getByLabel('Reason').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await press(page, 'Archive');
    await say(dialog, 'x'.repeat(201));
    await press(dialog, 'Archive it');
    await dialog.locator('.error', { hasText: 'must be at most 200 characters' }).waitFor();
    assert.deepEqual(await findings(page), []);
    await say(dialog, 'moved away');
    await page.keyboard.press('Enter');
    await page.locator('.history .reason', { hasText: 'moved away' }).waitFor();
    await press(page, 'Restore');
    await press(dialog, 'Restore it');
    await press(page, 'Archive');
    assert.equal(await dialog.getByLabel('Reason').inputValue(), '');
    assert.deepEqual(await reasons(id), [undefined, 'moved away', undefined]);
  }));

  test('goes with a merge, and with changes of many', at('', async page => {
    const made = [await make({ title: 'Ten', primaryEmail: 'ten@example.com' }), await make({ title: 'Zehn', primaryEmail: 'ten@example.com' })];
    const dialog = page.getByRole('dialog');
    await goTo(page, '#/accounts?q=ten@example.com');
    await page.locator('.rows tbody input').nth(1).waitFor();
    for (const i of [0, 1]) await page.locator('.rows tbody input').nth(i).click();
    await press(page, 'Edit them…');
    await dialog.getByLabel('Fields to set').selectOption({ label: 'Size' });
    await dialog.getByLabel('Size', { exact: true }).fill('3');
    await press(dialog, 'Preview');
    await dialog.getByText('2 of 2 accounts would change.').waitFor();
    await say(dialog, 'x'.repeat(201));
    await press(dialog, 'Change 2 accounts');
    await dialog.locator('.error', { hasText: 'must be at most 200 characters' }).waitFor();
    await page.screenshot({ path: `${shots}/reason.png` });
    assert.deepEqual(await findings(page), []);
    await say(dialog, 'counted again');
    await press(dialog, 'Change 2 accounts');
    await page.getByText('2 accounts changed.').waitFor();
    await goTo(page, '#/duplicates');
    await page.getByRole('row').filter({ hasText: 'ten@example.com' }).getByRole('button', { name: 'Merge…' }).click();
    await say(dialog, 'is the same');
    await press(dialog, 'Merge');
    await dialog.waitFor({ state: 'hidden' });
    assert.deepEqual((await reasons(made[0].id)).slice(0, 2), ['is the same', 'counted again']);
  }));

  test('goes with what changes accounts elsewhere: files, contacts and options', at('#/import', async page => {
    const dialog = page.getByRole('dialog');
    await page.getByLabel('A CSV file').setInputFiles({ name: 'fair.csv', mimeType: 'text/csv', buffer: Buffer.from('Title,Address,Stage\nPier Twelve,12 Pier Road,Proposal\n') });
    await say(page, 'met at the fair');
    await press(page, 'Preview');
    await press(page, 'Import 1 row');
    await page.getByText('Done.').waitFor();
    const [{ id }] = await server.call('GET', '/accounts?q=pier+twelve');
    const contact = await server.call('POST', '/contacts', { name: 'Pim Twelve', accountIds: [id] });
    await goTo(page, `#/contacts/${contact.id}`);
    await press(page, 'Delete');
    await say(dialog, 'has left');
    await press(dialog, 'Delete');
    await page.getByText('Pim Twelve is deleted.').waitFor();
    await goTo(page, '#/properties/stage');
    await press(page, 'Rename Proposal');
    await dialog.getByLabel('Name').fill('Offer');
    await say(dialog, 'a better word');
    await press(dialog, 'Save');
    await press(page, 'Remove Offer');
    await say(dialog, 'no longer made');
    await press(dialog, 'Remove it');
    await dialog.waitFor({ state: 'hidden' });
    assert.deepEqual(await reasons(id), ['no longer made', 'a better word', 'has left', undefined, 'met at the fair']);
  }));
});
