// The tour with curl of README.md and docs/api.md, taken through a client that
// public tools made from openapi.yaml. Its stops follow one another, as those of
// the pages do, and start from a fresh sample company.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import createClient from 'openapi-fetch';

import type { components, operations, paths } from './build/api.js';

type AccountPatch = components['schemas']['AccountPatch'];
type Problem = components['schemas']['Problem'];
type UpdateQuery = NonNullable<operations['updateAccount']['parameters']['query']>;

// Answers in JSON only: the changes can also be had as a stream of events.
const api = createClient<paths, `application/${string}`>({
  baseUrl: variable('ACCOUNTS_URL'),
  headers: { 'x-api-key': variable('ACCOUNTS_KEY') },
});

function variable(name: string): string {
  return process.env[name] ?? assert.fail(`${name} is not set`);
}

// ok returns what was answered with the status.
function ok<T>(answer: { data?: T; error?: Problem; response: Response }, status = 200): T {
  assert.equal(answer.response.status, status, JSON.stringify(answer.error));
  assert.ok(answer.data !== undefined, 'the answer has no body');
  return answer.data;
}

// refused returns the problem that was answered with the status.
function refused(answer: { error?: Problem; response: Response }, status: number): Problem {
  assert.equal(answer.response.status, status);
  assert.equal(answer.response.headers.get('content-type'), 'application/problem+json');
  assert.ok(answer.error, 'the answer has no body');
  assert.equal(answer.error.status, status);
  return answer.error;
}

function update(accountId: number, body: AccountPatch, query: UpdateQuery = {}) {
  return api.PATCH('/accounts/{accountId}', { params: { path: { accountId }, query }, body });
}

function updateIfMatch(accountId: number, tag: string, body: AccountPatch) {
  return api.PATCH('/accounts/{accountId}', { params: { path: { accountId }, header: { 'If-Match': tag } }, body });
}

// get returns an account and its entity tag.
async function get(accountId: number) {
  const answer = await api.GET('/accounts/{accountId}', { params: { path: { accountId } } });
  const account = ok(answer);
  return { account, tag: answer.response.headers.get('etag') ?? assert.fail('the answer has no ETag') };
}

// changesAfter returns all changes after a sequence, page by page.
async function changesAfter(after: string) {
  const all: components['schemas']['Change'][] = [];
  for (;;) {
    const { changes } = ok(await api.GET('/accounts/changes', { params: { query: { after, page_size: 100 } } }));
    if (changes.length === 0) return all;
    all.push(...changes);
    after = changes.at(-1)?.sequence ?? after;
  }
}

test('change two members and clear one', async () => {
  const { account: before } = await get(1);
  assert.equal(before.primaryPhone, '+14155550142');
  const account = ok(await update(1, { primaryEmail: 'Office@Sunrise.example', primaryPhone: null, custom: { roof_type: 'metal' } }));
  assert.equal(account.primaryEmail, 'office@sunrise.example');
  assert.equal(account.primaryPhone, null);
  assert.deepEqual(account.custom, { ...before.custom, roof_type: 'Metal' });
  assert.equal(account.title, before.title);
  assert.equal(account.accountType, 'COMMERCIAL');
});

test('a new option is refused unless it is allowed', async () => {
  const thatch = { custom: { roof_type: 'Thatch' } };
  const problem = refused(await update(1, thatch), 400);
  assert.deepEqual(problem.errors?.map((e) => e.pointer), ['/custom/roof_type']);
  const account = ok(await update(1, thatch, { allow_new_options: true }));
  assert.equal(account.custom['roof_type'], 'Thatch');
});

test('three mistakes, one answer, nothing written', async () => {
  const before = await get(1);
  // The compiler tells two of them: a name that is no member, and a value that is none of the type's.
  // @ts-expect-error
  ({ titel: 'Sunrise' }) satisfies AccountPatch;
  // @ts-expect-error
  ({ accountType: 'residential' }) satisfies AccountPatch;
  const mistakes: object = { titel: 'Sunrise', accountType: 'residential', custom: { roof_typ: 'Tile' } };

  const problem = refused(await update(1, mistakes), 400);
  assert.equal(problem.code, 'VALIDATION_ERROR');
  assert.equal(problem.instance, '/v1/accounts/1');
  assert.equal(problem.field, 'accountType');
  const told = problem.errors?.map((e) => [e.in, e.pointer, e.message]);
  assert.deepEqual(told, [
    ['body', '/accountType', 'accountType must be one of RESIDENTIAL, COMMERCIAL; got "residential"'],
    ['body', '/titel', 'titel is not a known member; did you mean "title"?'],
    ['body', '/custom/roof_typ', 'custom.roof_typ is not a property of this company; did you mean "roof_type"?'],
  ]);
  assert.deepEqual(await get(1), before);
});

test('look before you leap', async () => {
  const before = await get(1);
  const answer = await update(1, { title: 'Sunrise Solar & Roofing' }, { dry_run: true });
  assert.equal(ok(answer).title, 'Sunrise Solar & Roofing');
  assert.equal(answer.response.headers.get('preview'), 'true');
  assert.equal(answer.response.headers.get('etag'), null);
  assert.deepEqual(await get(1), before);
});

test('only if nobody else changed it', async () => {
  const before = await get(1);
  const problem = refused(await updateIfMatch(1, '"1-1"', { isActive: false }), 412);
  assert.equal(problem.code, 'PRECONDITION_FAILED');
  assert.deepEqual(await get(1), before);

  const archived = await updateIfMatch(1, before.tag, { isActive: false });
  assert.equal(ok(archived).isActive, false);
  const tag = archived.response.headers.get('etag');
  assert.ok(tag && tag !== before.tag);
  assert.equal(ok(await updateIfMatch(1, tag, { isActive: true })).isActive, true);
});

