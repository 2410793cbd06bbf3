import { useEffect, useState } from 'preact/hooks';
import { signIn, signInByPassword } from '../session';
import { Button, Errors } from '../ui/parts';
import { Check, TextField } from '../ui/field';

/** The way in: with a key, or with a password, which makes a key that ends. */
export function SignIn() {
  const [way, setWay] = useState<'key' | 'password'>('key');
  const [form, setForm] = useState({ key: '', email: '', password: '', company: '' });
  const [keep, setKeep] = useState(false);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  useEffect(() => { document.title = 'Sign in · accountsd'; }, []);
  const set = (name: keyof typeof form) => (value: string) => setForm({ ...form, [name]: value });
  const submit = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setError(undefined);
    const enter = way === 'key' ? signIn(form.key.trim(), keep) : signInByPassword(form.email, form.password, Number(form.company) || undefined, keep);
    await enter.catch(refused => { setError(refused); setBusy(false); });
  };
  return (
    <main class="door">
      <form class="card" onSubmit={submit} noValidate>
        <h1><img src="icon.svg" alt="" width="28" height="28" />accountsd</h1>
        <div class="tabs" role="group" aria-label="How to sign in">
          <button type="button" aria-pressed={way === 'key'} onClick={() => setWay('key')}>With a key</button>
          <button type="button" aria-pressed={way === 'password'} onClick={() => setWay('password')}>With a password</button>
        </div>
        <Errors of={error} />
        {way === 'key'
          ? <TextField label="API key" name="key" type="password" value={form.key} onInput={set('key')} autofocus hint={<>Shown once when the key was made. <code>make run</code> prints one.</>} />
          : <>
              <TextField label="E-mail" name="email" type="email" autocomplete="username" value={form.email} onInput={set('email')} />
              <TextField label="Password" name="password" type="password" autocomplete="current-password" value={form.password} onInput={set('password')} />
              <TextField label="Company id, if you are in several" name="company_id" inputMode="numeric" value={form.company} onInput={set('company')} hint="Makes a key that ends in eight hours, or when you sign out." />
            </>}
        <Check label="Keep in this tab" hint="Else a reload asks again." checked={keep} onChange={setKeep} />
        <Button type="submit" look="main" busy={busy}>Sign in</Button>
        <p class="door-foot"><a href="../docs/">API reference</a></p>
      </form>
    </main>
  );
}
