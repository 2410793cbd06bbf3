// Every view at both widths and in both colour schemes, and the reference.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { at, browser, server, shots } from './shared.mjs';
import { findings, open, signIn } from './world.mjs';

const views = {
  accounts: '#/accounts', account: '#/accounts/2', 'new-account': '#/accounts/new', duplicates: '#/duplicates', import: '#/import', contacts: '#/contacts', contact: '#/contacts/1',
  properties: '#/properties', property: '#/properties/roof_type', users: '#/users', keys: '#/keys', webhooks: '#/webhooks', webhook: '#/webhooks/1', alias: '#/alias', 'alias-user': '#/alias/2',
};

describe('every view', () => {
  // Nobody listens there, so there is a failure to look at.
  before(() => server.call('POST', '/webhooks', { url: 'http://127.0.0.1:9/accounts', description: 'the billing system', members: ['value', 'custom.roof_type'], after: '0' }));
    // Each width and each scheme is looked through once.
  for (const [width, colorScheme] of [[1440, 'light'], [1440, 'dark'], [360, 'light'], [360, 'dark']]) {
    const looked = (width === 360) === (colorScheme === 'dark');
    test(`at ${width} px, ${colorScheme}: accessible, and no wider than the window`, at('', async page => {
      for (const [name, address] of Object.entries(views)) {
        await page.evaluate(a => { location.hash = a; }, address);
        await page.waitForFunction(() => document.querySelector('h1') && !document.querySelector('.waiting'));
        await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'));
        await page.screenshot({ path: `${shots}/${name}-${width}-${colorScheme}.png` });
        if (looked) assert.deepEqual(await findings(page), [], name);
        assert.ok(await page.evaluate(() => [document.documentElement, document.querySelector('main')].every(e => e.scrollWidth <= e.clientWidth)), `${name} is too wide`);
        const words = page.locator('.option-name');
        for (let i = 0; i < await words.count(); i++) assert.ok((await words.nth(i).boundingBox()).height < 30, `an option of ${name} is broken into lines`);
      }
    }, { width, colorScheme }));
  }
});

describe('an address', () => {
  test('that leads nowhere says so, whatever it is', at('', async page => {
    for (const nowhere of ['#/nonsense', '#/constructor', '#/__proto__', '#/%', '#/accounts/%E0%', '#/accounts/abc', '#/contacts/0', '#/webhooks/1.5', '#/alias/-1']) {
      await page.evaluate(a => { location.hash = a; }, nowhere);
      await page.getByRole('heading', { name: 'Not found' }).waitFor();
      await page.getByRole('link', { name: 'Go to the accounts' }).click();
      await page.locator('.rows').waitFor();
    }
  }));

  test('and a property may be called what objects have', at('', async page => {
    await server.call('POST', '/properties', { name: 'Constructor', type: 'TEXT' });
    await page.reload();
    await signIn(page, server.url, server.key, '#/accounts/3');
    assert.equal(await page.getByLabel('Constructor').inputValue(), '');
    await page.goto(`${server.url}/console/#/import`);
    await page.getByLabel('A CSV file').setInputFiles({ name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from('Constructor,__proto__,valueOf\n1,2,3\n') });
    assert.deepEqual(await page.locator('.mapping select').evaluateAll(all => all.map(s => s.value)), ['custom.constructor', '', '']);
  }));
});

test('what is not there is told under a title, with a way back', at('', async page => {
  for (const [address, title, back] of [['#/contacts/99999', 'Contact 99999', 'Contacts'], ['#/alias/99999', 'User 99999', 'Former path'], ['#/webhooks/99999', 'Webhook 99999', 'Webhooks'], ['#/accounts/99999', 'Account 99999', 'Accounts']]) {
    await page.evaluate(a => { location.hash = a; }, address);
    await page.getByRole('heading', { name: title, level: 1 }).waitFor();
    await page.waitForFunction(t => document.title === t, `${title} · accountsd`); // which is set behind the view
    await page.getByRole('main').getByRole('link', { name: back }).click();
    await page.getByRole('heading', { name: back, level: 1 }).waitFor();
  }
}));

describe('the reference', () => {
  test('is filtered by words in whatever names an operation', async () => {
    const { page, offences, context } = await open(browser, server.url, { width: 320 });
    page.setDefaultTimeout(30_000);
    await page.goto(`${server.url}/docs/`);
    const filter = page.getByLabel('Filter the operations');
    for (const [words, path, others] of [['patch accounts', '/accounts/{accountId}', '/accounts/search'], ['Batch', '/accounts/batch', '/accounts/{accountId}'], ['mergeaccounts', '/accounts/{accountId}/merge', '/accounts/batch']]) {
      await filter.fill(words);
      await page.locator(`[data-path="${others}"]`).waitFor({ state: 'detached' });
      await page.locator(`[data-path="${path}"]`).first().waitFor();
    }
    // It is no wider than the window with an operation unfolded.
    await page.locator('#operations-Accounts-mergeAccounts .opblock-summary').click();
    await page.locator('#operations-Accounts-mergeAccounts .responses-table').waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    assert.deepEqual(offences, []);
    await context.close();
  });

  for (const [width, colorScheme] of [[1440, 'light'], [360, 'dark']]) {
    test(`at ${width} px, ${colorScheme}: carries out an operation with a key`, async () => {
      const { page, offences, context } = await open(browser, server.url, { width, colorScheme });
      page.setDefaultTimeout(30_000);
      await page.goto(`${server.url}/docs/`);
      await page.getByRole('button', { name: 'Authorize' }).first().click();
      await page.getByLabel('Value').first().fill(server.key);
      await page.locator('.modal-ux .authorize').first().click();
      await page.locator('.btn-done').first().click();
      const operation = page.locator('#operations-Accounts-updateAccount');
      await operation.locator('.opblock-summary').click();
      // The example has the company's own members, which those of the general document have not.
      await page.waitForFunction(() => document.querySelector('#operations-Accounts-updateAccount textarea')?.value.includes('"interests"'));
      await operation.getByRole('textbox', { name: 'accountId' }).fill('1');
      await operation.getByRole('textbox', { name: 'Body' }).fill('{"title":"Sunrise Solar & Sons"}');
      await page.screenshot({ path: `${shots}/docs-${width}-${colorScheme}.png` });
      await operation.getByRole('button', { name: 'Execute' }).click();
      await operation.locator('.live-responses-table', { hasText: 'Sunrise Solar & Sons' }).waitFor();
      // Swagger UI nests a button to copy in the head of an operation, which is one too.
      assert.deepEqual((await findings(page, '#operations-Accounts-updateAccount')).filter(f => !f.startsWith('nested-interactive')), []);
      assert.deepEqual(offences, []);
      await context.close();
    });
  }
});