test('create an account, or find it', async () => {
  const post = () =>
    api.POST('/accounts', {
      params: { query: { match_by: 'primaryEmail', match_found_strategy: 'enrich' } },
      body: { title: 'Bluebird Books', address: ['5 Pier Road, Monterey, CA'], primaryEmail: 'hello@bluebird.example' },
    });
  const answer = await post();
  const created = ok(answer, 201);
  assert.equal(answer.response.headers.get('location'), `/v1/accounts/${created.id}`);
  assert.deepEqual(created.contacts?.map((c) => c.emails), [['hello@bluebird.example']]);
  assert.deepEqual(ok(await post()), created);
});

test('find words anywhere, and follow the Link header', async () => {
  const found = ok(await api.GET('/accounts', { params: { query: { q: 'sunrise mission', page_size: 50 } } }));
  assert.deepEqual(found.map((a) => a.id), [1]);

  let page = await api.GET('/accounts', { params: { query: { q: 'residence', page_size: 50, order_by: 'asc', include_total: true } } });
  const total = Number(page.response.headers.get('x-total-count'));
  const ids = ok(page).map((a) => a.id);
  assert.deepEqual(ids.slice(0, 2), [3, 4]);
  for (let next = linkToNext(page.response); next; next = linkToNext(page.response)) {
    assert.ok(ids.length < 500, 'the pages do not end');
    const query = next.search.slice(1);
    page = await api.GET('/accounts', { querySerializer: () => query });
    ids.push(...ok(page).map((a) => a.id));
  }
  assert.ok(total > 100);
  assert.equal(new Set(ids).size, total);
});

function linkToNext(response: Response): URL | undefined {
  const target = /<([^>]*)>; *rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
  if (target === undefined) return undefined;
  const url = new URL(target, response.url);
  assert.equal(url.pathname, new URL(response.url).pathname);
  return url;
}

test('search by members, custom ones too', async () => {
  const answer = await api.GET('/accounts/search', {
    params: {
      query: { prop1: 'roof_type', op1: 'in', value1: 'Tile,Metal', logic: 'and', prop2: 'value', op2: 'gte', value2: '40000' },
    },
  });
  const found = ok(answer);
  assert.equal(found.length, 20);
  for (const account of found) {
    assert.ok(['Tile', 'Metal'].includes(account.custom['roof_type'] as string) && Number(account.value) >= 40000, account.title);
  }
});

test('what happened to all accounts', async () => {
  const changes = await changesAfter('0');
  const sequences = changes.map((c) => c.sequence);
  assert.deepEqual(sequences, [...new Set(sequences)].sort());
  const tour = changes.slice(changes.findIndex((c) => c.accountId === 1 && c.version === 2));
  assert.equal(changes.filter((c) => c.kind === 'created').length, 501);
  assert.deepEqual(tour.map((c) => [c.kind, c.accountId, c.version]), [
    ...[2, 3, 4, 5].map((version) => ['updated', 1, version]),
    ['created', 501, 1],
  ]);
  assert.deepEqual(tour[0]?.fields, {
    primaryPhone: { before: '+14155550142', after: null },
    'custom.roof_type': { before: 'Tile', after: 'Metal' },
  });
  assert.equal(tour[0]?.actor?.email, 'ada@example.com');
  assert.deepEqual(await changesAfter(sequences.at(-1) ?? ''), []);
});

test('two updates, both or neither, and once', async () => {
  const last = (await changesAfter('0')).at(-1)?.sequence ?? assert.fail('there are no changes');
  const post = () =>
    api.POST('/accounts/batch', {
      params: { header: { 'Idempotency-Key': 'tour-1' } },
      body: {
        updates: [
          { id: 2, set: { custom: { stage: 'Installed' } } },
          { id: 3, set: { value: 7200 } },
        ],
      },
    });
  const first = await post();
  const { accounts } = ok(first);
  assert.deepEqual(accounts.map((a) => a.id), [2, 3]);
  assert.equal(accounts[0]?.custom['stage'], 'Installed');
  assert.equal(accounts[1]?.value, 7200);
  assert.equal(first.response.headers.get('idempotency-replayed'), null);

  const again = await post();
  assert.deepEqual(ok(again), { accounts });
  assert.equal(again.response.headers.get('idempotency-replayed'), 'true');
  assert.deepEqual((await changesAfter(last)).map((c) => c.accountId), [2, 3]);

  const updates = [{ id: 2, set: { title: 'Harbor' } }, { id: 9999, set: { value: 1 } }];
  refused(await api.POST('/accounts/batch', { body: { updates } }), 400);
  assert.equal((await get(2)).account.title, 'Harbor Cafe');
});

test('a contact of two accounts', async () => {
  const body = { name: 'Ana Silva', emails: ['ana@sunrise.example'], accountIds: [1, 2] };
  const contact = ok(await api.POST('/contacts', { body }), 201);
  assert.deepEqual(contact.accounts, [
    { id: 1, title: 'Sunrise Solar' },
    { id: 2, title: 'Harbor Cafe' },
  ]);
});

test('a custom property that is quick to search by', async () => {
  const property = ok(await api.POST('/properties', { body: { name: 'Region', type: 'DROPDOWN', options: ['North', 'South'], indexed: true } }), 201);
  assert.equal(property.keyName, 'region');
  assert.deepEqual(property.options, ['North', 'South']);
  assert.equal(property.indexed, true);
});
