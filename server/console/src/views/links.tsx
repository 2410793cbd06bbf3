import { useEffect, useRef, useState } from 'preact/hooks';
import { api, get, Refusal, type Account } from '../api';
import { FormDialog } from '../ui/dialog';
import { TextField } from '../ui/field';
import { useOnce } from '../ui/once';
import { Button } from '../ui/parts';

type Person = { id: number; name: string; title?: string | null; emails: string[]; phones: string[] };

interface LinksProps { account: Account; ids?: number[]; disabled: boolean; error: unknown; onChange: (ids: number[]) => void }

/** The people of an account, in order: the first one is its main contact. */
export function LinkedContacts({ account, ids, disabled, error, onChange }: LinksProps) {
  const [known, setKnown] = useState(new Map<number, Person>());
  const [adding, setAdding] = useState(false);
  useEffect(() => setKnown(k => new Map([...k, ...(account.contacts ?? []).map((c): [number, Person] => [c.id, c])])), [account]);
  const shown = ids ?? (account.contacts ?? []).map(c => c.id);
  const missing = shown.filter(id => !known.has(id)).join();
  useEffect(() => {
    for (const id of missing ? missing.split(',').map(Number) : []) {
      get(api.GET('/contacts/{contactId}', { params: { path: { contactId: id } } })).then(c => setKnown(k => new Map(k).set(id, c)), () => {});
    }
  }, [missing]);
  const swap = (i: number, j: number) => onChange(shown.map((id, k) => (k === i ? shown[j] : k === j ? shown[i] : id)));
  const refused = error instanceof Refusal ? error.of('contacts') : undefined;
  return (
    <section class={`panel ${ids ? 'changed' : ''}`}>
      <h2>Contacts {!disabled && <Button look="quiet" icon="plus" label="Link a contact" onClick={() => setAdding(true)} />}</h2>
      {refused && <p class="error">{refused}</p>}
      {shown.length === 0 && <p class="none">No contacts are linked.</p>}
      <ul class="people">
        {shown.map((id, i) => {
          const person = known.get(id);
          return (
            <li key={id}>
              <div>
                <a href={`#/contacts/${id}`}>{person?.name ?? `Contact ${id}`}</a>
                <p class="second">{[person?.title, person?.emails[0], person?.phones[0]].filter(Boolean).join(' · ')}</p>
              </div>
              {!disabled && <div class="row-actions">
                {i > 0 && <Button look="quiet" icon="up" label={`Move ${person?.name} up`} onClick={() => swap(i, i - 1)} />}
                <Button look="quiet" icon="close" label={`Unlink ${person?.name}`} onClick={() => onChange(shown.filter(o => o !== id))} />
              </div>}
            </li>
          );
        })}
      </ul>
      {adding && <LinkDialog taken={shown} onClose={() => setAdding(false)} onPick={person => {
        setKnown(k => new Map(k).set(person.id, person));
        onChange([...shown, person.id]);
        setAdding(false);
      }} />}
    </section>
  );
}

/** Finds a contact to link, or makes one. */
function LinkDialog({ taken, onClose, onPick }: { taken: number[]; onClose: () => void; onPick: (person: Person) => void }) {
  const [q, setQ] = useState('');
  const [found, setFound] = useState<{ of?: string; people: Person[] }>({ people: [] });
  const [entering, setEntering] = useState(false);
  const list = useRef<HTMLUListElement>(null);
  const [email, setEmail] = useState('');
  const key = useOnce();
  useEffect(() => {
    const timer = setTimeout(() => {
      get(api.GET('/contacts', { params: { query: { q: q.trim() || undefined, page_size: 8 } } })).then(people => setFound({ of: q, people }), () => {});
    }, 120);
    return () => clearTimeout(timer);
  }, [q]);
  const picks = found.people.filter(p => !taken.includes(p.id));
  const searching = found.of !== q;
  const buttons = () => [...list.current!.querySelectorAll('button')];
  // Who leaves the name by Enter gets to those that were found, and makes another one only if there are none.
  useEffect(() => {
    if (!entering || searching) return;
    buttons()[0]?.focus();
    setEntering(false);
  }, [entering, searching]);
  const onKey = (e: KeyboardEvent) => {
    const at = buttons().indexOf(e.target as HTMLButtonElement);
    if (e.isComposing || (at < 0 && (e.target as HTMLInputElement).name !== 'name')) return;
    if (e.key === 'Enter' && at < 0 && q.trim() && (searching || picks.length)) { e.preventDefault(); setEntering(true); }
    if (e.key === 'ArrowDown') { e.preventDefault(); buttons()[at + 1]?.focus(); }
    if (e.key === 'ArrowUp') { e.preventDefault(); (buttons()[at - 1] ?? list.current!.closest('form')!.querySelector<HTMLInputElement>('[name=name]')!).focus(); }
  };
  return (
    <FormDialog title="Link a contact" action="Create a new contact" disabled={!q.trim()} fields={['name', 'emails']} onClose={onClose} onSubmit={async () => {
      onPick(await get(api.POST('/contacts', { headers: key([q, email]), body: { name: q, emails: email.trim() ? [email] : undefined } })));
    }}>
      {error => <div class="fields" onKeyDown={onKey}>
        <TextField label="Name" name="name" required of={error} value={q} onInput={setQ} />
        <ul class="picks" ref={list}>
          {picks.map(p => (
            <li key={p.id}><button type="button" onClick={() => onPick(p)}><b>{p.name}</b> <span class="second">{[p.title, p.emails[0], p.phones[0]].filter(Boolean).join(' · ')}</span></button></li>
          ))}
        </ul>
        <TextField label="E-mail of a new contact" name="emails" type="email" of={error} value={email} onInput={setEmail} />
      </div>}
    </FormDialog>
  );
}
