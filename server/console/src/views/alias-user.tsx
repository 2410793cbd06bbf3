import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { api, get, type Alias, type Schemas } from '../api';
import { ago, count, formatCount, formatTime, nameOf } from '../format';
import { FormDialog } from '../ui/dialog';
import { Check, SelectField, TextField } from '../ui/field';
import { Chart } from '../ui/chart';
import { Banner, Button, Chip, Head, useLoaded, Wait, type Tone } from '../ui/parts';
import { say } from '../ui/toast';
import { states } from './alias';
import { Notice } from './notice';

/** One user of the former path: what calls it, and the steps off it. */
export function AliasUser({ id }: { id: number }) {
  const at = { params: { path: { userId: id } } };
  const loaded = useLoaded(() => get(api.GET('/alias-migrations/{userId}', at)), [id]);
  const [asking, setAsking] = useState<'notify' | 'rehearse' | 'migrate' | 'rollback'>();
  const done = (words: string) => { setAsking(undefined); loaded.reload(); say(words); };
  const close = () => setAsking(undefined);
  return (
    <Wait for={loaded} title={`User ${id}`} back={{ href: '#/alias', text: 'Former path' }}>
      {user => (
        <article>
          <Head title={nameOf(user)} back={{ href: '#/alias', text: 'Former path' }}
            under={<><Chip tone={user.state === 'migrated' ? 'good' : user.state === 'notified' ? 'info' : 'plain'}>{states.find(([s]) => s === user.state)![1]}</Chip><span>{user.email}</span></>}>
            {user.state !== 'migrated' && <>
              <Button onClick={() => setAsking('notify')}>Notify…</Button>
              <Button onClick={() => setAsking('rehearse')}>Rehearse…</Button>
              <Button look="main" onClick={() => setAsking('migrate')}>Move…</Button>
            </>}
            {undoing(user) && <Button onClick={() => setAsking('rollback')}>Roll back…</Button>}
          </Head>
          <Use user={user} />
          {asking === 'notify' && <Notice user={user} onClose={close} onDone={() => done(`${nameOf(user)} is notified.`)} />}
          {asking === 'rehearse' && <Rehearse user={user} onClose={close} onDone={() => done('The rehearsal is set.')} />}
          {asking === 'migrate' && <Migrate user={user} onClose={close} onDone={() => done(`${nameOf(user)} is moved.`)} />}
          {asking === 'rollback' && <RollBack user={user} onClose={close} onDone={() => done(undoing(user)!.done)} />}
        </article>
      )}
    </Wait>
  );
}

/** What a roll-back would take back: rehearsals, the move or the notice; nothing if there is none. */
function undoing(user: Alias): { title: string; words: ComponentChildren; done: string } | undefined {
  if (user.rehearsals.length > 0) return {
    title: `End the rehearsals of ${nameOf(user)}?`, done: 'The rehearsals are taken back.',
    words: <><code>/clients</code> answers this user as before. Rehearsals that are to come are taken back too.</>,
  };
  if (user.state === 'migrated') return {
    title: `Open the former path for ${nameOf(user)} again?`, done: 'The former path is open again.',
    words: <><code>/clients</code> answers this user as before, and the user stands where the last step had been.</>,
  };
  if (user.state === 'notified') return {
    title: `Take back the notice to ${nameOf(user)}?`, done: 'The notice is taken back.',
    words: <>The announced end is taken back with it. A mail that still waits is not sent; a user who has got it is not told.</>,
  };
}

function RollBack({ user, onClose, onDone }: StepProps) {
  const [what] = useState(() => undoing(user)!);
  return (
    <FormDialog title={what.title} action="Roll back" onClose={onClose} onSubmit={async () => {
      await get(api.POST('/alias-migrations/{userId}/rollback', { params: { path: { userId: user.userId } } }));
      onDone();
    }}>{() => <p>{what.words}</p>}</FormDialog>
  );
}

const Use = ({ user }: { user: Alias }) => (
  <div class="columns">
    <div class="column">
      <section class="panel"><h2>Calls a day</h2><Chart days={user.callsByDay} label={`Calls of ${nameOf(user)}`} />
        <dl class="facts">
          <dt>First call</dt><dd>{formatTime(user.firstCallAt) || 'never'}</dd>
          <dt>Last call</dt><dd>{user.lastCallAt ? <>{formatTime(user.lastCallAt)}{user.daysQuiet! > 0 && `, quiet for ${count(user.daysQuiet!, 'day')}`}</> : 'never'}</dd>
          <dt>Announced end</dt><dd>{formatTime(user.sunset) || 'none'}</dd>
          {user.calls.refusedLast30Days > 0 && <><dt>Refused in 30 days</dt><dd>{formatCount(user.calls.refusedLast30Days)}</dd></>}
        </dl>
      </section>
      <section class="panel flush">
        <h2>What it calls, and what to call instead</h2>
        <Uses empty="Nothing in 30 days." rows={(user.operations ?? []).map(o => [<><code>{o.method} {o.path}</code><br /><code class="instead">{o.method} {o.successor}</code></>, o.calls, o.lastCallAt])} />
      </section>
      <section class="panel flush">
        <h2>What only the former path takes</h2>
        <Uses empty="Nothing: its requests are as /accounts wants them." rows={user.leniencies.map(l => [<>{l.name} <span class="second">by {l.keys.map(k => k.name || k.prefix).join(', ')}</span></>, l.calls, l.lastCallAt])} />
      </section>
    </div>
    <div class="column aside">
      <section class="panel flush"><h2>Programs</h2><Uses empty="None in 30 days." rows={user.userAgents.map(a => [a.userAgent || '(no name)', a.calls, a.lastCallAt])} /></section>
      <section class="panel flush"><h2>Keys</h2><Uses empty="None in 30 days." rows={user.keys.map(k => [<>{k.name || '–'} <code>{k.prefix}…</code></>, k.calls, k.lastCallAt])} /></section>
      {user.rehearsals.length > 0 && <section class="panel"><h2>Rehearsals</h2><ul class="steps">{user.rehearsals.map(r => <li key={r.from}>{formatTime(r.from)} to {formatTime(r.until)}{r.keyId && `, key ${r.keyId}`}</li>)}</ul></section>}
      <section class="panel"><h2>Steps</h2><Steps of={user.steps ?? []} /></section>
    </div>
  </div>
);

