import { effect, signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Account } from '../api';
import { may, session } from '../session';
import { go, route, to } from '../router';
import { count } from '../format';
import { customMembers, memberOf, members, ownMembers, type Member } from '../members';
import { Menu } from '../ui/menu';
import { Button, Chip, Empty, Failure, Head, Icon } from '../ui/parts';
import { typing } from '../ui/shortcuts';
import { AccountsTable } from './accounts-table';
import { Bulk } from './bulk';
import { Merge } from './duplicates';
import { exportView } from './export';
import { Filters, TestChips, testsOf, type Test } from './filters';
import { useAccounts, type View } from './accounts-load';
import { say } from '../ui/toast';

/** The list as it was last seen, to come back to. */
export const lastList = signal('#/accounts');
effect(() => { if (!session.value) lastList.value = '#/accounts'; });

const most = 500;
const mostMerged = 21; // one that stays, and as many others as a merge takes
const usual = ['title', 'primaryEmail', 'primaryPhone', 'accountType', 'updatedAt'];

/** The columns that are shown if nobody chose: the usual ones, and the first dropdowns. */
const usualColumns = () => [...usual.slice(0, -1), ...customMembers.value.filter(m => m.kind === 'choice').slice(0, 2).map(m => m.key), 'updatedAt'];

const isActivity = (t: Test) => t.prop === 'isActive';

function viewOf(params: URLSearchParams): View & { columns: Member[] } {
  const chosen = params.get('columns')?.split(',') ?? usualColumns();
  const columns = ['title', ...chosen.filter(k => k !== 'title')].map(memberOf).filter(m => !!m);
  const tests = testsOf(params);
  return {
    q: params.get('q') ?? '', tests, either: params.get('logic') === 'or',
    // A test of whether they are active is about the others too.
    archived: params.get('archived') === 'true' || tests.some(isActivity), ascending: params.get('order') === 'asc', columns,
  };
}

/** Puts the focus on the row that has it among the rows, or the first. */
const focusRows = () => (document.querySelector<HTMLElement>('.rows a[tabindex="0"]') ?? document.querySelector<HTMLElement>('.rows tbody a'))?.focus();

/** All accounts: to find, to look over, to change many. */
export function Accounts() {
  const { params } = route.value;
  const view = viewOf(params);
  const list = useAccounts(view);
  const [chosen, setChosen] = useState(new Map<number, Account>());
  const [bulk, setBulk] = useState(false);
  const [merging, setMerging] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const [exporting, setExporting] = useState(false);
  const address = location.hash;
  useEffect(() => { lastList.value = address || '#/accounts'; }, [address]);

  // Who leaves the search for the rows gets to those that were searched for, once they are there.
  useEffect(() => {
    if (!leaving || list.stale) return;
    focusRows();
    setLeaving(false);
  }, [leaving, list.stale]);
  const leave = (q: string) => {
    if (q !== view.q) set({ q });
    if (q !== view.q || list.stale) setLeaving(true);
    else focusRows();
  };

  const set = (change: Record<string, string | undefined>) => go(to('accounts', { ...Object.fromEntries(params), ...change }), true);
  const setTests = (tests: Test[]) => set(Object.fromEntries([0, 1].flatMap(i => {
    const t = tests[i];
    return [[`prop${i + 1}`, t?.prop], [`op${i + 1}`, t?.op], [`value${i + 1}`, t?.value]];
  })));
  const choose = (accounts: Account[], on: boolean) => {
    const next = new Map(chosen);
    for (const a of accounts) if (on) next.set(a.id, a); else next.delete(a.id);
    if (next.size > most) say(`At most ${most} accounts are changed together.`, 'bad');
    else setChosen(next);
  };
  const done = () => { setChosen(new Map()); list.reload(); };
  const save = async () => {
    setExporting(true);
    await exportView(view).catch(e => say(`Nothing was exported: ${e.message}`, 'bad'));
    setExporting(false);
  };
  const filtered = view.q || view.tests.length > 0 || view.archived;

  return (
    <div class="list-view" style={{ maxWidth: `max(1360px, ${view.columns.length * 190}px)` }}>
      <Head title="Accounts" under={<span role="status">{list.total === undefined ? '' : count(list.total, 'account')}</span>}>
        <Button icon="download" busy={exporting} onClick={save}>Export</Button>
        {may('write') && <a class="button main" href="#/accounts/new"><Icon name="plus" />New account</a>}
      </Head>
      <div class="toolbar">
        <Search q={view.q} disabled={view.tests.length > 1} titleOnly={view.tests.length === 1} onChange={q => set({ q })} onLeave={leave} />
        <Filters tests={view.tests} most={view.q ? 1 : 2} onChange={setTests} />
        <Columns chosen={view.columns.map(c => c.key)} onChange={keys => set({ columns: keys.join() === usualColumns().join() ? undefined : keys.join() })} />
        <label class="switch"><input type="checkbox" checked={view.archived} disabled={view.tests.some(isActivity)} onChange={e => set({ archived: e.currentTarget.checked ? 'true' : undefined })} />Include archived</label>
      </div>
      <TestChips tests={view.tests} either={view.either} onTurn={() => set({ logic: view.either ? undefined : 'or' })} onChange={setTests} />
      {chosen.size > 0 && (
        <div class="selection" role="status">
          <Chip tone="info">{chosen.size} selected</Chip>
          {may('write') && <Button look="main" onClick={() => setBulk(true)}>Edit them…</Button>}
          {may('write') && chosen.size > 1 && chosen.size <= mostMerged && <Button onClick={() => setMerging(true)}>Merge them…</Button>}
          <Button look="quiet" onClick={() => setChosen(new Map())}>Clear the selection</Button>
        </div>
      )}
      <Failure of={list.error} onRetry={list.retry} />
      {list.done && list.rows.length === 0
        ? !list.error && <Empty title={filtered ? 'No accounts match.' : 'There are no accounts yet.'}>
            {filtered ? <Button onClick={() => go('#/accounts', true)}>Show all</Button> : may('write') && <a class="button plain" href="#/import">Import accounts</a>}
          </Empty>
        : <AccountsTable list={list} columns={view.columns} ascending={view.ascending} onTurn={() => set({ order: view.ascending ? undefined : 'asc' })} chosen={chosen} choose={choose} />}
      {merging && <Merge accounts={[...chosen.values()]} onClose={() => setMerging(false)} onDone={() => { setMerging(false); done(); }} />}
      {bulk && <Bulk accounts={[...chosen.values()]} onClose={() => setBulk(false)} onDone={() => { setBulk(false); done(); }} />}
    </div>
  );
}

