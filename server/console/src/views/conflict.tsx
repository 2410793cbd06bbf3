import { useState } from 'preact/hooks';
import type { Account, MemberConflict } from '../api';
import { ago, nameOf } from '../format';
import { memberOf, same, show, valueOf, type Draft } from '../members';
import { Button, Chip } from '../ui/parts';
import { differingKeys } from './difference';

interface ConflictProps {
  base: Account;
  theirs: Account;
  draft: Draft;
  /** What the server said that both have changed. */
  conflicts?: MemberConflict[];
  busy: boolean;
  onSend: (set: Draft) => void;
  onTheirs: () => void;
}

type Pick = 'theirs' | 'mine' | 'merged';

/** What there is to choose from: a draft beside what somebody else has made of the account. */
function useChoice({ base, theirs, draft, conflicts = [] }: ConflictProps) {
  const [picks, setPicks] = useState<Record<string, Pick>>({});
  const keys = [...new Set([...Object.keys(draft), ...differingKeys(base, theirs)])];
  // The server merged with what there was when it refused: only if that is what is shown here.
  const merged = (key: string) => conflicts.find(c => c.member === key && same(c.current, valueOf(theirs, key)))?.merged;
  const both = (key: string) => key in draft && !same(valueOf(base, key), valueOf(theirs, key)) && !same(draft[key], valueOf(theirs, key));
  const usual = (key: string): Pick | undefined => (merged(key) ? 'merged' : both(key) ? undefined : key in draft ? 'mine' : 'theirs');
  const pickOf = (key: string) => picks[key] ?? usual(key);
  const values = (key: string): Partial<Record<Pick, unknown>> => ({
    theirs: valueOf(theirs, key), ...(key in draft && { mine: draft[key] }), ...(merged(key) && { merged: merged(key) }),
  });
  const chosen = () => {
    const set = keys.map(key => [key, values(key)[pickOf(key) ?? 'theirs']] as const);
    return Object.fromEntries(set.filter(([key, value]) => key in draft && !same(value, valueOf(theirs, key))));
  };
  return { keys, both, values, pickOf, pick: (key: string, which: Pick) => setPicks({ ...picks, [key]: which }), open: keys.filter(k => !pickOf(k)).length, chosen };
}

/** Somebody else has changed the same members meanwhile: which value of each is to stay? */
export function Conflict(props: ConflictProps) {
  const { base, theirs, busy, onSend, onTheirs } = props;
  const choice = useChoice(props);
  const people = new Map([base, theirs].flatMap(a => (a.contacts ?? []).map(c => [c.id, c.name])));
  const text = (key: string, value: unknown) => (key === 'contacts'
    ? (value as number[]).map(id => people.get(id) ?? `Contact ${id}`).join(', ')
    : show(value, memberOf(key))) || '–';
  const mergeable = choice.keys.some(key => 'merged' in choice.values(key));
  const columns: [Pick, string][] = [['theirs', 'Theirs'], ['mine', 'Mine'], ...(mergeable ? [['merged', 'Merged'] as [Pick, string]] : [])];
  return (
    <section class="panel conflict" role="alert" aria-labelledby="conflict-title">
      <h2 id="conflict-title">{theirs.updatedBy ? nameOf(theirs.updatedBy) : 'Somebody'} has changed this account {ago(theirs.updatedAt)}</h2>
      <p>Nothing of yours was written. Choose what is to stay, and send it again.</p>
      <div class="scroll">
        <table class="plain">
          <thead><tr><th scope="col">Field</th><th scope="col">It was</th>{columns.map(([which, title]) => <th key={which} scope="col">{title}</th>)}</tr></thead>
          <tbody>
            {choice.keys.map(key => {
              const name = memberOf(key)?.name ?? 'Contacts';
              const values = choice.values(key);
              return (
                <tr key={key}>
                  <th scope="row">{name} {choice.both(key) && <Chip tone="warn">both</Chip>}</th>
                  <td class="was">{text(key, valueOf(base, key))}</td>
                  {columns.map(([which]) => (which in values ? (
                    <td key={which} class={choice.pickOf(key) === which ? 'picked' : ''}>
                      <label><input type="radio" name={`pick-${key}`} checked={choice.pickOf(key) === which} onChange={() => choice.pick(key, which)} />
                        <span class="sr">{name}, {which}: </span>{text(key, values[which])}</label>
                    </td>
                  ) : <td key={which} class="none">{which === 'mine' ? 'not changed' : ''}</td>))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <footer>
        <Button onClick={onTheirs} disabled={busy}>Take all of theirs</Button>
        <Button look="main" onClick={() => onSend(choice.chosen())} busy={busy} disabled={choice.open > 0}>{choice.open ? `Choose ${choice.open} more` : 'Send again'}</Button>
      </footer>
    </section>
  );
}
