// What the tests of a file share: a server and a browser from before the first of
// them to after the last, and how a page is tested.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before } from 'node:test';
import { launch, open, serve, signIn } from './world.mjs';

export const shots = '../../bin/screenshots';
export let server, browser;
before(async () => {
  mkdirSync(shots, { recursive: true });
  server = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A signed-in page; what it must not do fails the test at its end. */
export function at(address, work, options = {}) {
  return async () => {
    const { page, offences, context } = await open(browser, server.url, options);
    try {
      await signIn(page, server.url, server.key, address);
      await work(page);
      assert.deepEqual(offences, []);
    } catch (e) {
      await page.screenshot({ path: `${shots}/failed.png` }).catch(() => {});
      throw e;
    } finally {
      await context.close();
    }
  };
}
