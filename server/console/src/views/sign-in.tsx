import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { newcomer, session, signIn, signInByPassword, signOut, usedPassword } from '../session';
import { Button, Errors } from '../ui/parts';
import { Check, RequiredNote, TextField } from '../ui/field';

/** The way in: with a key, or with a password, which makes a key that ends. */
export function SignIn() {
  useEffect(() => { document.title = 'Sign in · accountsd'; }, []);
  return (
    <main class="door">
      <SignInForm title="accountsd" email={newcomer.value?.email} byPassword={!!newcomer.value || usedPassword()}>
        <p class="door-foot"><a href="../docs/">API reference</a></p>
      </SignInForm>
    </main>
  );
}

/** The way back in, over what was begun with a key that is no longer good. It hides that, and keeps it. */
export function SignInAgain() {
  const ref = useRef<HTMLDialogElement>(null);
  const show = () => {
    if (!ref.current || ref.current.open) return;
    ref.current.showModal();
    ref.current.querySelector<HTMLInputElement>('input[type=password]')?.focus();
  };
  useEffect(show, []);
  return (
    <dialog ref={ref} class="again" aria-labelledby="again" onClose={show} onKeyDown={e => { if (e.key === 'Escape') e.preventDefault(); }}>
      <SignInForm title="Sign in again" titleId="again" email={session.value!.user.email ?? ''} byPassword={session.value!.temporary} company={session.value!.company.id}
        why="Your key is no longer good: it has expired or was revoked. Sign in to go on where you were; nothing that you have typed is lost.">
        <p class="door-foot"><button type="button" class="link" onClick={signOut}>Sign out and discard it</button></p>
      </SignInForm>
    </dialog>
  );
}

interface FormProps { title: string; titleId?: string; why?: string; email?: string; byPassword?: boolean; company?: number; children: ComponentChildren }

function SignInForm({ title, titleId, why, email = '', byPassword, company, children }: FormProps) {
  const [way, setWay] = useState<'key' | 'password'>(byPassword ? 'password' : 'key');
  const [form, setForm] = useState({ key: '', email, password: '', company: '' });
  const [keep, setKeep] = useState(false);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const set = (name: keyof typeof form) => (value: string) => setForm({ ...form, [name]: value });
  const submit = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setError(undefined);
    const enter = way === 'key' ? signIn(form.key.trim(), keep) : signInByPassword(form.email, form.password, form.company.trim() ? Number(form.company) : company, keep);
    await enter.catch(refused => { setError(refused); setBusy(false); });
  };
  return (
    <form class="card" onSubmit={submit} noValidate>
      <h1 id={titleId}><img src="icon.svg" alt="" width="28" height="28" />{title}</h1>
      {why && <p>{why}</p>}
      <div class="tabs" role="group" aria-label="How to sign in">
        <button type="button" aria-pressed={way === 'key'} onClick={() => setWay('key')}>With a key</button>
        <button type="button" aria-pressed={way === 'password'} onClick={() => setWay('password')}>With a password</button>
      </div>
      <Errors of={error} />
      <RequiredNote />
      {way === 'key'
        ? <TextField label="API key" name="key" required type="password" value={form.key} onInput={set('key')} autofocus hint={<>Shown once, when the key was created. <code>make run</code> prints one.</>} />
        : <>
            <TextField label="E-mail" name="email" required type="email" autocomplete="username" autofocus={!email} value={form.email} onInput={set('email')} />
            <TextField label="Password" name="password" required type="password" autocomplete="current-password" autofocus={!!email} value={form.password} onInput={set('password')} />
            <TextField label="Company id, if you are in several" name="company_id" inputMode="numeric" value={form.company} onInput={set('company')} hint="Makes a key that ends in eight hours, or when you sign out." />
          </>}
      <Check label="Keep in this tab" hint="Otherwise a reload asks you to sign in again." checked={keep} onChange={setKeep} />
      <Button type="submit" look="main" busy={busy}>Sign in</Button>
      {children}
    </form>
  );
}