function Uses({ rows, empty }: { rows: [ComponentChildren, number, string][]; empty: string }) {
  if (rows.length === 0) return <p class="none pad">{empty}</p>;
  return (
    <div class="scroll">
      <table class="plain uses">
        <thead class="sr"><tr><th scope="col">What</th><th scope="col">Calls in 30 days</th><th scope="col">Last</th></tr></thead>
        <tbody>{rows.map(([what, calls, last], i) => <tr key={i}><td>{what}</td><td class="of-number">{formatCount(calls)}</td><td class="second" title={formatTime(last)}>{ago(last)}</td></tr>)}</tbody>
      </table>
    </div>
  );
}

const stepWords: Record<Schemas['AliasStepKind'], [string, Tone]> = { notified: ['Notified', 'info'], rehearsed: ['Rehearsal set', 'warn'], migrated: ['Moved', 'good'], rolled_back: ['Rolled back', 'bad'] };
const mailWords: Record<Schemas['AliasMailState'], string> = { not_sent: 'no mail was sent', pending: 'mail on its way', sent: 'mail sent', failed: 'mail failed' };

const Steps = ({ of }: { of: Schemas['AliasStep'][] }) => of.length === 0 ? <p class="none">No steps yet.</p> : (
  <ol class="history">
    {of.map(s => (
      <li key={s.at}>
        <p class="history-head"><Chip tone={stepWords[s.kind][1]}>{stepWords[s.kind][0]}</Chip><time dateTime={s.at} title={formatTime(s.at)}>{ago(s.at)}</time><span class="by">{s.by?.email}</span></p>
        {s.mail && <p class="second">{mailWords[s.mail.state]}{s.mail.lastError && ` (${s.mail.lastError})`}</p>}
        {s.sunset && <p class="second">Ends {formatTime(s.sunset)}</p>}
        {s.rehearsal && <p class="second">{formatTime(s.rehearsal.from)} to {formatTime(s.rehearsal.until)}</p>}
        {s.forced && <p class="second">Forced</p>}
        {s.message && <blockquote>{s.message}</blockquote>}
      </li>
    ))}
  </ol>
);

interface StepProps { user: Alias; onClose: () => void; onDone: () => void }

function Rehearse({ user, onClose, onDone }: StepProps) {
  const [form, setForm] = useState({ minutes: '60', key: '' });
  return (
    <FormDialog title="Rehearse the end" action="Rehearse" fields={['until', 'keyId']} onClose={onClose} onSubmit={async () => {
      await get(api.POST('/alias-migrations/{userId}/rehearse', {
        params: { path: { userId: user.userId } },
        body: { until: new Date(Date.now() + Number(form.minutes) * 60_000).toISOString(), keyId: form.key ? Number(form.key) : undefined },
      }));
      onDone();
    }}>
      {error => <>
        <p>Until then <code>/clients</code> answers 410 to this user, as if the move were made. Then all is as before.</p>
        <SelectField label="For" name="until" of={error} value={form.minutes} options={[['10', '10 minutes'], ['60', 'An hour'], ['480', '8 hours'], ['1440', 'A day']]} onChange={minutes => setForm({ ...form, minutes })} />
        <SelectField label="With" name="keyId" of={error} value={form.key} options={[['', 'All keys'], ...user.keys.map((k): [string, string] => [String(k.keyId), k.name || k.prefix])]} onChange={key => setForm({ ...form, key })} />
      </>}
    </FormDialog>
  );
}

function Migrate({ user, onClose, onDone }: StepProps) {
  const [typed, setTyped] = useState('');
  const [force, setForce] = useState(false);
  const name = nameOf(user);
  return (
    <FormDialog title={`Move ${name}`} action="Close the former path" danger disabled={typed.trim() !== name} onClose={onClose} onSubmit={async () => {
      await get(api.POST('/alias-migrations/{userId}/migrate', { params: { path: { userId: user.userId }, query: { force: force || undefined } } }));
      onDone();
    }}>
      {() => <>
        <p>From now on <code>/clients</code> answers 410 to this user, and to nobody else. It can be rolled back.</p>
        {user.calls.last7Days > 0 && <Banner tone="warn">{count(user.calls.last7Days, 'call')} in the last 7 days would have failed.</Banner>}
        <TextField label={`Type “${name}” to confirm`} name="confirm" value={typed} onInput={setTyped} />
        <Check label="Also against the rules" hint="Although the user was not notified, has not got the mail, or still has time and calls." checked={force} onChange={setForce} />
      </>}
    </FormDialog>
  );
}
