import { useEffect, useState } from 'preact/hooks';
import { api, ask, nextCursor, type Account, type ReasonHeader, type Schemas } from '../api';
import { count } from '../format';
import { loadProperties, members, show, valueOf, type Member } from '../members';
import { may } from '../session';
import { FormDialog } from '../ui/dialog';
import { SelectField } from '../ui/field';
import { useOnce } from '../ui/once';
import { Button, Chip, Empty, Errors, Head, useLoaded, Wait } from '../ui/parts';
import { say } from '../ui/toast';

type Group = Schemas['DuplicateGroup'];

const reasons: Record<Schemas['DuplicateReason'], string> = { primaryEmail: 'E-mail', primaryPhone: 'Phone', title: 'Title', address: 'Address' };

interface Page { groups: Group[]; next?: string }

async function page(after?: string): Promise<Page> {
  const { data, response } = await ask(api.GET('/accounts/duplicates', { params: { query: { page_size: 100, after } } }));
  return { groups: data.groups, next: nextCursor(response, 'after') };
}

/** Accounts that may be the same, and what they have in common. */
export function Duplicates() {
  const loaded = useLoaded(() => page(), []);
  const [error, setError] = useState<unknown>();
  const more = ({ groups, next }: Page) => page(next).then(later => { setError(undefined); loaded.set({ groups: [...groups, ...later.groups], next: later.next }); }, setError);
  const [merging, setMerging] = useState<Group>();
  return (
    <>
      <Head title="Duplicates" under="Accounts that may be the same" />
      <Wait for={loaded}>
        {found => found.groups.length === 0 ? <Empty title="No two accounts have an e-mail address, a phone number, a title or an address in common." /> : (
          <div class="panel flush scroll">
            <table class="plain list">
              <thead><tr><th scope="col">In common</th><th scope="col">Accounts</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
              <tbody>
                {found.groups.map(g => (
                  <tr key={JSON.stringify(g.reasons)}>
                    <th scope="row">{g.reasons.map(r => <div key={r.member} class="second"><Chip>{reasons[r.member]}</Chip> {r.value}</div>)}</th>
                    <td>{g.accounts.map(a => <div key={a.id} class="second"><a href={`#/accounts/${a.id}`}>{a.title}</a> ({a.number})</div>)}{g.count > g.accounts.length && <div class="second">and {count(g.count - g.accounts.length, 'other', 'others')}</div>}</td>
                    <td class="row-actions">{may('write') && <Button aria-label={`Merge… ${g.accounts.map(a => a.title).join(', ')}`} onClick={() => setMerging(g)}>Merge…</Button>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            <Errors of={error} />
            {found.next && <p class="pad"><Button onClick={() => more(found)}>More</Button></p>}
          </div>
        )}
      </Wait>
      {merging && <Merge accounts={merging.accounts} onClose={() => setMerging(undefined)} onDone={() => { setMerging(undefined); loaded.reload(); }} />}
    </>
  );
}

/** Which account stays and what it takes of which, with a look at what becomes of it. */
export function Merge({ accounts, onClose, onDone }: { accounts: Account[]; onClose: () => void; onDone: () => void }) {
  const [stays, setStays] = useState(accounts[0]!.id);
  const [take, setTake] = useState<Record<string, number>>({});
  const key = useOnce();
  useEffect(() => { void loadProperties(); }, []);
  const request = (dry: boolean, reason: ReasonHeader = {}) => ask(api.POST('/accounts/{accountId}/merge', {
    params: { path: { accountId: stays }, query: { dry_run: dry }, header: dry ? {} : { ...key([stays, take, reason]), ...reason } },
    body: { from: accounts.filter(a => a.id !== stays).map(a => ({ id: a.id })), take },
  }));
  const preview = useLoaded(async () => (await request(true)).data, [stays, take]);
  const differing = members.value.filter(m => !m.readOnly && m.key !== 'number' && new Set(accounts.map(a => text(m, a))).size > 1);
  return (
    <FormDialog title={`Merge ${count(accounts.length, 'account', 'accounts')}`} action="Merge" wide reasoned disabled={!preview.data} onClose={onClose} onSubmit={async reason => {
      await request(false, reason);
      say('The accounts are merged. A revert in the history takes it back.');
      onDone();
    }}>
      {() => <>
        <SelectField label="The account that stays" value={String(stays)} options={accounts.map(a => [String(a.id), `${a.title} (${a.number})`])} onChange={id => setStays(Number(id))} />
        <Errors of={preview.error} />
        <table class="plain list">
          <thead><tr><th scope="col">Field</th><th scope="col">Taken from</th><th scope="col">As it will be</th></tr></thead>
          <tbody>
            {differing.map(m => (
              <tr key={m.key}>
                <th scope="row">{m.name}</th>
                <td>
                  <select aria-label={`${m.name} is taken from`} value={String(take[m.key] ?? '')} onChange={e => setTake(chosen(take, m.key, e.currentTarget.value))}>
                    <option value="">{m.multiple && m.key !== 'address' ? 'all of them' : 'the first that has one'}</option>
                    {accounts.map(a => <option key={a.id} value={String(a.id)}>{text(m, a) || '–'} ({a.number})</option>)}
                  </select>
                </td>
                <td data-label="As it will be">{preview.data ? text(m, preview.data) || '–' : '…'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </>}
    </FormDialog>
  );
}

const text = (m: Member, a: Account) => show(valueOf(a, m.key), m);

/** What is taken, with another choice for a member; none is the server's. */
function chosen(take: Record<string, number>, key: string, id: string): Record<string, number> {
  const { [key]: _, ...rest } = take;
  return id ? { ...rest, [key]: Number(id) } : rest;
}
