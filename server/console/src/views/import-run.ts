import { api, ask, Refusal, type Account, type ReasonHeader, type Schemas } from '../api';
import { unguarded, type Row } from '../csv';
import { keepNumbers } from '../exact';
import { count } from '../format';
import { bodyOf, members, read, type Draft, type Member } from '../members';
import { differing } from './difference';

/** How the rows of a file become accounts. */
export interface Plan {
  /** The member that each column goes to; empty for none. */
  targets: string[];
  matchBy: Schemas['MatchMember'];
  strategy: Schemas['MatchStrategy'];
  newOptions: boolean;
}

/** What the writes of a file have in common: the name under which each is carried out once, and the reason. */
export interface Series { name: string; reason: ReasonHeader }

export interface Outcome { row: Row; title: string; what: 'created' | 'changed' | 'matched' | 'refused'; words: string; id?: number }

/** The members that a column can go to. */
export const targets = (): Member[] => members.value.filter(m => !m.readOnly);

const fold = (name: string) => name.toLowerCase().replace(/^custom\./, '').replace(/[^\p{L}\p{N}]/gu, '');
const others = new Map(Object.entries({ name: 'title', company: 'title', companyname: 'title', accountname: 'title', email: 'primaryEmail', emailaddress: 'primaryEmail', phone: 'primaryPhone', telephone: 'primaryPhone', phonenumber: 'primaryPhone', type: 'accountType', notes: 'description', street: 'address' }));

/** Guesses where columns go, by their names whatever their case, spaces and underscores. */
export function guess(head: string[]): string[] {
  const taken = new Set<string>();
  return head.map(column => {
    const name = fold(column);
    const key = targets().find(m => fold(m.prop) === name || fold(m.name) === name)?.key ?? others.get(name) ?? '';
    if (!key || taken.has(key)) return '';
    taken.add(key);
    return key;
  });
}

/** The members that a row sets. An empty cell sets none. */
function draftOf({ cells }: Row, plan: Plan): Draft {
  const draft: Draft = {};
  for (const [i, key] of plan.targets.entries()) {
    const member = members.value.find(m => m.key === key);
    const cell = unguarded(cells[i] ?? '');
    if (!member || cell.trim() === '') continue;
    draft[key] = member.multiple ? list(cell, member) : read(cell, member);
  }
  return draft;
}

/** Several values in a cell are a JSON array; else it is one. */
function list(cell: string, member: Member): unknown[] {
  if (cell.trim().startsWith('[')) {
    try {
      return JSON.parse(keepNumbers(cell));
    } catch { /* It is a text that begins so. */ }
  }
  return [read(cell, { ...member, multiple: false })];
}

/** How a run tells what it comes to, and hears that nobody waits for it any more. */
export interface Tell { outcomes: (outcomes: Outcome[]) => void; waiting: (waiting: boolean) => void; stopped: () => boolean }

const atOnce = 4;

/** Sends each row as one account, and tells the outcomes as they come. A row that is refused does not affect the others; one that was written in this series is not written again. */
export async function run(rows: Row[], plan: Plan, dry: boolean, series: Series, tell: Tell): Promise<void> {
  const outcomes: Outcome[] = [];
  let next = 0;
  let told = 0;
  const work = async () => {
    while (next < rows.length && !tell.stopped()) {
      const i = next++;
      await patiently(async () => { outcomes[i] = await send(rows[i], plan, dry, series); }, tell);
      if (Date.now() - told > 200) { told = Date.now(); tell.outcomes([...outcomes]); }
    }
  };
  // Rows may match each other, so those that write keep their order.
  await Promise.all(Array.from({ length: dry ? atOnce : 1 }, work));
  tell.outcomes([...outcomes]);
}

/** Waits and tries again while the server is away, the key is no longer good, or has sent as much as it may. */
async function patiently(work: () => Promise<void>, tell: Tell): Promise<void> {
  while (!tell.stopped()) {
    try {
      await work();
      tell.waiting(false);
      return;
    } catch (refused) {
      tell.waiting((refused as Refusal).status !== 429);
      await new Promise(resolve => setTimeout(resolve, 1000));
    }
  }
}

/** Whether a row may be taken where it was not, without another one. */
const passing = (refused: unknown) => refused instanceof Refusal && [0, 401, 429, 502, 503, 504].includes(refused.status);

/** Throws if the row is to be sent again. */
async function send(row: Row, plan: Plan, dry: boolean, { name, reason }: Series): Promise<Outcome> {
  const draft = draftOf(row, plan);
  const title = String(draft.title ?? row.cells[0] ?? '');
  const wide = row.cells.findLastIndex(cell => cell.trim()) + 1;
  if (wide > plan.targets.length) return { row, title, what: 'refused', words: `There are ${count(wide, 'cell')}, but ${count(plan.targets.length, 'column')}: text with a separator in it has to be quoted.` };
  try {
    const { data, response } = await ask(api.POST('/accounts', {
      params: { query: { match_by: plan.matchBy, match_found_strategy: plan.strategy, allow_new_options: plan.newOptions || undefined, dry_run: dry || undefined } },
      headers: { ...reason, ...(!dry && { 'Idempotency-Key': `${name}-${row.number}` }) }, body: bodyOf(draft) as never,
    }));
    if (response.status === 201) return { row, title, what: 'created', words: '', id: dry ? undefined : data.id };
    return { row, title: data.title, id: data.id, ...await compare(data, plan, dry) };
  } catch (e) {
    if (passing(e)) throw e;
    const words = e instanceof Refusal ? e.besides([]).join(' ') : String(e);
    return { row, title, what: 'refused', words };
  }
}

/** What a row makes of the account that it matches: in a dry run the record as it is tells. */
async function compare(after: Account, plan: Plan, dry: boolean): Promise<{ what: 'changed' | 'matched'; words: string }> {
  if (plan.strategy === 'skip') return { what: 'matched', words: 'There is one already.' };
  if (!dry) return { what: 'changed', words: '' };
  const { data: before } = await ask(api.GET('/accounts/{accountId}', { params: { path: { accountId: after.id }, query: { include_archived: true } } }));
  const names = differing(before, after).map(m => m.name);
  return names.length ? { what: 'changed', words: names.join(', ') } : { what: 'matched', words: 'It has all of this.' };
}
