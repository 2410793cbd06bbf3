import { useState } from 'preact/hooks';
import { allUsers, api, get, type User } from '../api';
import { formatTime, nameOf } from '../format';
import { may, session } from '../session';
import { FormDialog } from '../ui/dialog';
import { Check, TextField } from '../ui/field';
import { Button, Chip, Errors, Head, useLoaded, Wait } from '../ui/parts';
import { SecretDialog } from '../ui/secret';
import { say } from '../ui/toast';

type Invitation = { user: User; invitation: { token: string; expiresAt: string } };

/** The people who act for the company. */
export function Users() {
  const loaded = useLoaded(allUsers, []);
  const [inviting, setInviting] = useState(false);
  const [invited, setInvited] = useState<Invitation>();
  const [asking, setAsking] = useState<{ what: 'disable' | 'reset'; user: User }>();
  const [error, setError] = useState<unknown>();
  const done = (words: string) => { loaded.reload(); setAsking(undefined); setError(undefined); say(words); };
  const set = (user: User, body: { isAdmin?: boolean; disabled?: boolean }, words: string) => get(api.PATCH('/users/{userId}', { params: { path: { userId: user.id } }, body })).then(() => done(words));
  return (
    <>
      <Head title="Users">{may('admin') && <Button look="main" icon="plus" onClick={() => setInviting(true)}>Invite</Button>}</Head>
      <Errors of={error} />
      <Wait for={loaded}>
        {users => (
          <div class="panel flush scroll">
            <table class="plain list">
              <thead><tr><th scope="col">Name</th><th scope="col">E-mail</th><th scope="col">State</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
              <tbody>
                {users.map(u => <Row key={u.id} user={u} onAsk={what => setAsking({ what, user: u })} onInvited={setInvited} onSet={(body, words) => { set(u, body, words).catch(setError); }} onError={setError} />)}
              </tbody>
            </table>
          </div>
        )}
      </Wait>
      {inviting && <Invite onClose={() => setInviting(false)} onDone={i => { setInviting(false); setInvited(i); loaded.reload(); }} />}
      {asking?.what === 'disable' && (
        <FormDialog title={`Disable ${nameOf(asking.user)}?`} action="Disable" danger onClose={() => setAsking(undefined)} onSubmit={() => set(asking.user, { disabled: true }, `${nameOf(asking.user)} is disabled.`)}>
          {() => <p>The password and all keys of the user stop at once. The keys are revoked for good.</p>}
        </FormDialog>
      )}
      {asking?.what === 'reset' && <Reset user={asking.user} onClose={() => setAsking(undefined)} onDone={i => { setAsking(undefined); setInvited(i); }} />}
      {invited && <Link of={invited} onClose={() => setInvited(undefined)} />}
    </>
  );
}

interface RowProps {
  user: User;
  onAsk: (what: 'disable' | 'reset') => void;
  onInvited: (i: Invitation) => void;
  onSet: (body: { isAdmin?: boolean; disabled?: boolean }, words: string) => void;
  onError: (error: unknown) => void;
}

function Row({ user: u, onAsk, onInvited, onSet, onError }: RowProps) {
  const again = () => get(api.POST('/users/{userId}/invitation', { params: { path: { userId: u.id } } })).then(onInvited, onError);
  const does = (what: string, work: () => void) => <Button look="quiet" aria-label={`${what}: ${nameOf(u)}`} onClick={work}>{what}</Button>;
  return (
    <tr>
      <th scope="row">{nameOf(u)} {u.id === session.value?.user.id && <Chip>you</Chip>}</th>
      <td>{u.email}</td>
      <td>{u.isDisabled ? <Chip tone="bad">disabled</Chip> : u.isInvited ? <Chip tone="warn">invited</Chip> : <Chip tone="good">active</Chip>} {u.isAdmin && <Chip tone="info">admin</Chip>}</td>
      <td class="row-actions">{may('admin') && <>
        {u.isInvited && !u.isDisabled && does('Invite again', again)}
        {!u.isInvited && !u.isDisabled && does('Reset password', () => onAsk('reset'))}
        {!u.isDisabled && does(u.isAdmin ? 'Remove admin' : 'Make admin', () => onSet({ isAdmin: !u.isAdmin }, `${nameOf(u)} is ${u.isAdmin ? 'no longer an admin' : 'an admin'}.`))}
        {u.isDisabled ? does('Enable', () => onSet({ disabled: false }, `${nameOf(u)} is enabled.`)) : does('Disable', () => onAsk('disable'))}
      </>}</td>
    </tr>
  );
}

function Invite({ onClose, onDone }: { onClose: () => void; onDone: (i: Invitation) => void }) {
  const [form, setForm] = useState({ email: '', firstName: '', lastName: '', isAdmin: false });
  return (
    <FormDialog title="Invite a user" action="Invite" fields={['email', 'firstName', 'lastName']} onClose={onClose} onSubmit={async () => {
      onDone(await get(api.POST('/users', { body: { ...form, firstName: form.firstName || undefined, lastName: form.lastName || undefined } })));
    }}>
      {error => <>
        <TextField label="E-mail" name="email" required type="email" of={error} value={form.email} onInput={email => setForm({ ...form, email })} />
        <TextField label="First name" name="firstName" of={error} value={form.firstName} onInput={firstName => setForm({ ...form, firstName })} />
        <TextField label="Last name" name="lastName" of={error} value={form.lastName} onInput={lastName => setForm({ ...form, lastName })} />
        <Check label="Admin" hint="May do everything." checked={form.isAdmin} onChange={isAdmin => setForm({ ...form, isAdmin })} />
      </>}
    </FormDialog>
  );
}

function Reset({ user, onClose, onDone }: { user: User; onClose: () => void; onDone: (i: Invitation) => void }) {
  const [revokeKeys, setRevoke] = useState(false);
  return (
    <FormDialog title={`Reset the password of ${nameOf(user)}?`} action="Reset it" danger onClose={onClose} onSubmit={async () => {
      onDone(await get(api.POST('/users/{userId}/password-reset', { params: { path: { userId: user.id } }, body: { revokeKeys } })));
    }}>
      {() => <><p>The password ends at once. The user sets another one by a link, which is shown next.</p><Check label="Revoke all keys as well" checked={revokeKeys} onChange={setRevoke} /></>}
    </FormDialog>
  );
}

function Link({ of, onClose }: { of: Invitation; onClose: () => void }) {
  return (
    <SecretDialog title={`A link for ${nameOf(of.user)}`} name="Link" value={`${location.origin}${location.pathname}#/accept?token=${encodeURIComponent(of.invitation.token)}`} onClose={onClose}>
      Hand it to {of.user.email}. It is shown once, works once, and ends {formatTime(of.invitation.expiresAt)}.
    </SecretDialog>
  );
}
