import { useEffect, useRef, useState } from 'preact/hooks';
import { api, ask, nextCursor, type Account } from '../api';
import type { Test } from './filters';

/** What a list is of. */
export interface View { q: string; tests: Test[]; either: boolean; archived: boolean; ascending: boolean }

export interface List {
  rows: Account[];
  total?: number;
  error?: unknown;
  /** Whether the last page is there. */
  done: boolean;
  busy: boolean;
  more: () => void;
  reload: () => void;
}

/** Asks for one page. Words and tests cannot be combined in one request, so beside a test words are a part of the title. */
export function page(view: View, cursor?: string, size = 100) {
  const common = {
    page_size: size, cursor, include_archived: view.archived || undefined, include_total: cursor ? undefined : true,
    order_by: view.ascending ? 'asc' as const : 'desc' as const,
  };
  if (view.tests.length === 0) return ask(api.GET('/accounts', { params: { query: { ...common, q: view.q || undefined } } }));
  const tests = view.q && view.tests.length < 2 ? [...view.tests, { prop: 'title', op: 'contains' as const, value: view.q }] : view.tests;
  const [a, b] = tests;
  return ask(api.GET('/accounts/search', {
    params: {
      query: {
        ...common, prop1: a.prop, op1: a.op, value1: a.value,
        ...b && { prop2: b.prop, op2: b.op, value2: b.value, logic: view.either && !view.q ? 'or' as const : 'and' as const },
      },
    },
  }));
}

/** Loads a list page by page, and anew when it is to be of something else. An answer that comes too late is dropped. */
export function useAccounts(view: View): List {
  const what = JSON.stringify([view.q, view.tests, view.either, view.archived, view.ascending]);
  const [state, setState] = useState<{ rows: Account[]; total?: number; error?: unknown; cursor?: string; done: boolean; busy: boolean }>({ rows: [], done: false, busy: true });
  const [round, setRound] = useState(0);
  const current = useRef(0);
  const load = (before: Account[], total?: number, cursor?: string) => {
    const mine = ++current.current;
    setState(s => ({ ...s, busy: true }));
    page(view, cursor).then(({ data, response }) => {
      if (mine !== current.current) return;
      const next = nextCursor(response);
      const counted = response.headers.get('x-total-count');
      setState({ rows: [...before, ...data], total: counted === null ? total : Number(counted), cursor: next, done: !next, busy: false });
    }, error => mine === current.current && setState(s => ({ ...s, error, done: true, busy: false })));
  };
  useEffect(() => load([]), [what, round]);
  return {
    ...state,
    more: () => { if (!state.busy && state.cursor) load(state.rows, state.total, state.cursor); },
    reload: () => setRound(r => r + 1),
  };
}
