import { useEffect, useState } from 'preact/hooks';
import { api, ask, type Account, type Change } from '../api';
import { ago, formatTime } from '../format';
import { memberOf, members, same, show, valueOf } from '../members';
import { Button, Chip, Errors } from '../ui/parts';
import { useKeyNames } from './key-names';

interface HistoryProps {
  id: number;
  /** Another number has it loaded anew. */
  round: number;
  current?: Account;
  onRestore?: (key: string, value: unknown) => void;
}

const kinds: Record<Change['kind'], string> = { created: 'Created', updated: 'Changed', deleted: 'Deleted' };

/** What happened to an account, the latest first, and the way back to a value that it had. */
export function History({ id, round, current, onRestore }: HistoryProps) {
  const [changes, setChanges] = useState<Change[]>([]);
  const [more, setMore] = useState(false);
  const [error, setError] = useState<unknown>();
  const keys = useKeyNames();
  const load = (before?: string) => ask(api.GET('/accounts/{accountId}/changes', { params: { path: { accountId: id }, query: { page_size: 10, before } } })).then(({ data, response }) => {
    setChanges(before ? [...changes, ...data.changes] : data.changes);
    setMore(response.headers.get('link')?.includes('rel="next"') ?? false);
  }, setError);
  useEffect(() => { void load(); }, [id, round]);
  return (
    <section class="panel">
      <h2>History</h2>
      <Errors of={error} />
      <ol class="history">
        {changes.map(c => (
          <li key={c.sequence}>
            <p class="history-head"><Chip tone={c.kind === 'deleted' ? 'bad' : c.kind === 'created' ? 'good' : 'plain'}>{kinds[c.kind]}</Chip>
              <time dateTime={c.at} title={formatTime(c.at)}>{ago(c.at)}</time>
              <span class="by">{c.actor?.email ?? 'nobody known'}{c.actor?.keyId ? ` · ${keys.get(c.actor.keyId) ?? `key ${c.actor.keyId}`}` : ''}</span></p>
            {c.reason && <p class="reason">{c.reason}</p>}
            <dl>
              {inOrder(c.fields).map(([key, f]) => <Field key={key} name={key} before={f.before} after={f.after} created={c.kind === 'created'} current={current} onRestore={onRestore} />)}
            </dl>
          </li>
        ))}
      </ol>
      {more && <Button onClick={() => load(changes.at(-1)!.sequence)}>Earlier changes</Button>}
    </section>
  );
}

/** The members of a change as they are shown elsewhere: the last come those that there are no more. */
function inOrder(fields: Change['fields']): [string, { before?: unknown; after?: unknown }][] {
  const place = (key: string) => (members.value.findIndex(m => m.key === key) + 1) || 1000;
  return Object.entries(fields).sort(([a], [b]) => place(a) - place(b));
}

interface FieldProps { name: string; before: unknown; after: unknown; created: boolean; current?: Account; onRestore?: (key: string, value: unknown) => void }

function Field({ name, before, after, created, current, onRestore }: FieldProps) {
  const member = memberOf(name);
  const label = member?.name ?? (name === 'contacts' ? 'Contacts' : name);
  const words = (v: unknown) => (name === 'contacts' && Array.isArray(v) ? v.map(id => current?.contacts?.find(p => p.id === id)?.name ?? `#${id}`).join(', ') : show(v, member)) || '–';
  const known = member ? !member.readOnly && !(member.required && before === null) : name === 'contacts';
  const restorable = known && !created && onRestore && current && !same(before, valueOf(current, name));
  return (
    <div class="history-field">
      <dt>{label}</dt>
      <dd>{!created && <><del>{words(before)}</del> → </>}<ins>{words(after)}</ins>
        {restorable && <Button look="quiet" icon="undo" label={`Restore ${label}: ${words(before)}`} onClick={() => onRestore(name, before)} />}</dd>
    </div>
  );
}
