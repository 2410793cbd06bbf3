import type { ComponentChild } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { route } from './router';
import { ended, may, resume, session, signOut } from './session';
import { nameOf } from './format';
import { keepFocus } from './ui/focus';
import { Button, Chip, Empty, Head, useLoaded, Wait } from './ui/parts';
import { Shortcuts } from './ui/shortcuts';
import { Toasts } from './ui/toast';
import { Accept } from './views/accept';
import { AccountView } from './views/account';
import { Accounts, lastList } from './views/accounts';
import { AliasBoard } from './views/alias';
import { AliasUser } from './views/alias-user';
import { Contacts } from './views/contacts';
import { ContactView } from './views/contact';
import { Duplicates } from './views/duplicates';
import { Import } from './views/import';
import { Keys } from './views/keys';
import { NewAccount } from './views/new-account';
import { ChangePassword } from './views/password';
import { Properties } from './views/properties';
import { PropertyView } from './views/property';
import { SignIn, SignInAgain } from './views/sign-in';
import { Users } from './views/users';
import { Webhooks } from './views/webhooks';
import { WebhookView } from './views/webhook';

/** The view of what has an id, if it can be one. */
const of = (id: string, view: (id: number) => ComponentChild) => (/^[1-9]\d*$/.test(id) ? view(Number(id)) : <Nothing />);

/** A view that is of no use to who may only read. */
const writing = (view: () => ComponentChild) => (may('write') ? view() : <><Head title="Read only" /><Empty title="Your key may read, but not change anything." /></>);

/** The views by the first part of their address. */
const views: Record<string, (rest: string[]) => ComponentChild> = {
  accounts: ([id]) => (id === 'new' ? writing(() => <NewAccount />) : id ? of(id, n => <AccountView key={id} id={n} />) : <Accounts />),
  duplicates: () => <Duplicates />,
  import: () => writing(() => <Import />),
  contacts: ([id]) => (id ? of(id, n => <ContactView key={id} id={n} />) : <Contacts />),
  properties: ([key]) => (key ? <PropertyView key={key} keyName={key} /> : <Properties />),
  users: () => <Users />,
  keys: () => <Keys />,
  webhooks: ([id]) => (id ? of(id, n => <WebhookView key={id} id={n} />) : <Webhooks />),
  alias: ([id]) => (id ? of(id, n => <AliasUser key={id} id={n} />) : <AliasBoard />),
};

export function App() {
  const { path } = route.value;
  const resumed = useLoaded(async () => { await resume(); return true; }, []);
  return (
    <>
      {path[0] === 'accept' ? <Accept />
        : session.value ? <Signed key={session.value.user.id} path={path} />
          : resumed.data ? <SignIn /> : <main class="door"><Wait for={resumed}>{() => null}</Wait></main>}
      {ended.value && path[0] !== 'accept' && <SignInAgain />}
      <Toasts />
    </>
  );
}

function Signed({ path }: { path: string[] }) {
  const [first = 'accounts', ...rest] = path;
  useArrival(path.slice(0, 2).join('/'));
  useEffect(() => keepFocus(document.getElementById('main')!), []);
  const view = Object.hasOwn(views, first) ? views[first] : undefined;
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={e => { e.preventDefault(); document.getElementById('main')?.focus(); }}>Skip to the content</a>
      <Side at={first} />
      <main id="main" tabIndex={-1} aria-labelledby="view">{view ? view(rest) : <Nothing />}</main>
      <Shortcuts />
    </div>
  );
}

/** Has each view begin at its top, and at its name for who hears it, unless it has put the focus somewhere itself. */
function useArrival(at: string): void {
  const left = useRef(at);
  useLayoutEffect(() => {
    if (left.current === at) return;
    left.current = at;
    const main = document.getElementById('main')!;
    main.scrollTop = 0;
    if (!main.contains(document.activeElement)) main.focus({ preventScroll: true });
  }, [at]);
}

const Nothing = () => <><Head title="Not found" /><Empty title="There is nothing at this address."><a class="button plain" href="#/accounts">Go to the accounts</a></Empty></>;

function Side({ at }: { at: string }) {
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [route.value]);
  const link = (name: string, text: string, href = `#/${name}`) => (
    <a key={name} href={href} aria-current={at === name ? 'page' : undefined} onClick={() => setOpen(false)}>{text}</a>
  );
  return (
    <div class={`side ${open ? 'open' : ''}`}>
      <div class="brand">
        <a href="#/accounts"><img src="icon.svg" alt="" width="22" height="22" />accountsd</a>
        <Button look="quiet" icon="menu" label="Menu" class="burger" aria-expanded={open} onClick={() => setOpen(!open)} />
      </div>
      <nav aria-label="Main">
        {link('accounts', 'Accounts', lastList.value)}
        {link('duplicates', 'Duplicates')}
        {link('contacts', 'Contacts')}
        {may('write') && link('import', 'Import')}
        <span class="nav-head">Set-up</span>
        {link('properties', 'Properties')}
        {link('users', 'Users')}
        {link('keys', 'Keys')}
        {may('admin') && link('webhooks', 'Webhooks')}
        {may('admin') && link('alias', 'Former path')}
        <span class="nav-head">Developers</span>
        <a href="../docs/">API reference</a>
      </nav>
      <Who />
    </div>
  );
}

function Who() {
  const { user, company, key } = session.value!;
  const [changing, setChanging] = useState(false);
  return (
    <div class="who">
      <p class="who-company">{company.name}</p>
      <p class="who-name" title={user.email}>{nameOf(user)}</p>
      <p class="who-key" title={`Key ${key.prefix}…`}>{key.name || key.prefix} <Chip>{key.scopes.at(-1)}</Chip></p>
      <Button onClick={() => setChanging(true)}>Change password…</Button>
      <Button onClick={signOut}>Sign out</Button>
      {changing && <ChangePassword onClose={() => setChanging(false)} />}
    </div>
  );
}
