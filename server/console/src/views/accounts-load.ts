import { effect } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { api, ask, nextCursor, type Account } from '../api';
import { session } from '../session';
import { useNextKey } from '../ui/parts';
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
  /** Where the user has left it, and the way to say so. */
  place?: Place;
  leave: (place: Place) => void;
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

/** Where in a list the user is. */
export interface Place { top: number; active: number }

interface State { rows: Account[]; total?: number; error?: unknown; cursor?: string; done: boolean; busy: boolean; of?: string }

/** The list as it was left, for who comes back to it. */
let last: State & { place?: Place } = { rows: [], done: false, busy: true };
effect(() => { if (!session.value) last = { rows: [], done: false, busy: true }; });

/** Puts what has changed meanwhile, which comes first, before the rows that are there; undefined if there is more to it than that. */
function renewed(old: State, first: Account[], total: number): State | undefined {
  const ids = new Set(first.map(a => a.id));
  const rest = old.rows.filter(r => !ids.has(r.id));
  const fresh = first.length + rest.length - old.rows.length;
  return old.total !== undefined && total >= old.total && total <= old.total + fresh ? { ...old, rows: [...first, ...rest], total, busy: false } : undefined;
}

/** Loads a list page by page, and anew when it is to be of something else. An answer that comes too late is dropped. */
export function useAccounts(view: View): List {
  const what = JSON.stringify([view.q, view.tests, view.either, view.archived, view.ascending]);
  const [back] = useState(() => (last.of === what && !view.ascending ? last : undefined));
  const [state, setState] = useState<State>(back ?? { rows: [], done: false, busy: true });
  const current = useRef(0);
  const latest = useRef(state);
  latest.current = state;
  const load = (from: Pick<State, 'rows' | 'total' | 'cursor'>, again?: State) => {
    const mine = ++current.current;
    setState(s => ({ ...s, busy: true, error: undefined }));
    page(view, from.cursor).then(({ data, response }) => {
      if (mine !== current.current) return;
      const cursor = nextCursor(response);
      const counted = response.headers.get('x-total-count');
      const total = counted === null ? from.total : Number(counted);
      setState(again && renewed(again, data, total!) || { rows: [...from.rows, ...data], total, cursor, done: !cursor, busy: false, of: what });
    }, error => mine === current.current && setState({ ...again ?? from, error, done: true, busy: false, of: what }));
  };
  const retry = () => load(state);
  useEffect(() => load({ rows: [] }, back?.of === what ? back : undefined), [what]);
  useNextKey(state.error, retry);
  return {
    ...state, retry, place: back?.of === what ? back.place : undefined,
    leave: place => { last = { ...latest.current, place }; },
    of: state.of ?? '', stale: state.of !== what,
    more: () => { if (!state.busy && !state.error && state.cursor) load(state); },
    reload: () => load({ rows: [] }),
  };
}
