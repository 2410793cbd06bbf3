import { api, ask, type Alias } from '../api';
import { ago, count, formatCount, formatDate, nameOf } from '../format';
import { Chart, type Day } from '../ui/chart';
import { Chip, Empty, Head, useLoaded, Wait } from '../ui/parts';

export const states: [Alias['state'], string, string][] = [
  ['using', 'Using it', 'They have not been told yet.'],
  ['notified', 'Notified', 'They know that it will end.'],
  ['migrated', 'Moved', 'It is closed for them.'],
];

/** The calls of all users by day. */
const daysOf = (users: Alias[]): Day[] => users[0].callsByDay.map(({ day }, i) => ({
  day,
  calls: users.reduce((sum, u) => sum + u.callsByDay[i].calls, 0),
  refused: users.reduce((sum, u) => sum + u.callsByDay[i].refused, 0),
}));

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
            <section class="panel"><h2>Calls a day</h2><Chart days={daysOf(users)} label="Calls of the former path" /></section>
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
      {user.mail?.state === 'failed' && <Chip tone="bad">mail failed</Chip>}
      {user.mail?.state === 'pending' && user.mail.lastError && <Chip tone="warn">mail waits</Chip>}
      {user.sunset && <Chip tone="info">ends {formatDate(user.sunset)}</Chip>}
      {user.rehearsals.length > 0 && <Chip tone="warn">rehearsal</Chip>}
      {user.calls.refusedLast30Days > 0 && <Chip tone="bad">{formatCount(user.calls.refusedLast30Days)} refused</Chip>}
    </span>
  </a>
);
