import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Account } from '../api';
import { ago, count, formatCount, formatTime } from '../format';
import { show, valueOf, type Member } from '../members';
import { go } from '../router';
import { usePaper } from '../ui/paper';
import { Chip } from '../ui/parts';
import { typing } from '../ui/shortcuts';
import type { List } from './accounts-load';

interface TableProps {
  list: List;
  columns: Member[];
  ascending: boolean;
  onTurn: () => void;
  chosen: Map<number, Account>;
  choose: (accounts: Account[], on: boolean) => void;
}

const narrow = matchMedia('(max-width: 640px)');
const head = 34; // the height of the titles
const around = 8; // rows beyond the edges that are there, so that scrolling shows no gaps

/** The rows that can be seen, of as many as there are: the others are space. */
export function AccountsTable({ list, columns, ascending, onTurn, chosen, choose }: TableProps) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(list.place?.top ?? 0);
  const [height, setHeight] = useState(800);
  const [active, setActive] = useState(list.place?.active ?? 0);
  // Who comes back goes on where the focus was.
  const moved = useRef(!!list.place);
  const shown = useRef({ top, active, of: list.of });
  const anchor = useRef(0);
  const pressed = useRef([0, 0]);
  const row = narrow.matches ? 56 : 36;
  const { rows } = list;
  const paper = usePaper();
  const from = paper ? 0 : Math.max(0, Math.floor(top / row) - around);
  const until = paper ? rows.length : Math.min(rows.length, Math.ceil((top + height) / row) + around);

  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setHeight(entry.contentRect.height));
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  useEffect(() => { if (!paper && until >= rows.length - 30) list.more(); }, [until, rows.length, list.busy]);
  useEffect(() => { if (active >= rows.length) setActive(0); }, [rows.length]);
  // Another list begins at its top.
  useLayoutEffect(() => {
    if (list.of === shown.current.of) return;
    box.current!.scrollTop = 0;
    setTop(0);
    setActive(0);
    anchor.current = 0;
  }, [list.of]);
  useLayoutEffect(() => { shown.current = { top, active, of: list.of }; });
  useLayoutEffect(() => {
    box.current!.scrollTop = shown.current.top;
    return () => list.leave(shown.current);
  }, []);
  useLayoutEffect(() => {
    if (moved.current) box.current?.querySelector<HTMLElement>(`[data-row="${active}"] a`)?.focus({ preventScroll: true });
    moved.current = false;
  }, [active, from, until]);

  const move = (to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to));
    const el = box.current!;
    if (next * row < el.scrollTop) el.scrollTop = next * row;
    if ((next + 1) * row + head > el.scrollTop + el.clientHeight) el.scrollTop = (next + 1) * row + head - el.clientHeight;
    setTop(el.scrollTop);
    moved.current = true;
    setActive(next);
  };
  const mark = (i: number, range: boolean) => {
    const on = !chosen.has(rows[i].id);
    const [a, b] = range ? [Math.min(anchor.current, i), Math.max(anchor.current, i)] : [i, i];
    choose(rows.slice(a, b + 1), on);
    anchor.current = i;
  };
  const onKey = (e: KeyboardEvent) => {
    if (typing(e)) return;
    const step: Record<string, number> = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + 12, PageUp: active - 12, Home: 0, End: rows.length - 1 };
    if (e.key in step) { e.preventDefault(); move(step[e.key]); }
    if (e.key === ' ' && (e.target as HTMLElement).tagName === 'A') { e.preventDefault(); mark(active, e.shiftKey); }
  };
  // Who drags over a row selects what is in it.
  const dragged = (e: MouseEvent) => Math.hypot(e.clientX - pressed.current[0], e.clientY - pressed.current[1]) > 4;
  const all = rows.length > 0 && rows.slice(0, 500).every(r => chosen.has(r.id));
  return (
    <div class={`rows ${list.stale ? 'stale' : ''}`} ref={box} onScroll={e => setTop(e.currentTarget.scrollTop)} onKeyDown={onKey} onMouseDown={e => { pressed.current = [e.clientX, e.clientY]; }} aria-busy={list.busy}>
      <table aria-rowcount={list.total ?? -1}>
        <Titles columns={columns} ascending={ascending} onTurn={onTurn} all={all} onAll={on => choose(rows.slice(0, 500), on)} />
        <tbody>
          {from > 0 && <tr class="space" aria-hidden="true"><td colSpan={columns.length + 1} style={{ height: `${from * row}px` }} /></tr>}
          {rows.slice(from, until).map((a, i) => (
            <Row key={a.id} account={a} index={from + i} columns={columns} active={from + i === active} chosen={chosen.has(a.id)} onPick={range => mark(from + i, range)} onFocus={() => setActive(from + i)} onOpen={e => { if (!dragged(e)) go(`#/accounts/${a.id}`); }} />
          ))}
          {until < rows.length && <tr class="space" aria-hidden="true"><td colSpan={columns.length + 1} style={{ height: `${(rows.length - until) * row}px` }} /></tr>}
        </tbody>
      </table>
      {list.busy && rows.length === 0 && <p class="waiting pad">Loading…</p>}
      {paper && !list.done && <p class="pad">These are the first {formatCount(rows.length)}{list.total !== undefined && ` of ${count(list.total, 'account')}`}. An export has all of them.</p>}
    </div>
  );
}

