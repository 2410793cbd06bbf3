import { useState } from 'preact/hooks';
import { allKeys, allUsers, api, get, type Key, type Schemas } from '../api';
import { ago, formatTime } from '../format';
import { basic, may, session } from '../session';
import { FormDialog } from '../ui/dialog';
import { SelectField, TextField } from '../ui/field';
import { Button, Chip, Head, useLoaded, Wait } from '../ui/parts';
import { SecretDialog } from '../ui/secret';
import { say } from '../ui/toast';

/** The keys with which programs and people act. */
export function Keys() {
  const loaded = useLoaded(allKeys, []);
  const users = useLoaded(allUsers, []);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<string>();
  const [revoking, setRevoking] = useState<Key>();
  const [ended, setEnded] = useState(false);
  return (
    <>
      <Head title="Keys" under={may('admin') ? 'All keys of the company' : 'Your own keys'}>
        <label class="switch"><input type="checkbox" checked={ended} onChange={e => setEnded(e.currentTarget.checked)} />Include ended keys</label>
        <Button look="main" icon="plus" onClick={() => setMaking(true)}>New key</Button>
      </Head>
      <Wait for={loaded}>
        {keys => (
          <div class="panel flush scroll">
            <table class="plain list">
              <thead><tr><th scope="col">Name</th><th scope="col">Begins with</th><th scope="col">User</th><th scope="col">Access</th><th scope="col">Created</th><th scope="col">Ends</th><th scope="col">Last used</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
              <tbody>
                {keys.filter(k => ended || !isOver(k)).map(k => <Row key={k.id} of={k} email={users.data?.find(u => u.id === k.userId)?.email} onRevoke={() => setRevoking(k)} />)}
              </tbody>
            </table>
          </div>
        )}
      </Wait>
      {making && <NewKey onClose={() => setMaking(false)} onDone={t => { setMaking(false); setMade(t); loaded.reload(); }} />}
      {made && <SecretDialog title="The new key" name="Key" value={made} onClose={() => setMade(undefined)}>It is shown only once: all that is kept of it is how it begins.</SecretDialog>}
      {revoking && (
        <FormDialog title={`Revoke ${revoking.name || `${revoking.prefix}…`}?`} action="Revoke" danger onClose={() => setRevoking(undefined)} onSubmit={async () => {
          await get(api.DELETE('/api-keys/{keyId}', { params: { path: { keyId: revoking.id } } }));
          setRevoking(undefined);
          loaded.reload();
          say('The key is revoked.');
        }}>{() => <p>Programs that use it are refused from now on.{revoking.id === session.value?.key.id && ' You are signed in with it.'}</p>}</FormDialog>
      )}
    </>
  );
}

const isOver = (k: Key) => !!k.revokedAt || (!!k.expiresAt && Date.parse(k.expiresAt) < Date.now());

const Row = ({ of: k, email, onRevoke }: { of: Key; email?: string; onRevoke: () => void }) => (
  <tr class={isOver(k) ? 'over' : ''}>
    <th scope="row">{k.name || '–'} {k.id === session.value?.key.id && <Chip>in use here</Chip>} <span class="second">{k.description}</span></th>
    <td><code>{k.prefix}…</code></td>
    <td>{email ?? k.userId}</td>
    <td><Chip tone={k.scopes.includes('admin') ? 'info' : 'plain'}>{k.scopes.at(-1)}</Chip> {k.handling && <Chip>{k.handling}</Chip>}</td>
    <td data-label="Created" title={formatTime(k.createdAt)}>{ago(k.createdAt)}</td>
    <td data-label="Ends">{k.revokedAt ? <Chip tone="bad">revoked {ago(k.revokedAt)}</Chip> : k.expiresAt ? ago(k.expiresAt) : 'never'}</td>
    <td data-label="Last used" title={k.lastUsedAt ? formatTime(k.lastUsedAt) : ''}>{k.lastUsedAt ? ago(k.lastUsedAt) : 'never'}{k.allowedIps.length > 0 && <span class="second">from {k.allowedIps.join(', ')}</span>}</td>
    <td class="row-actions">{!isOver(k) && may('write') && <Button look="quiet" aria-label={`Revoke ${k.name}`} onClick={onRevoke}>Revoke</Button>}</td>
  </tr>
);

function NewKey({ onClose, onDone }: { onClose: () => void; onDone: (token: string) => void }) {
  const [form, setForm] = useState({ name: '', description: '', scope: 'read', days: '90', handling: '', from: '', password: '' });
  const set = (name: keyof typeof form) => (value: string) => setForm({ ...form, [name]: value });
  return (
    <FormDialog title="New key" action="Create the key" fields={['name', 'description', 'scopes', 'expiresAt', 'allowedIps']} onClose={onClose} onSubmit={async () => {
      const made = await get(api.POST('/api-keys', {
        params: { query: { company_id: session.value!.company.id } }, headers: basic(session.value!.user.email, form.password),
        body: {
          name: form.name, description: form.description || undefined, scopes: [form.scope as Schemas['Scope']],
          expiresAt: form.days ? new Date(Date.now() + Number(form.days) * 86_400_000).toISOString() : undefined,
          allowedIps: form.from.split(/[\s,]+/).filter(Boolean),
          handling: (form.handling || undefined) as Schemas['Handling'] | undefined,
        },
      }));
      onDone(made.token);
    }}>
      {error => <>
        <TextField label="Name" name="name" of={error} value={form.name} onInput={set('name')} hint="What program will use it?" />
        <SelectField label="Access" name="scopes" of={error} value={form.scope} options={[['read', 'Read'], ['write', 'Read and write'], ['admin', 'Everything that you may do']]} onChange={set('scope')} />
        <SelectField label="Ends" name="expiresAt" of={error} value={form.days} options={[['1', 'In a day'], ['30', 'In 30 days'], ['90', 'In 90 days'], ['365', 'In a year'], ['', 'Never']]} onChange={set('days')} />
        <SelectField label="Handling of what older clients send" value={form.handling} options={[['', 'As the path says'], ['strict', 'Strict'], ['lenient', 'Lenient']]} onChange={set('handling')} />
        <TextField label="Only from" name="allowedIps" of={error} value={form.from} onInput={set('from')} hint="Networks such as 203.0.113.0/24, with commas; from anywhere if empty." />
        <TextField label={`Password of ${session.value!.user.email}`} name="password" required type="password" autocomplete="current-password" value={form.password} onInput={set('password')} hint="A key is created with the password, not with another key." />
      </>}
    </FormDialog>
  );
}
