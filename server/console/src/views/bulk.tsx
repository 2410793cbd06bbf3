import { useState } from 'preact/hooks';
import { api, get, reasonName, Refusal, type Account } from '../api';
import { count, formatCount } from '../format';
import { bodyOf, loadProperties, mayBeNull, memberOf, members, newOptions, show, valueOf, type Draft, type Member } from '../members';
import { Dialog } from '../ui/dialog';
import { SelectField } from '../ui/field';
import { useOnce } from '../ui/once';
import { Banner, Button, Errors, Long } from '../ui/parts';
import { useReason } from '../ui/reason';
import { say } from '../ui/toast';
import { differing } from './difference';
import { MemberFields } from './member-fields';

/** Changes many accounts at once, all or none, after a look at what that makes of them. */
export function Bulk({ accounts, onClose, onDone }: { accounts: Account[]; onClose: () => void; onDone: () => void }) {
  const [draft, setDraft] = useState<Draft>({});
  const [after, setAfter] = useState<Account[]>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const key = useOnce();
  const reason = useReason();
  const picked = Object.keys(draft).map(memberOf).filter(m => !!m);
  const free = members.value.filter(m => !m.readOnly && m.key !== 'number' && m.key !== 'title' && !(m.key in draft));
  const send = async (dry: boolean) => {
    setBusy(true);
    setError(undefined);
    const set = bodyOf(draft) as never;
    try {
      const { accounts: made } = await get(api.POST('/accounts/batch', {
        params: { query: { dry_run: dry || undefined, allow_new_options: newOptions(draft).length > 0 || undefined } },
        headers: dry ? {} : { ...key([draft, reason.header]), ...reason.header }, body: { updates: accounts.map(a => ({ id: a.id, set })) },
      }));
      if (dry) setAfter(made);
      else {
        if (newOptions(draft).length) await loadProperties();
        say(`${count(made.length, 'account')} changed.`);
        onDone();
      }
    } catch (refused) {
      setError(refused);
    }
    setBusy(false);
  };
  const change = (name: string, value: unknown) => { setAfter(undefined); setDraft({ ...draft, [name]: value }); };
  const changed = after?.map((a, i) => ({ before: accounts[i], after: a, members: differing(accounts[i], a) })).filter(c => c.members.length);
  return (
    <Dialog title={`Change ${count(accounts.length, 'account')}`} wide begun={picked.length > 0} onClose={onClose}>
      <form onSubmit={e => { e.preventDefault(); void send(!after); }} noValidate>
        <Errors of={error} fields={[reasonName]} />
        <SelectField label="Fields to set" value="" options={[['', 'Add a field…'], ...free.map((m): [string, string] => [m.key, m.name])]} onChange={name => name && change(name, memberOf(name)!.key === 'isActive' ? true : mayBeNull(memberOf(name)!) ? null : [])} />
        <MemberFields members={picked} draft={draft} error={withoutPlaces(error)} disabled={busy} onChange={change} />
        {picked.length > 0 && <p class="hint">A field that is left empty is cleared. <button type="button" class="link" onClick={() => { setDraft({}); setAfter(undefined); }}>Start over</button></p>}
        {changed && (
          <>
            <Banner>{changed.length === 0 ? 'Nothing would change.' : `${formatCount(changed.length)} of ${count(accounts.length, 'account')} would change. Nothing is written yet; all are written together or none.`}</Banner>
            <Differences of={changed} />
            {changed.length > 0 && reason.field(error)}
          </>
        )}
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          {after
            ? <Button type="submit" look="main" busy={busy} disabled={!changed?.length}>Change {count(changed?.length ?? 0, 'account')}</Button>
            : <Button type="submit" look="main" busy={busy} disabled={picked.length === 0}>Preview</Button>}
        </footer>
      </form>
    </Dialog>
  );
}

interface Changed { before: Account; after: Account; members: Member[] }

const Differences = ({ of }: { of: Changed[] }) => (
  <div class="scroll tall">
    <table class="plain">
      <thead><tr><th scope="col">Account</th><th scope="col">Field</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
      <tbody>
        {of.flatMap(c => c.members.map((m, i) => (
          <tr key={`${c.before.id} ${m.key}`}>
            <th scope="row">{i === 0 && c.before.title}</th><td>{m.name}</td>
            <td class="was"><Long text={show(valueOf(c.before, m.key), m) || '–'} /></td><td class="is"><Long text={show(valueOf(c.after, m.key), m) || '–'} /></td>
          </tr>
        )))}
      </tbody>
    </table>
  </div>
);

/** The offences of a batch as those of one update: they name the place of the update first. */
function withoutPlaces(error: unknown): unknown {
  if (!(error instanceof Refusal) || !error.problem) return error;
  const errors = error.problem.errors?.map(e => ({ ...e, field: e.field.replace(/^updates[.[]\d+\]?\.set\./, '') }));
  return new Refusal(error.status, { ...error.problem, errors });
}
