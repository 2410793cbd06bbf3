import { useLayoutEffect, useState } from 'preact/hooks';
import { api, get, Refusal, type Contact } from '../api';
import { begunAt, keep } from '../begun';
import { ago, count } from '../format';
import { same, type Draft, type Member } from '../members';
import { go } from '../router';
import { may } from '../session';
import { FormDialog } from '../ui/dialog';
import { Editor, isGroup } from '../ui/editor';
import { Field, RequiredNote } from '../ui/field';
import { Button, Errors, Head, useLoaded, Wait } from '../ui/parts';
import { useSaveKey } from '../ui/shortcuts';
import { say } from '../ui/toast';

const contactMembers: Member[] = [
  { key: 'name', prop: 'name', name: 'Name', kind: 'text', required: true },
  { key: 'title', prop: 'title', name: 'Role', kind: 'text' },
  { key: 'emails', prop: 'emails', name: 'E-mail', kind: 'text', input: 'email', multiple: true, neverNull: true },
  { key: 'phones', prop: 'phones', name: 'Phone', kind: 'text', input: 'tel', multiple: true, neverNull: true },
];

/** One person. */
export function ContactView({ id }: { id: number }) {
  const loaded = useLoaded(() => get(api.GET('/contacts/{contactId}', { params: { path: { contactId: id } } })), [id]);
  return <Wait for={loaded} title={`Contact ${id}`} back={{ href: '#/contacts', text: 'Contacts' }}>{contact => <ContactWork contact={contact} onSaved={loaded.set} />}</Wait>;
}

function ContactWork({ contact, onSaved }: { contact: Contact; onSaved: (c: Contact) => void }) {
  const place = `contact ${contact.id}`;
  const [draft, setDraft] = useState(() => begunAt<Draft>(place) ?? {});
  const [busy, setBusy] = useState(false);
  useLayoutEffect(() => keep(place, Object.keys(draft).length ? draft : undefined), [draft]);
  const [error, setError] = useState<unknown>();
  const [deleting, setDeleting] = useState(false);
  const at = { params: { path: { contactId: contact.id } } };
  const change = (key: string, value: unknown) => {
    const { [key]: _, ...rest } = draft;
    setDraft(same(value, contact[key as keyof Contact]) ? rest : { ...rest, [key]: value });
  };
  const save = () => {
    setBusy(true);
    void send().then(() => setBusy(false));
  };
  const send = () => get(api.PATCH('/contacts/{contactId}', { ...at, body: draft as never })).then(c => {
    setDraft({});
    setError(undefined);
    onSaved(c);
    say('Saved.');
  }, setError);
  useSaveKey(Object.keys(draft).length > 0 && !busy && save);
  return (
    <form class="account single" onSubmit={e => { e.preventDefault(); save(); }} noValidate>
      <Head title={contact.name} back={{ href: '#/contacts', text: 'Contacts' }} under={`Updated ${ago(contact.updatedAt)}`}>
        {may('write') && <Button look="danger" onClick={() => setDeleting(true)}>Delete</Button>}
      </Head>
      <Errors of={error} fields={contactMembers.map(m => m.key)} />
      <RequiredNote />
      <section class="panel">
        <div class="grid">
          {contactMembers.map(m => (
            <Field key={m.key} label={m.name} group={isGroup(m)} required={m.required && may('write')} changed={m.key in draft} error={error instanceof Refusal ? error.of(m.key) : undefined}>
              {tie => <Editor member={m} value={m.key in draft ? draft[m.key] : contact[m.key as keyof Contact] ?? null} disabled={busy || !may('write')} onChange={v => change(m.key, v)} tie={tie} />}
            </Field>
          ))}
        </div>
      </section>
      <section class="panel">
        <h2>Accounts</h2>
        {contact.accountCount === 0 && <p class="none">Not linked to any account.</p>}
        <ul class="people">{contact.accounts.map(a => <li key={a.id}><a href={`#/accounts/${a.id}`}>{a.title}</a></li>)}</ul>
        {contact.accountCount > contact.accounts.length && <p class="second">and {count(contact.accountCount - contact.accounts.length, 'other', 'others')}</p>}
      </section>
      {Object.keys(draft).length > 0 && (
        <div class="savebar"><div class="savebar-words" role="status"><b>Changed</b></div><Button onClick={() => { setDraft({}); setError(undefined); }}>Discard</Button><Button type="submit" look="main" busy={busy}>Save</Button></div>
      )}
      {deleting && (
        <FormDialog title={`Delete ${contact.name}?`} action="Delete" danger reasoned={contact.accountCount > 0} onClose={() => setDeleting(false)} onSubmit={async reason => {
          await get(api.DELETE('/contacts/{contactId}', { params: { ...at.params, header: reason } }));
          keep(place, undefined);
          say(`${contact.name} is deleted.`);
          go('#/contacts');
        }}>{() => <p>The contact is unlinked from {contact.accountCount === 1 ? 'its account' : `its ${count(contact.accountCount, 'account', 'accounts')}`}.</p>}</FormDialog>
      )}
    </form>
  );
}
