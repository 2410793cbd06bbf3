import { useEffect, useRef, useState } from 'preact/hooks';
import { api, ask, get, nextCursor, type Contact } from '../api';
import { ago, count } from '../format';
import { go, route, to } from '../router';
import { may } from '../session';
import { FormDialog } from '../ui/dialog';
import { TextField } from '../ui/field';
import { useOnce } from '../ui/once';
import { Button, Empty, Failure, Head, Icon, useNextKey } from '../ui/parts';
import { typing } from '../ui/shortcuts';

/** Of how many of a contact's accounts the list has the names. */
const shown = 10;

/** The people of the company's accounts. */
export function Contacts() {
  const q = route.value.params.get('q') ?? '';
  const [rows, setRows] = useState<Contact[]>();
  const [cursor, setCursor] = useState<string>();
  const [error, setError] = useState<unknown>();
  const [making, setMaking] = useState(false);
  const current = useRef(0);
  const input = useRef<HTMLInputElement>(null);
  const load = (before: Contact[], from?: string) => {
    const mine = ++current.current;
    setError(undefined);
    ask(api.GET('/contacts', { params: { query: { q: q || undefined, cursor: from, page_size: 50 } } })).then(({ data, response }) => {
      if (mine !== current.current) return;
      setRows([...before, ...data]);
      setCursor(nextCursor(response));
    }, refused => { if (mine === current.current) { setError(refused); setRows(before); setCursor(from); } });
  };
  const retry = () => load(rows ?? [], cursor);
  useEffect(() => load([]), [q]);
  useNextKey(error, retry);
  useEffect(() => {
    const on = (e: KeyboardEvent) => { if (e.key === '/' && !typing(e)) { e.preventDefault(); input.current?.select(); } };
    addEventListener('keydown', on);
    return () => removeEventListener('keydown', on);
  }, []);
  return (
    <>
      <Head title="Contacts">{may('write') && <Button look="main" icon="plus" onClick={() => setMaking(true)}>New contact</Button>}</Head>
      <div class="toolbar">
        <div class="search"><Icon name="search" /><input ref={input} type="search" aria-label="Search contacts" placeholder="Search contacts" value={q} onInput={e => go(to('contacts', { q: e.currentTarget.value }), true)} /><kbd aria-hidden="true">/</kbd></div>
      </div>
      <Failure of={error} onRetry={retry} />
      {!rows && <p class="waiting" aria-busy="true">Loading…</p>}
      {rows?.length === 0 && !error && <Empty title={q ? 'No contacts match.' : 'There are no contacts yet.'} />}
      {!!rows?.length && (
        <div class="panel flush scroll">
          <table class="plain list">
            <thead><tr><th scope="col">Name</th><th scope="col">E-mail</th><th scope="col">Phone</th><th scope="col">Accounts</th><th scope="col">Updated</th></tr></thead>
            <tbody>
              {rows.map(c => (
                <tr key={c.id}>
                  <th scope="row"><a href={`#/contacts/${c.id}`}>{c.name}</a> <span class="second">{c.title}</span></th>
                  <td>{c.emails.join(', ')}</td><td>{c.phones.join(', ')}</td>
                  <td>{c.accounts.slice(0, shown).map((a, i) => <>{i > 0 && ', '}<a key={a.id} href={`#/accounts/${a.id}`}>{a.title}</a></>)}{c.accountCount > shown && ` and ${count(c.accountCount - shown, 'other', 'others')}`}</td><td data-label="Updated">{ago(c.updatedAt)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {cursor && !error && <Button onClick={() => load(rows!, cursor)}>More</Button>}
      {making && <NewContact onClose={() => setMaking(false)} />}
    </>
  );
}

function NewContact({ onClose }: { onClose: () => void }) {
  const key = useOnce();
  const [form, setForm] = useState({ name: '', title: '', email: '', phone: '' });
  const set = (name: keyof typeof form) => (value: string) => setForm({ ...form, [name]: value });
  return (
    <FormDialog title="New contact" action="Create the contact" fields={['name', 'title', 'emails', 'phones']} onClose={onClose} onSubmit={async () => {
      const made = await get(api.POST('/contacts', { headers: key(form), body: { name: form.name, title: form.title || null, emails: form.email ? [form.email] : undefined, phones: form.phone ? [form.phone] : undefined } }));
      go(`#/contacts/${made.id}`);
    }}>
      {error => <>
        <TextField label="Name" name="name" required of={error} value={form.name} onInput={set('name')} />
        <TextField label="Role" name="title" of={error} value={form.title} onInput={set('title')} />
        <TextField label="E-mail" name="emails" type="email" of={error} value={form.email} onInput={set('email')} />
        <TextField label="Phone" name="phones" type="tel" of={error} value={form.phone} onInput={set('phone')} />
      </>}
    </FormDialog>
  );
}
