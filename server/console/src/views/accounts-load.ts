import { useEffect, useRef, useState } from 'preact/hooks';
import { api, ask, nextCursor, token, type Account } from '../api';
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
  /** What the rows are of, and whether that is no longer what is asked for. */
  of: string;
  stale: boolean;
  more: () => void;
  reload: () => void;
  /** Goes on where an error has stopped it. */
  retry: () => void;
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

interface State { rows: Account[]; total?: number; error?: unknown; cursor?: string; done: boolean; busy: boolean; of?: string }

/** Loads a list page by page, and anew when it is to be of something else. An answer that comes too late is dropped. */
export function useAccounts(view: View): List {
  const what = JSON.stringify([view.q, view.tests, view.either, view.archived, view.ascending]);
  const [state, setState] = useState<State>({ rows: [], done: false, busy: true });
  const current = useRef(0);
  const load = (before: Account[], total?: number, cursor?: string) => {
    const mine = ++current.current;
    setState(s => ({ ...s, busy: true, error: undefined }));
    page(view, cursor).then(({ data, response }) => {
      if (mine !== current.current) return;
      const next = nextCursor(response);
      const counted = response.headers.get('x-total-count');
      setState({ rows: [...before, ...data], total: counted === null ? total : Number(counted), cursor: next, done: !next, busy: false, of: what });
    }, error => mine === current.current && setState({ rows: before, total, cursor, error, done: true, busy: false, of: what }));
  };
  const retry = () => load(state.rows, state.total, state.cursor);
  useEffect(() => load([]), [what]);
  // What the former key could not load, the next one may.
  useEffect(() => { if (state.error && token.value) retry(); }, [token.value]);
  return {
    ...state, retry,
    of: state.of ?? '', stale: state.of !== what,
    more: () => { if (!state.busy && !state.error && state.cursor) load(state.rows, state.total, state.cursor); },
    reload: () => load([]),
  };
}
