import type { Account } from '../api';
import { members, same, show, valueOf } from '../members';
import { Long } from '../ui/parts';

/** The members in which two states of an account differ. */
export const differing = (before: Account, after: Account) =>
  members.value.filter(m => !m.readOnly && !same(valueOf(before, m.key), valueOf(after, m.key)));

/** The names of the members in which two states differ, contacts among them. */
export const differingKeys = (before: Account, after: Account): string[] =>
  [...differing(before, after).map(m => m.key), ...(same(valueOf(before, 'contacts'), valueOf(after, 'contacts')) ? [] : ['contacts'])];

/** What a change makes of an account, member by member. */
export function Difference({ before, after }: { before: Account; after: Account }) {
  const rows = differing(before, after);
  const people = [before, after].map(a => (a.contacts ?? []).map(c => c.name).join(', '));
  if (rows.length === 0 && people[0] === people[1]) return <p class="none">Nothing changes.</p>;
  return (
    <table class="plain">
      <thead><tr><th scope="col">Field</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
      <tbody>
        {rows.map(m => (
          <tr key={m.key}>
            <th scope="row">{m.name}</th>
            <td class="was"><Long text={show(valueOf(before, m.key), m) || '–'} most={240} /></td>
            <td class="is"><Long text={show(valueOf(after, m.key), m) || '–'} most={240} /></td>
          </tr>
        ))}
        {people[0] !== people[1] && <tr><th scope="row">Contacts</th><td class="was">{people[0] || '–'}</td><td class="is">{people[1] || '–'}</td></tr>}
      </tbody>
    </table>
  );
}
