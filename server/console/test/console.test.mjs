// The console in a real browser, on a real server with the sample company.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { at, browser, server, shots } from './shared.mjs';
import { findings, open, signIn } from './world.mjs';

const said = (page, text) => page.getByText(text).first().waitFor();
const saved = page => page.getByText('Saved.').first().waitFor();

describe('ways in', () => {
  test('a browser is led to the console, a program told what there is', async () => {
    const led = await fetch(`${server.url}/`, { headers: { accept: 'text/html' }, redirect: 'manual' });
    assert.equal(led.headers.get('location'), '/console/');
    const told = await (await fetch(`${server.url}/`)).json();
    assert.deepEqual([told.api, told.docs, told.openapi], ['/v1', '/docs/', '/openapi.json']);
  });

  test('a wrong key is refused in words', async () => {
    const { page, context } = await open(browser, server.url);
    await page.goto(`${server.url}/console/`);
    await page.getByLabel('API key').fill('acc_wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    await context.close();
  });

  test('an invited user sets a password, signs in with it, and out again', async () => {
    const invited = await server.call('POST', '/users', { email: 'mia@example.com', firstName: 'Mia' });
    const { page, offences, context } = await open(browser, server.url);
    await page.goto(`${server.url}/console/#/accept?token=${invited.invitation.token}`);
    await page.getByLabel('Your new password').fill('correct horse battery');
    await page.getByRole('button', { name: 'Set the password' }).click();
    await page.getByLabel('E-mail').fill('mia@example.com');
    await page.getByLabel('Password').fill('correct horse battery');
    await page.getByLabel('Keep in this tab').check();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Mia', { exact: true }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Password').waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    const keys = await server.call('GET', '/api-keys');
    assert.ok(keys.find(k => k.name === 'Console').revokedAt, 'the key of the session is revoked');
    assert.deepEqual(offences, []);
    await context.close();
  });

  test('who may only read is shown no way to write', async () => {
    const { page, offences, context } = await open(browser, server.url);
    await signIn(page, server.url, server.makeKey('read'), '#/accounts/2');
    await page.getByRole('heading', { name: 'Harbor Cafe' }).waitFor();
    assert.ok(await page.getByLabel('Title').isDisabled());
    assert.equal(await page.getByRole('button', { name: /Archive|Delete|Restore/ }).count(), 0);
    for (const address of ['#/accounts/new', '#/import']) {
      await page.evaluate(a => { location.hash = a; }, address);
      await page.getByText('Your key may read, but not change anything.').waitFor();
      await page.evaluate(() => { location.hash = '#/accounts/2'; });
      await page.getByLabel('Title').waitFor();
    }
    for (const name of ['Import', 'Webhooks', 'Former path']) assert.equal(await page.getByRole('link', { name }).count(), 0);
    assert.deepEqual(offences, []);
    await context.close();
  });

  test('what is served is small', () => {
    const size = ['console.js', 'console.css', 'index.html'].map(f => gzipSync(readFileSync(`dist/console/${f}`)).length).reduce((a, b) => a + b);
    assert.ok(size < 120_000, `${size} bytes`);
  });

  test('the list is there in 300 ms', async () => {
    const { page, context } = await open(browser, server.url);
    await page.addInitScript(() => new MutationObserver((_, watch) => {
      if (document.querySelector('.rows tbody a')) { window.took = performance.now(); watch.disconnect(); }
    }).observe(document, { childList: true, subtree: true }));
    await page.goto(`${server.url}/console/`);
    await page.evaluate(key => sessionStorage.setItem('accountsd.key', JSON.stringify({ key, temporary: false })), server.key);
    // To who has the machine alone: with others on it, each waits for its turn.
    const limit = 300 * Math.max(1, loadavg()[0] / availableParallelism());
    const times = [];
    while (times.length < 5 && !(times.at(-1) < limit)) {
      await page.reload();
      times.push(await (await page.waitForFunction(() => window.took)).jsonValue());
    }
    assert.ok(times.at(-1) < limit, `${times} ms, where ${limit} are allowed`);
    await context.close();
  });
});

