// Webhooks from the making to the end, with a receiver that listens beside the browser.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { at, browser, server, shots } from './shared.mjs';
import { findings, open, signIn } from './world.mjs';

const received = [];
const answer = { status: 204, body: '' };
const receiver = createServer((request, response) => {
  let body = '';
  request.on('data', part => { body += part; });
  request.on('end', () => {
    received.push({ headers: request.headers, body });
    response.writeHead(answer.status).end(answer.body);
  });
});
const here = () => `http://127.0.0.1:${receiver.address().port}/accounts`;
before(() => new Promise(resolve => receiver.listen(0, '127.0.0.1', resolve)));
after(() => receiver.close());

/** Whether a request is signed with a secret, as Standard Webhooks 1.0 says. */
function signedWith(secret, { headers, body }) {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const mac = createHmac('sha256', key).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`).digest('base64');
  return headers['webhook-signature'].split(' ').includes(`v1,${mac}`);
}

/** Looks again until a page shows what has happened on the server meanwhile. */
async function shown(page, locator) {
  for (let i = 0; i < 40 && !await locator.isVisible(); i++) {
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.waitForTimeout(250);
  }
  await locator.waitFor();
}

const fact = (page, name) => page.locator(`dt:text-is("${name}") + dd`);
const error = (dialog, label) => dialog.locator('.field', { hasText: label }).locator('.error');

/** Presses a button of a page, and waits for what it says then. */
async function press(page, button, says) {
  await page.getByRole('button', { name: button, exact: true }).click();
  await page.getByText(says).last().waitFor();
}

describe('webhooks', () => {
  let secret;

  test('are made: what is wrong is told at its field, and the secret is shown once', at('#/webhooks', async page => {
    await page.getByText('There are no webhooks yet.').waitFor();
    await page.getByRole('button', { name: 'New webhook' }).click();
    const dialog = page.getByRole('dialog');
    const make = dialog.getByRole('button', { name: 'Create the webhook' });
    await dialog.getByLabel('URL').fill('http://10.0.0.1/');
    await dialog.getByLabel('Begin after').fill('99999999');
    await page.keyboard.press('Enter');
    await error(dialog, 'URL').filter({ hasText: 'url must lead to a public address' }).waitFor();
    await error(dialog, 'Begin after').filter({ hasText: 'after must not be beyond the last change' }).waitFor();
    await page.screenshot({ path: `${shots}/webhook-refused.png` });
    assert.deepEqual(await findings(page), []);
    await dialog.getByLabel('URL').fill(here());
    await dialog.getByLabel('Begin after').fill('');
    await dialog.getByLabel('Description').fill('the billing system');
    await dialog.getByRole('button', { name: 'Remove Deleted' }).click();
    await dialog.getByLabel('Add to Fields to watch').selectOption('Value');
    await dialog.getByLabel('Add to Fields to watch').selectOption('Any custom field');
    await make.click();
    secret = await page.getByRole('textbox', { name: 'Secret' }).inputValue();
    assert.match(secret, /^whsec_/);
    await page.screenshot({ path: `${shots}/webhook-secret.png` });
    assert.deepEqual(await findings(page), []);
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('heading', { name: here() }).waitFor();
    assert.equal(await fact(page, 'What is sent').textContent(), 'created, changed, only of Value, Any custom field');
    assert.ok(!(await page.content()).includes(secret), 'the page still has the secret');
    const { webhooks: [made] } = await server.call('GET', '/webhooks');
    assert.deepEqual([made.kinds, made.members, made.description], [['created', 'updated'], ['custom', 'value'], 'the billing system']);
  }));

  test('show what was delivered, what was not, and try again', at('#/webhooks/1', async page => {
    await press(page, 'Send a test', 'The test: answered 204.');
    assert.ok(signedWith(secret, received.at(-1)), 'not signed with the secret that was shown');
    await page.getByRole('row', { name: /^Test answered 204/ }).waitFor();
    await server.call('PATCH', '/accounts/1', { value: 1 });
    await shown(page, page.getByRole('row', { name: /account 1 answered 204/ }));
    Object.assign(answer, { status: 503, body: 'back in a minute' });
    await press(page, 'Send a test', 'The test: answered 503.');
    await server.call('PATCH', '/accounts/2', { value: 2 });
    await shown(page, page.getByText(/^1 failure in a row/));
    await page.getByRole('row', { name: /account 2 answered 503 .* back in a minute/ }).first().waitFor();
    await page.screenshot({ path: `${shots}/webhook-failing.png` });
    assert.deepEqual(await findings(page), []);
    Object.assign(answer, { status: 204, body: '' });
    // It may have come to its own next try first.
    if (await page.getByRole('button', { name: 'Try now' }).isVisible()) await press(page, 'Try now', 'It is tried now.');
    await shown(page, fact(page, 'Delivered').getByText(/^all, up to #\d+$/));
    await page.getByText('active', { exact: true }).waitFor();
  }));

  test('are paused, changed and resumed', at('#/webhooks', async page => {
    await page.getByRole('link', { name: here() }).click();
    await press(page, 'Pause', 'The webhook is paused.');
    await page.getByText(/by an admin$/).waitFor();
    await server.call('PATCH', '/accounts/3', { value: 3 });
    await shown(page, fact(page, 'Delivered').getByText(/^up to #\d+, 1 change behind$/));
    await page.getByRole('button', { name: 'Edit…' }).click();
    const dialog = page.getByRole('dialog');
    for (const kind of ['Created', 'Changed']) await dialog.getByRole('button', { name: `Remove ${kind}` }).click();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await error(dialog, 'Kinds of changes').filter({ hasText: 'kinds must' }).waitFor();
    await dialog.getByLabel('Add to Kinds of changes').selectOption('Changed');
    await dialog.getByLabel('Description').fill('');
    await dialog.getByRole('button', { name: 'Remove Any custom field' }).click();
    const [sent] = await Promise.all([page.waitForRequest(r => r.method() === 'PATCH').then(r => r.postDataJSON()), dialog.getByRole('button', { name: 'Save' }).click()]);
    assert.deepEqual(sent, { description: null, kinds: ['updated'], members: ['value'] });
    await page.getByText('changed, only of Value', { exact: true }).waitFor();
    await press(page, 'Resume', 'The webhook goes on.');
    await page.getByRole('row', { name: /account 3 answered 204/ }).waitFor();
  }));

  test('are replayed, get another secret, and are deleted', at('#/webhooks/1', async page => {
    const before = received.length;
    await page.getByRole('button', { name: 'Replay…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Replay' }).click();
    await error(dialog, 'After the change').filter({ hasText: 'after must not be empty' }).waitFor();
    await dialog.getByLabel('After the change').fill('#0');
    await dialog.getByRole('button', { name: 'Replay' }).click();
    await page.getByText('It goes on from there.').waitFor();
    for (let i = 0; i < 40 && received.length < before + 3; i++) await page.waitForTimeout(250);
    assert.ok(received.length >= before + 3, `${received.length - before} came again`);
    await fact(page, 'Delivered').getByText(/^all, up to #\d+$/).waitFor();

    await page.getByRole('button', { name: 'Rotate the secret…' }).click();
    await dialog.getByRole('button', { name: 'Create another secret' }).click();
    const other = await page.getByRole('textbox', { name: 'Secret' }).inputValue();
    await page.getByRole('button', { name: 'Done' }).click();
    await fact(page, 'Former secret').getByText(/^signs until/).waitFor();
    await press(page, 'Send a test', 'The test: answered 204.');
    assert.deepEqual([secret, other].map(s => signedWith(s, received.at(-1))), [true, true]);

    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.screenshot({ path: `${shots}/webhook-delete.png` });
    assert.deepEqual(await findings(page), []);
    await press(page, 'Delete it', 'The webhook is deleted.');
    await page.getByText('There are no webhooks yet.').waitFor();
    assert.deepEqual(await server.call('GET', '/webhooks'), { webhooks: [] });
  }));

  test('are shown to admins only', async () => {
    const { page, offences, context } = await open(browser, server.url);
    await signIn(page, server.url, server.makeKey('write'), '#/webhooks');
    await page.getByRole('alert').waitFor();
    assert.equal(await page.getByRole('link', { name: 'Webhooks' }).count(), 0);
    assert.deepEqual(offences, []);
    await context.close();
  });
});
