// A real server with the sample company, and a real browser that watches what
// pages must not do: ask another origin, break the policy, write errors.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const binary = process.env.ACCOUNTSD ?? '../../bin/accountsd';
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell';
const axe = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');

/** Starts the server on a file of its own and a free port. */
export async function serve() {
  const data = mkdtempSync(join(tmpdir(), 'accountsd-console-'));
  const db = join(data, 'accounts.db');
  const key = execFileSync(binary, ['init', '--db', db, '--company', 'Sunrise Services', '--email', 'ada@example.com', '--sample-data'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString().trim();
  const server = spawn(binary, ['serve', '--db', db, '--addr', '127.0.0.1:0', '--webhook-allow-private', '127.0.0.0/8'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const url = await new Promise((resolve, reject) => {
    server.once('exit', () => reject(new Error('the server does not listen')));
    createInterface(server.stderr).on('line', line => {
      const at = line.match(/"msg":"listening","url":"([^"]*)"/);
      if (at) resolve(at[1]);
    });
  });
  const call = async (method, path, body, headers = {}) => {
    const answer = await fetch(`${url}/v1${path}`, { method, headers: { 'x-api-key': key, 'content-type': 'application/json', ...headers }, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? undefined : answer.json();
  };
  const makeKey = scope => execFileSync(binary, ['key', 'create', '--db', db, '--email', 'ada@example.com', '--name', scope, '--scopes', scope], { stdio: ['ignore', 'pipe', 'ignore'] }).toString().trim();
  const stop = async () => {
    const ended = new Promise(resolve => server.once('exit', resolve));
    server.kill();
    await ended;
    rmSync(data, { recursive: true });
  };
  return { url, key, call, makeKey, stop };
}

export const launch = () => chromium.launch({ executablePath, args: ['--no-sandbox'] });

/** Opens a page that notes its offences. */
export async function open(browser, url, options = {}) {
  const { width = 1440, colorScheme = 'light' } = options;
  const context = await browser.newContext({ viewport: { width, height: width < 500 ? 740 : 900 }, colorScheme, reducedMotion: 'reduce', acceptDownloads: true, locale: 'en-US' });
  const page = await context.newPage();
  page.setDefaultTimeout(8000);
  const offences = [];
  page.on('request', r => { if (!/^(blob|data):/.test(r.url()) && new URL(r.url()).origin !== url) offences.push(`asks ${r.url()}`); });
  // That the server refuses or is away is no error of the page, but the browser logs it as one.
  page.on('console', m => { if (m.type() === 'error' && !/the server responded with a status of|net::ERR_FAILED/.test(m.text())) offences.push(`console: ${m.text()}`); });
  page.on('pageerror', e => offences.push(`error: ${e.message}`));
  await page.addInitScript(() => document.addEventListener('securitypolicyviolation', e => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`)));
  return { page, offences, context };
}

/** Signs in with a key. */
export async function signIn(page, url, key, address = '') {
  await page.goto(`${url}/console/${address}`);
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('.shell').waitFor();
}

/** What axe finds in a part of the page that is serious or critical, as lines. */
export async function findings(page, within = 'body') {
  // The policy forbids script elements, but not what the driver evaluates.
  if (!await page.evaluate(() => 'axe' in window)) await page.evaluate(axe);
  const { violations } = await page.evaluate(part => window.axe.run(part, { resultTypes: ['violations'] }), within);
  return violations.filter(v => v.impact === 'serious' || v.impact === 'critical')
    .flatMap(v => v.nodes.map(n => `${v.id}: ${n.target.join(' ')} ${n.failureSummary?.split('\n')[1] ?? ''}`));
}