function Search({ q, disabled, titleOnly, onChange, onLeave }: { q: string; disabled: boolean; titleOnly: boolean; onChange: (q: string) => void; onLeave: (q: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef(0);
  useLayoutEffect(() => {
    const on = (e: KeyboardEvent) => { if (e.key === '/' && !typing(e)) { e.preventDefault(); input.current?.select(); } };
    addEventListener('keydown', on);
    return () => { removeEventListener('keydown', on); clearTimeout(timer.current); };
  }, []);
  useEffect(() => { if (input.current && input.current !== document.activeElement) input.current.value = q; }, [q]);
  const change = (value: string) => { clearTimeout(timer.current); timer.current = window.setTimeout(() => onChange(value.trim()), 120); };
  return (
    <div class="search">
      <Icon name="search" />
      <input ref={input} type="search" aria-label="Search accounts" aria-keyshortcuts="/" placeholder={disabled ? 'Two filters at most' : titleOnly ? 'Part of the title' : 'Search accounts'} disabled={disabled} defaultValue={q}
        onInput={e => change(e.currentTarget.value)}
        onKeyDown={e => {
          if (e.isComposing) return;
          if (e.key === 'Escape') { e.currentTarget.value = ''; change(''); e.currentTarget.blur(); }
          if (e.key === 'ArrowDown' || e.key === 'Enter') { e.preventDefault(); clearTimeout(timer.current); onLeave(e.currentTarget.value.trim()); }
        }} />
      <kbd aria-hidden="true">/</kbd>
    </div>
  );
}

function Columns({ chosen, onChange }: { chosen: string[]; onChange: (keys: string[]) => void }) {
  return (
    <Menu icon="columns" title="Columns">{() => (
      <div class="menu-body">
        {[...ownMembers, ...customMembers.value].filter(m => m.key !== 'title').map(m => (
          <label key={m.key}><input type="checkbox" checked={chosen.includes(m.key)} onChange={e => onChange(e.currentTarget.checked ? members.value.map(o => o.key).filter(k => chosen.includes(k) || k === m.key) : chosen.filter(k => k !== m.key))} />{m.name}</label>
        ))}
      </div>
    )}</Menu>
  );
}
