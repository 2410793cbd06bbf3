import { useLayoutEffect, useState } from 'preact/hooks';
import { api, ask, reasonName } from '../api';
import { begunAt, keep } from '../begun';
import { bodyOf, customMembers, loadProperties, newOptions, ownMembers, type Draft } from '../members';
import { go } from '../router';
import { RequiredNote } from '../ui/field';
import { useOnce } from '../ui/once';
import { Button, Errors, Head } from '../ui/parts';
import { useReason } from '../ui/reason';
import { useSaveKey } from '../ui/shortcuts';
import { say } from '../ui/toast';
import { lastList } from './accounts';
import { MemberFields } from './member-fields';

const asked = ownMembers.filter(m => !m.readOnly && m.key !== 'isActive');

const place = 'new account';

/** A new account. */
export function NewAccount() {
  const [draft, setDraft] = useState(() => begunAt<Draft>(place) ?? { address: [] });
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const key = useOnce();
  const reason = useReason();
  useLayoutEffect(() => keep(place, Object.values(draft).flat().length ? draft : undefined), [draft]);
  const submit = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const { data } = await ask(api.POST('/accounts', {
        params: { query: { match_by: 'none', allow_new_options: newOptions(draft).length > 0 || undefined } }, headers: { ...key([draft, reason.header]), ...reason.header }, body: bodyOf(draft) as never,
      }));
      if (newOptions(draft).length) await loadProperties();
      keep(place, undefined);
      say(`${data.title} was created.`);
      go(`#/accounts/${data.id}`, true);
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  const change = (name: string, value: unknown) => {
    const { [name]: _, ...rest } = draft;
    setDraft(value === null ? rest : { ...rest, [name]: value });
  };
  useSaveKey(!busy && submit);
  const common = { draft, error, disabled: busy, onChange: change };
  return (
    <form class="account single" onSubmit={e => { e.preventDefault(); void submit(); }} noValidate>
      <Head title="New account" back={{ href: lastList.value, text: 'Accounts' }} />
      <Errors of={error} fields={[...[...asked, ...customMembers.value].map(m => m.key), reasonName]} />
      <RequiredNote />
      <section class="panel"><h2>Account</h2><MemberFields members={asked} {...common} /></section>
      {customMembers.value.length > 0 && <section class="panel"><h2>Custom</h2><MemberFields members={customMembers.value} {...common} /></section>}
      <div class="savebar"><div class="savebar-words" />{reason.field(error)}<a class="button plain" href={lastList.value} onClick={() => keep(place, undefined)}>Cancel</a><Button type="submit" look="main" busy={busy}>Create the account</Button></div>
    </form>
  );
}
