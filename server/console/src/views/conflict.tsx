import { useState } from 'preact/hooks';
import type { Account } from '../api';
import { ago, nameOf } from '../format';
import { memberOf, same, show, valueOf, type Draft } from '../members';
import { Button, Chip } from '../ui/parts';
import { differing } from './difference';

interface ConflictProps { base: Account; theirs: Account; draft: Draft; busy: boolean; onSend: (set: Draft) => void; onTheirs: () => void }

/** Somebody else has changed the account meanwhile: which value of each member is to stay? */
export function Conflict({ base, theirs, draft, busy, onSend, onTheirs }: ConflictProps) {
  const keys = [...new Set([...Object.keys(draft), ...differing(base, theirs).map(m => m.key)])];
  const [picks, setPicks] = useState<Record<string, 'mine' | 'theirs'>>({});
  const changedByThem = (key: string) => !same(valueOf(base, key), valueOf(theirs, key));
  const clash = (key: string) => key in draft && changedByThem(key) && !same(draft[key], valueOf(theirs, key));
  const pickOf = (key: string) => picks[key] ?? (clash(key) ? undefined : key in draft ? 'mine' : 'theirs');
  const open = keys.filter(k => !pickOf(k)).length;
  const send = () => onSend(Object.fromEntries(Object.entries(draft).filter(([k, v]) => pickOf(k) === 'mine' && !same(v, valueOf(theirs, k)))));
  return (
    <section class="panel conflict" role="alert" aria-labelledby="conflict-title">
      <h2 id="conflict-title">{theirs.updatedBy ? nameOf(theirs.updatedBy) : 'Somebody'} has changed this account {ago(theirs.updatedAt)}</h2>
      <p>Nothing of yours was written. Choose what is to stay, and send it again.</p>
      <div class="scroll">
        <table class="plain">
          <thead><tr><th scope="col">Member</th><th scope="col">It was</th><th scope="col">Theirs</th><th scope="col">Mine</th></tr></thead>
          <tbody>
            {keys.map(key => {
              const member = memberOf(key);
              const name = member?.name ?? 'Contacts';
              const option = (which: 'mine' | 'theirs', value: unknown) => (
                <td class={pickOf(key) === which ? 'picked' : ''}>
                  <label><input type="radio" name={`pick-${key}`} checked={pickOf(key) === which} onChange={() => setPicks({ ...picks, [key]: which })} />
                    <span class="sr">{name}, {which}: </span>{show(value, member) || '–'}</label>
                </td>
              );
              return (
                <tr key={key}>
                  <th scope="row">{name} {clash(key) && <Chip tone="warn">both</Chip>}</th>
                  <td class="was">{show(valueOf(base, key), member) || '–'}</td>
                  {option('theirs', valueOf(theirs, key))}
                  {key in draft ? option('mine', draft[key]) : <td class="none">not changed</td>}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <footer>
        <Button onClick={onTheirs} disabled={busy}>Take all of theirs</Button>
        <Button look="main" onClick={send} busy={busy} disabled={open > 0}>{open ? `Choose ${open} more` : 'Send again'}</Button>
      </footer>
    </section>
  );
}
