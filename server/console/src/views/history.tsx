import { useEffect, useState } from 'preact/hooks';
import { api, ask, type Account, type Change } from '../api';
import { ago, formatTime, numberOf } from '../format';
import { inOrder, labelOf, mayBeNull, memberOf, same, textOf, valueOf } from '../members';
import { may } from '../session';
import { Button, Chip, Failure, Long, useNextKey } from '../ui/parts';
import { useKeyNames } from './key-names';
import { canGoBack, TakeBack } from './take-back';

interface HistoryProps {
  id: number;
  /** Another number has it loaded anew. */
  round: number;
  current?: Account;
  onRestore?: (key: string, value: unknown) => void;
  /** Whether there is something else to be done first. */
  disabled?: boolean;
  /** Gets the account when a change of it was taken back, or it was undeleted. */
  onTakenBack: (account: Account, tag: string) => void;
}

/** What the kinds of changes are called. */
export const kinds: Record<Change['kind'], string> = { created: 'Created', updated: 'Changed', deleted: 'Deleted' };

/** What happened to an account, the latest first, and the way back to a value that it had. */
export function History({ id, round, current, onRestore, disabled, onTakenBack }: HistoryProps) {
  const [changes, setChanges] = useState<Change[]>([]);
  const [more, setMore] = useState(false);
  const [error, setError] = useState<unknown>();
  const [taking, setTaking] = useState<Change>();
  const keys = useKeyNames();
  const load = (before?: string) => ask(api.GET('/accounts/{accountId}/changes', { params: { path: { accountId: id }, query: { page_size: 10, before } } })).then(({ data, response }) => {
    setError(undefined);
    setChanges(before ? [...changes, ...data.changes] : data.changes);
    setMore(response.headers.get('link')?.includes('rel="next"') ?? false);
  }, setError);
  useEffect(() => { void load(); }, [id, round]);
  useNextKey(error, () => void load());
  return (
    <section class="panel">
      <h2>History</h2>
      <Failure of={error} onRetry={() => load()} />
      <ol class="history">
        {changes.map((c, i) => (
          <li key={c.sequence}>
            <div class="history-top"><p class="history-head"><Chip tone={c.kind === 'deleted' ? 'bad' : c.kind === 'created' ? 'good' : 'plain'}>{c.cause?.createdAt ? 'Undeleted' : kinds[c.kind]}</Chip>
              <time dateTime={c.at} title={formatTime(c.at)}>{ago(c.at)}</time>
              <span class="by">{c.actor?.email ?? 'unknown'}{c.actor?.keyId ? ` · ${keys.get(c.actor.keyId) ?? `key ${c.actor.keyId}`}` : ''} · {numberOf(c.sequence)}</span></p>
              {may('write') && canGoBack(c, i === 0, !!current) && <Button look={current ? 'quiet' : 'plain'} icon="undo" label={`${back(c)} ${numberOf(c.sequence)}`} disabled={disabled} onClick={() => setTaking(c)}>{back(c)}</Button>}</div>
            {c.cause && <p class="cause"><Cause of={c.cause} /></p>}
            {c.reason && <p class="reason">{c.reason}</p>}
            <dl>
              {inOrder(Object.keys(c.fields)).map(key => <Field key={key} name={key} before={c.fields[key]!.before} after={c.fields[key]!.after} created={c.kind === 'created'} current={current} onRestore={onRestore} />)}
            </dl>
          </li>
        ))}
      </ol>
      {more && <Button onClick={() => load(changes.at(-1)!.sequence)}>Earlier changes</Button>}
      {taking && <TakeBack id={id} change={taking} current={current} onClose={() => setTaking(undefined)} onDone={(account, tag) => { setTaking(undefined); onTakenBack(account, tag); }} />}
    </section>
  );
}

const back = (c: Change) => (c.kind === 'deleted' ? 'Undelete' : 'Take back');

/** Why the server wrote a change, where that is more than the values that were sent. */
function Cause({ of: { kind, sequence, merged, mergedInto } }: { of: NonNullable<Change['cause']> }) {
  const link = (id: number) => <a href={`#/accounts/${id}`}>account {id}</a>;
  if (mergedInto) return <>Merged into {link(mergedInto)}</>;
  if (merged) return <>Merged with {merged.map((id, i) => <span key={id}>{i > 0 && ', '}{link(id)}</span>)}</>;
  return <>{kind === 'undelete' ? 'There again after' : 'Takes back'} {sequence && numberOf(sequence)}</>;
}

const cut = (text: string) => (text.length <= 80 ? text : `${text.slice(0, 80)}…`);

interface FieldProps { name: string; before: unknown; after: unknown; created: boolean; current?: Account; onRestore?: (key: string, value: unknown) => void }

function Field({ name, before, after, created, current, onRestore }: FieldProps) {
  const member = memberOf(name);
  const label = labelOf(name);
  const words = (v: unknown) => textOf(name, v, current) || '–';
  const known = member ? !member.readOnly && (before !== null || mayBeNull(member)) : name === 'contacts';
  const restorable = known && !created && onRestore && current && !same(before, valueOf(current, name));
  return (
    <div class="history-field">
      <dt>{label}</dt>
      <dd>{!created && <><del><Long text={words(before)} most={240} /></del> → </>}<ins><Long text={words(after)} most={240} /></ins>
        {restorable && <Button look="quiet" icon="undo" label={`Restore ${label}: ${cut(words(before))}`} onClick={() => onRestore(name, before)} />}</dd>
    </div>
  );
}
