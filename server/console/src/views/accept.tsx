import { useState } from 'preact/hooks';
import { api, get } from '../api';
import { go, route } from '../router';
import { newcomer } from '../session';
import { Button, Errors } from '../ui/parts';
import { RequiredNote, TextField } from '../ui/field';
import { say } from '../ui/toast';

/** Where the link of an invitation leads: the new user sets a password. */
export function Accept() {
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const submit = async (e: Event) => {
    e.preventDefault();
    setError(undefined);
    setBusy(true);
    try {
      newcomer.value = await get(api.POST('/users/accept', { body: { token: route.value.params.get('token') ?? '', password } }));
      say('The password is set. Sign in with it.');
      go('#/');
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  return (
    <main class="door">
      <form class="card" onSubmit={submit} noValidate>
        <h1><img src="icon.svg" alt="" width="28" height="28" />Welcome</h1>
        <Errors of={error} fields={['password']} />
        <RequiredNote />
        <TextField label="Your new password" name="password" required type="password" autocomplete="new-password" of={error} value={password} onInput={setPassword} hint="At least 12 characters." />
        <Button type="submit" look="main" busy={busy}>Set the password</Button>
      </form>
    </main>
  );
}
