import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { api, ask, once, Refusal, type Account, type Change, type ReasonHeader, type Schemas } from '../api';
import { numberOf } from '../format';
import { inOrder, labelOf, textOf, valueOf } from '../members';
import { go } from '../router';
import { FormDialog } from '../ui/dialog';
import { useOnce } from '../ui/once';
import { Banner, Errors, useLoaded } from '../ui/parts';
import { say } from '../ui/toast';

/** What a revert or an undelete came to. */
type Reverted = Schemas['RevertedAccount'];

/** How often an account was undeleted from a notice: a view of it that is open has to load it again. */
export const undeletions = signal(0);

const undelete = (id: number, dry: boolean, header: ReasonHeader & Partial<ReturnType<typeof once>> = {}) => ask(api.POST('/accounts/{accountId}/undelete', {
  params: { path: { accountId: id }, query: { dry_run: dry }, header },
}));

/** Undeletes an account without a look at what becomes of it, as the one who has just deleted it may. */
export async function undo(id: number): Promise<void> {
  try {
    const { data } = await undelete(id, false, once());
    tell(`${data.account.title} is back.`, data);
    undeletions.value++;
    go(`#/accounts/${id}`);
  } catch (refused) {
    say((refused as Error).message, 'bad');
  }
}

const tell = (words: string, { leftOut }: Reverted) => say(leftOut.length ? `${words} Left out: ${leftOut.map(l => l.reason).join('; ')}.` : words);

/** Whether a change is one that can be taken back: of a deletion it is the last, and of an account that is not there. */
export function canGoBack(change: Change, last: boolean, there: boolean): boolean {
  return there ? change.kind === 'updated' : last && change.kind === 'deleted';
}

interface Props {
  id: number;
  change: Change;
  current?: Account;
  onClose: () => void;
  /** Gets the account as it is by now, with its tag. */
  onDone: (account: Account, tag: string) => void;
}

/** Takes a change of an account back, or undeletes it, after a look at what that makes of it. */
export function TakeBack({ id, change, current, onClose, onDone }: Props) {
  const [partial, setPartial] = useState(false);
  const deletion = change.kind === 'deleted';
  const key = useOnce();
  const request = (dry: boolean, reason: ReasonHeader = {}, header = dry ? {} : { ...key([partial, reason]), ...reason }) => (deletion ? undelete(id, dry, header) : ask(api.POST('/accounts/{accountId}/changes/{sequence}/revert', {
    params: {
      path: { accountId: id, sequence: change.sequence }, query: { dry_run: dry },
      header: { ...(partial && { Prefer: 'merge' }), ...header },
    },
  })));
  const preview = useLoaded(async () => (await request(true)).data, [partial]);
  const clashes = preview.data ? preview.data.leftOut.map(l => l.reason) : clashesOf(preview.error);
  const empty = preview.data?.members.length === 0 && !change.cause?.merged;
  return (
    <FormDialog title={deletion ? 'Undelete the account' : `Take back ${numberOf(change.sequence)}`} action={deletion ? 'Undelete' : 'Take back'} wide reasoned disabled={!preview.data || empty} onClose={onClose}
      onSubmit={async reason => {
        const { data, response } = await request(false, reason);
        tell(deletion ? `${data.account.title} is back.` : 'The change is taken back.', data);
        onDone(data.account, response.headers.get('etag')!);
      }}>
      {() => <>
        {clashes.length === 0 && <Errors of={preview.error} />}
        {clashes.length > 0 && <div class="banner warn" role="alert"><p>{preview.data ? 'Left out:' : 'This cannot be taken back as a whole:'}</p>{clashes.map(c => <p key={c}>{c}</p>)}</div>}
        {!deletion && (partial || clashes.length > 0) && (
          <label class="check"><input type="checkbox" checked={partial} onChange={e => setPartial(e.currentTarget.checked)} />Leave these out, and take back the others</label>
        )}
        {change.cause?.merged && <Banner>The accounts that were merged will be back.</Banner>}
        {empty && <p class="none">Nothing would change.</p>}
        {preview.data && !empty && <Members of={preview.data} change={change} current={current} />}
      </>}
    </FormDialog>
  );
}

/** The members that stand in the way of taking a change back as a whole, in the server's words. Any other refusal has none. */
function clashesOf(error: unknown): string[] {
  const errors = error instanceof Refusal && error.status === 409 ? error.problem?.errors ?? [] : [];
  return errors.some(e => e.field === 'sequence' || e.field === 'accountId') ? [] : errors.map(e => e.message);
}

/** What becomes of the members that go back. What they are now is what the change made of them, or else they did not. */
function Members({ of: { account, members }, change, current }: { of: Reverted; change: Change; current?: Account }) {
  const text = (key: string, value: unknown) => textOf(key, value, account, current) || '–';
  return (
    <table class="plain">
      <thead><tr><th scope="col">Field</th>{current && <th scope="col">Now</th>}<th scope="col">As it will be</th></tr></thead>
      <tbody>
        {inOrder(members).map(key => (
          <tr key={key}>
            <th scope="row">{labelOf(key)}</th>
            {current && <td class="was">{text(key, change.fields[key]?.after)}</td>}
            <td class="is">{text(key, valueOf(account, key))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