interface TitlesProps { columns: Member[]; ascending: boolean; onTurn: () => void; all: boolean; onAll: (on: boolean) => void }

const Titles = ({ columns, ascending, onTurn, all, onAll }: TitlesProps) => (
  <thead>
    <tr>
      <th class="pick"><input type="checkbox" aria-label="Select all that are loaded, up to 500" checked={all} onChange={e => onAll(e.currentTarget.checked)} /></th>
      {columns.map(c => (
        <th key={c.key} scope="col" class={`of-${c.kind} ${c.key === 'title' ? 'lead' : ''}`} aria-sort={c.key === 'updatedAt' ? (ascending ? 'ascending' : 'descending') : undefined}>
          {c.key === 'updatedAt' ? <button type="button" class="sort" onClick={onTurn}>{c.name} {ascending ? '↑' : '↓'}</button> : c.name}
        </th>
      ))}
    </tr>
  </thead>
);

interface RowProps { account: Account; index: number; columns: Member[]; active: boolean; chosen: boolean; onPick: (range: boolean) => void; onFocus: () => void; onOpen: (e: MouseEvent) => void }

const Row = ({ account, index, columns, active, chosen, onPick, onFocus, onOpen }: RowProps) => (
  <tr data-row={index} aria-rowindex={index + 1} class={`${active ? 'active' : ''} ${chosen ? 'chosen' : ''}`} onClick={e => { if (!(e.target as HTMLElement).closest('a, input, td.pick')) onOpen(e); }}>
    <td class="pick"><input type="checkbox" tabIndex={-1} aria-label={`Select ${account.title}`} checked={chosen} onClick={e => onPick(e.shiftKey)} /></td>
    {columns.map(c => (
      <td key={c.key} class={`of-${c.kind} ${c.key === 'title' ? 'lead' : ''}`}>
        {c.key === 'title'
          ? <>
              <a href={`#/accounts/${account.id}`} tabIndex={active ? 0 : -1} onFocus={onFocus}>{account.title}</a>
              {!account.isActive && <Chip>Archived</Chip>}
              <span class="second">{[account.primaryEmail ?? account.primaryPhone, ago(account.updatedAt)].filter(Boolean).join(' · ')}</span>
            </>
          : <Cell value={valueOf(account, c.key)} member={c} />}
      </td>
    ))}
  </tr>
);

function Cell({ value, member }: { value: unknown; member: Member }) {
  if (member.kind === 'time') return <span title={formatTime(value as string)}>{ago(value as string)}</span>;
  const text = show(value, member);
  if (!text) return <span class="none" aria-label="none">–</span>;
  if (member.kind === 'choice' && member.open) return <>{[value].flat().map(v => <Chip key={String(v)}>{String(v)}</Chip>)}</>;
  return <span title={text.length > 24 ? text : undefined}>{text}</span>;
}
