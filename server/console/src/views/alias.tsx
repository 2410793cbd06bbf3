import { api, ask, type Alias } from '../api';
import { ago, count, formatDate, nameOf } from '../format';
import { Chart, type Span } from '../ui/chart';
import { Chip, Empty, Head, useLoaded, Wait } from '../ui/parts';

export const states: [Alias['state'], string, string][] = [
  ['using', 'Using it', 'Nothing was said to them yet.'],
  ['notified', 'Notified', 'They know that it will end.'],
  ['migrated', 'Moved', 'It is closed for them.'],
];

/** Calls by spans of days up to today, from the sums that the API tells. */
export const spansOf = (users: Alias[]): Span[] => {
  const sum = (of: (c: Alias['calls']) => number) => users.reduce((n, u) => n + of(u.calls), 0);
  const today = sum(c => c.today), week = sum(c => c.last7Days), month = sum(c => c.last30Days);
  return [{ name: '8–30 days ago', days: 23, calls: month - week }, { name: '1–6 days ago', days: 6, calls: week - today }, { name: 'Today', days: 1, calls: today }];
};

async function loadAll(): Promise<Alias[]> {
  const all: Alias[] = [];
  for (let after: number | undefined, more = true; more; after = all.at(-1)?.userId) {
    const { data, response } = await ask(api.GET('/alias-migrations', { params: { query: { page_size: 100, after } } }));
    all.push(...data);
    more = response.headers.get('link')?.includes('rel="next"') ?? false;
  }
  return all;
}

/** Who still calls the former path, and how far each user is on the way off it. */
export function AliasBoard() {
  const loaded = useLoaded(loadAll, []);
  return (
    <>
      <Head title="Former path" under={<span>Who still calls <code>/clients</code>, the former name of <code>/accounts</code></span>} />
      <Wait for={loaded}>
        {users => users.length === 0 ? <Empty title="Nobody has called the former path." /> : (
          <>
            <section class="panel"><h2>Calls a day</h2><Chart spans={spansOf(users)} label="Calls of the former path" /></section>
            <div class="board">
              {states.map(([state, title, words]) => {
                const here = users.filter(u => u.state === state);
                return (
                  <section key={state} aria-labelledby={`state-${state}`}>
                    <h2 id={`state-${state}`}>{title} <span class="tally">{here.length}</span></h2>
                    <p class="hint">{words}</p>
                    <ul>{here.map(u => <li key={u.userId}><Card user={u} /></li>)}</ul>
                  </section>
                );
              })}
            </div>
          </>
        )}
      </Wait>
    </>
  );
}

const Card = ({ user }: { user: Alias }) => (
  <a class="usercard" href={`#/alias/${user.userId}`}>
    <b>{nameOf(user)}</b>
    <span class="second">{user.email}</span>
    <span class="card-row">{count(user.calls.last30Days, 'call')} in 30 days</span>
    <span class="card-row">{user.lastCallAt ? <>last {ago(user.lastCallAt)}</> : 'never called'}</span>
    <span class="card-chips">
      {(user.daysQuiet ?? 0) >= 14 && <Chip tone="good">quiet for {user.daysQuiet} days</Chip>}
      {user.leniencies.length > 0 && <Chip tone="warn">{count(user.leniencies.length, 'leniency', 'leniencies')}</Chip>}
      {user.sunset && <Chip tone="info">ends {formatDate(user.sunset)}</Chip>}
      {user.rehearsals.length > 0 && <Chip tone="warn">rehearsal</Chip>}
      {user.calls.refusedLast30Days > 0 && <Chip tone="bad">{user.calls.refusedLast30Days} refused</Chip>}
    </span>
  </a>
);