describe('accounts', () => {
  test('are found while typing, and opened and left by keyboard', at('', async page => {
    await page.locator('.rows tbody a').first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('harbor cafe');
    await page.waitForURL(/q=harbor\+cafe/);
    await said(page, '1 account');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Harbor Cafe' }).waitFor();
    await page.keyboard.press('Escape');
    await said(page, '1 account');
    await page.keyboard.press('/');
    await page.keyboard.press('Escape');
    await page.locator('.head .under', { hasText: /\d\d\d accounts/ }).waitFor();
  }));

  test('are all reached, though only some rows are there', at('', async page => {
    await page.locator('.rows tbody a').first().waitFor();
    await page.locator('.rows tbody a').first().focus();
    for (let i = 0; i < 7; i++) {
      await page.keyboard.press('End');
      await page.waitForTimeout(60);
    }
    const rows = Number((await page.locator('.under').first().textContent()).match(/\d+/)[0]);
    await page.waitForFunction(n => document.querySelector(`[aria-rowindex="${n}"]`) || (document.querySelector('.rows').scrollTop = 1e6, false), rows);
    assert.ok(await page.locator('.rows tbody tr').count() < 80);
  }));

  test('are filtered by any member, and the address says so', at('', async page => {
    await page.getByText('Filter', { exact: true }).click();
    await page.getByLabel('Field', { exact: true }).selectOption({ label: 'Roof type' });
    await page.locator('form').getByLabel('Value').selectOption('Tile');
    await page.getByRole('button', { name: 'Add the filter' }).click();
    await page.waitForURL(/prop1=roof_type&op1=eq&value1=Tile/);
    await page.locator('.head .under', { hasText: /^\d\d\d? accounts/ }).and(page.locator(':not(:text("459"))')).waitFor();
    await page.getByText('Columns', { exact: true }).click();
    await page.getByLabel('System size kW').check();
    await page.getByRole('columnheader', { name: 'System size kW' }).waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export' }).click()]);
    const lines = readFileSync(await download.path(), 'utf8').replace(/^\uFEFF/, '').trim().split('\r\n');
    assert.match(lines[0], /^id,title,.*custom\.system_size_kw/);
    assert.ok(lines.length > 50 && lines.slice(1).every(l => l.includes('Tile')), `${lines.length} lines`);
  }));

  test('are edited: only what changed is sent, and numbers stay exact', at('#/accounts/1', async page => {
    const [body] = await Promise.all([
      page.waitForRequest(r => r.method() === 'PATCH').then(r => r.postData()),
      (async () => {
        assert.equal(await page.getByRole('textbox', { name: 'System size kW' }).inputValue(), '86.40');
        await page.getByRole('textbox', { name: 'System size kW' }).fill('12345678901234567890.120');
        await page.getByLabel('Installed on').fill('2026-05-01');
        await page.keyboard.press('Control+s');
      })(),
    ]);
    assert.equal(body, '{"custom":{"system_size_kw":12345678901234567890.120,"installed_on":"2026-05-01"}}');
    await saved(page);
    assert.equal(await page.getByRole('textbox', { name: 'System size kW' }).inputValue(), '12345678901234567890.120');
    // The history has it, and gives the former value back.
    await page.getByRole('button', { name: 'Restore System size kW: 86.40' }).click();
    await page.getByRole('button', { name: 'Preview' }).click();
    await said(page, 'The server has checked this. Nothing was written.');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForFunction(() => !document.querySelector('.savebar'));
    const { custom } = await server.call('GET', '/accounts/1');
    assert.equal(custom.system_size_kw, 86.4);
  }));

  test('are refused in the server’s words at the member', at('#/accounts/3', async page => {
    await page.getByLabel('E-mail').fill('nobody');
    await page.getByLabel('Size', { exact: true }).fill('large');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('.field', { has: page.getByLabel('E-mail') }).locator('.error', { hasText: 'primaryEmail must be' }).waitFor();
    await page.locator('.field', { has: page.getByLabel('Size', { exact: true }) }).locator('.error', { hasText: 'size must be' }).waitFor();
    await page.screenshot({ path: `${shots}/refused.png` });
    await page.getByRole('button', { name: 'Discard' }).click();
  }));

  test('get a new option of a dropdown', at('#/accounts/2', async page => {
    await page.getByLabel('Roof type').selectOption({ label: 'Create option…' });
    await page.getByLabel('New option of Roof type').fill('Green');
    await page.keyboard.press('Enter');
    await page.getByLabel('Add to Interests').selectOption('Heat pump');
    await page.getByRole('button', { name: 'Save' }).click();
    await saved(page);
    const { custom } = await server.call('GET', '/accounts/2');
    assert.deepEqual([custom.roof_type, custom.interests], ['Green', ['Solar', 'Battery', 'Heat pump']]);
  }));

  test('that somebody else changed elsewhere are merged', at('#/accounts/5', async page => {
    await page.getByLabel('Gate code').fill('34');
    await server.call('PATCH', '/accounts/5', { description: 'Theirs.', primaryPhone: '+14155550101' });
    await page.getByRole('button', { name: 'Save' }).click();
    await said(page, 'Saved. Somebody else has also changed: Phone, Description.');
    assert.equal(await page.getByRole('textbox', { name: 'Description' }).inputValue(), 'Theirs.');
    const now = await server.call('GET', '/accounts/5');
    assert.deepEqual([now.description, now.primaryPhone, now.custom.gate_code], ['Theirs.', '+14155550101', '34']);
  }));

  test('that somebody else changed are sent again, member by member', at('#/accounts/4', async page => {
    await server.call('PATCH', '/accounts/4', { custom: { interests: ['Solar'] } });
    await page.reload();
    await signIn(page, server.url, server.key, '#/accounts/4');
    await page.getByLabel('Description').fill('Mine.');
    await page.getByLabel('Gate code').fill('12');
    await page.getByLabel('Add to Interests').selectOption('Battery');
    await server.call('PATCH', '/accounts/4', { description: 'Theirs.', primaryPhone: '+14155550100', custom: { interests: ['Heat pump'] } });
    await page.getByRole('button', { name: 'Save' }).click();
    await said(page, 'has changed this account');
    await page.screenshot({ path: `${shots}/conflict.png` });
    assert.deepEqual(await findings(page), []);
    assert.ok(await page.getByRole('button', { name: 'Choose 1 more' }).isDisabled());
    assert.ok(await page.getByLabel('Interests, merged: Heat pump, Battery').isChecked());
    await page.getByLabel('Description, mine').check();
    await page.getByRole('button', { name: 'Send again' }).click();
    await saved(page);
    const now = await server.call('GET', '/accounts/4');
    assert.deepEqual([now.description, now.primaryPhone, now.custom.gate_code, now.custom.interests], ['Mine.', '+14155550100', '12', ['Heat pump', 'Battery']]);
  }));

  test('are changed together, after a look at the difference', at('#/accounts?q=residence', async page => {
    await page.locator('.rows tbody a').first().waitFor();
    await page.locator('.rows tbody input').nth(0).click();
    await page.locator('.rows tbody input').nth(4).click({ modifiers: ['Shift'] });
    await page.getByRole('button', { name: 'Edit them…' }).click();
    await page.getByLabel('Fields to set').selectOption({ label: 'Gate code' });
    await page.getByRole('dialog').getByLabel('Gate code').fill('0042');
    await page.getByRole('dialog').getByRole('button', { name: 'Preview' }).click();
    await said(page, '5 of 5 accounts would change.');
    await page.screenshot({ path: `${shots}/bulk.png` });
    assert.deepEqual(await findings(page), []);
    await page.getByRole('button', { name: 'Change 5 accounts' }).click();
    await said(page, '5 accounts changed.');
    const found = await server.call('GET', '/accounts/search?prop1=gate_code&op1=eq&value1=0042');
    assert.equal(found.length, 5);
  }));

  test('are imported from a file, after a look at what would happen', at('#/import', async page => {
    const csv = 'Company;Address;E-Mail;Roof Type;Nonsense\nZephyr Inn;1 Hill Road;info@zephyr.example;Metal;x\nHarbor Cafe;5 Pier Road;;;\nBroken;2 Hill Road;nobody;;\n';
    await page.getByLabel('A CSV file').setInputFiles({ name: 'crm.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
    assert.equal(await page.getByLabel('Where Company goes').inputValue(), 'title');
    assert.equal(await page.getByLabel('Where Roof Type goes').inputValue(), 'custom.roof_type');
    await page.getByRole('button', { name: 'Preview' }).click();
    await said(page, '1 new');
    await said(page, '1 unchanged');
    await said(page, 'primaryEmail must be');
    await page.screenshot({ path: `${shots}/import.png` });
    assert.deepEqual(await findings(page), []);
    await page.getByRole('button', { name: 'Import 2 rows' }).click();
    await said(page, 'Done.');
    const found = await server.call('GET', '/accounts?q=zephyr');
    assert.deepEqual([found[0].custom.roof_type, found[0].primaryEmail], ['Metal', 'info@zephyr.example']);
  }));

  test('are made and deleted', at('#/accounts/new', async page => {
    await page.getByRole('button', { name: 'Create the account' }).click();
    await said(page, 'title is required');
    await page.getByLabel('Title').fill('Bluebird Books');
    await page.getByLabel('Address, line 1').fill('9 Pier Road');
    await page.getByRole('button', { name: 'Create the account' }).click();
    await page.getByRole('heading', { name: 'Bluebird Books' }).waitFor();
    await page.getByRole('button', { name: 'Link a contact' }).click();
    await page.getByLabel('Name').fill('jo park');
    await page.getByRole('button', { name: /^Jo Park/ }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await saved(page);
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    await said(page, 'Bluebird Books is deleted.');
  }));
});

describe('set-up', () => {
  test('options are added, moved, renamed and removed with their uses', at('#/properties/stage', async page => {
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Lost');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Move Lost up' }).click();
    await page.getByRole('button', { name: 'Rename Lead' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Prospect');
    await page.getByRole('button', { name: 'Save' }).click();
    await said(page, 'Prospect');
    await page.getByRole('button', { name: 'Remove Prospect' }).click();
    await page.getByText(/\d+ accounts have it, and lose it/).waitFor();
    await page.getByRole('button', { name: 'Remove it' }).click();
    await page.waitForFunction(() => ![...document.querySelectorAll('.option-name')].some(e => e.textContent === 'Prospect'));
    const { account } = await server.call('GET', '/properties');
    assert.deepEqual(account.find(p => p.keyName === 'stage').options, ['Proposal', 'Lost', 'Installed']);
  }));

  test('users are invited and disabled, keys revoked', at('#/users', async page => {
    await page.getByRole('button', { name: 'Invite', exact: true }).click();
    await page.getByRole('dialog').getByLabel('E-mail').fill('kim@example.com');
    await page.getByRole('dialog').getByRole('button', { name: 'Invite' }).click();
    assert.match(await page.getByRole('textbox', { name: 'Link' }).inputValue(), /#\/accept\?token=/);
    await page.getByRole('button', { name: 'Done' }).click();
    const sam = page.getByRole('row', { name: /Sam Whitfield/ });
    await sam.getByRole('button', { name: 'Disable' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
    await sam.getByText('disabled').waitFor();
    await page.getByRole('link', { name: 'Keys' }).click();
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('sync');
    await page.getByLabel(/Password of/).fill('not the password');
    await page.getByRole('button', { name: 'Create the key' }).click();
    await page.getByRole('alert').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Keys' }).waitFor();
  }));

  test('a user is walked off the former path', at('#/alias', async page => {
    const days = page.locator('.chart').getByRole('img');
    await days.first().waitFor();
    assert.deepEqual([await days.count(), (await days.nth(28).textContent()).replace(/.*: /, '')], [30, '24 calls']); // yesterday's
    await page.getByRole('link', { name: /Lin Ortega/ }).click();
    await page.getByRole('button', { name: 'Notify…' }).click();
    await page.getByLabel('Message').fill('Please move.');
    await page.locator('.letter', { hasText: /Hello Lin,\n\nPlease move\./ }).waitFor();
    await page.screenshot({ path: `${shots}/notice.png` });
    assert.deepEqual(await findings(page), []);
    await page.getByRole('button', { name: 'Send the notice' }).click();
    await said(page, 'Lin Ortega is notified.');
    await page.getByRole('button', { name: 'Rehearse…' }).click();
    await page.getByRole('button', { name: 'Rehearse', exact: true }).click();
    await said(page, 'The rehearsal is set.');
    const rollBack = async words => {
      await page.getByRole('button', { name: 'Roll back…' }).click();
      await page.getByRole('button', { name: 'Roll back', exact: true }).click();
      await said(page, words);
    };
    await rollBack('The rehearsals are taken back.');
    await page.getByRole('button', { name: 'Move…' }).click();
    const close = page.getByRole('button', { name: 'Close the former path' });
    assert.ok(await close.isDisabled());
    await page.getByLabel(/to confirm/).fill('Lin Ortega');
    await close.click();
    await page.getByRole('alert').waitFor(); // there is time left
    await page.getByLabel(/Also against the rules/).check();
    await close.click();
    await said(page, 'Lin Ortega is moved.');
    await rollBack('The former path is open again.');
    await rollBack('The notice is taken back.');
    await page.getByText('They have not been told yet.').or(page.getByText('Using it')).first().waitFor();
    assert.equal(await page.getByRole('button', { name: 'Roll back…' }).count(), 0);
  }));
});
