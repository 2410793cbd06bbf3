import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { api, ask, reasonName, Refusal, type Account, type ReasonHeader } from '../api';
import { begunAt, keep } from '../begun';
import { ago, count, formatTime, nameOf } from '../format';
import { bodyOf, customMembers, labelOf, loadProperties, members, newOptions, ownMembers, same, show, valueOf, type Draft } from '../members';
import { go } from '../router';
import { may } from '../session';
import { Dialog, FormDialog } from '../ui/dialog';
import { RequiredNote } from '../ui/field';
import { Banner, Button, Chip, Empty, Errors, Head, useLoaded, Wait } from '../ui/parts';
import { useReason } from '../ui/reason';
import { typing, useSaveKey } from '../ui/shortcuts';
import { say } from '../ui/toast';
import { lastList } from './accounts';
import { Conflict } from './conflict';
import { Difference, differingKeys } from './difference';
import { History } from './history';
import { LinkedContacts } from './links';
import { MemberFields } from './member-fields';
import { undeletions, undo } from './take-back';

/** An account as it was read, with the tag that says so, and what is to change. */
interface Work { base: Account; tag: string; draft: Draft }

const place = (id: number) => `account ${id}`;

const fields = () => [...members.value.map(m => m.key), 'contacts', reasonName];

async function load(id: number): Promise<Work> {
  const { data, response } = await ask(api.GET('/accounts/{accountId}', { params: { path: { accountId: id }, query: { include_contacts: true, include_archived: true } } }));
  return { base: data, tag: response.headers.get('etag')!, draft: {} };
}

/** One account: its members, its people and what happened to it. */
export function AccountView({ id }: { id: number }) {
  const loaded = useLoaded(async () => begunAt<Work>(place(id)) ?? load(id), [id, undeletions.value]);
  if (loaded.error instanceof Refusal && loaded.error.status === 404) {
    return (
      <>
        <Head title={`Account ${id}`} back={{ href: lastList.value, text: 'Accounts' }} />
        <Empty title="This account does not exist, or no longer does."><p>If it was deleted, its history is kept.</p></Empty>
        <History id={id} round={0} onTakenBack={loaded.reload} />
      </>
    );
  }
  return <Wait for={loaded} title={`Account ${id}`} back={{ href: lastList.value, text: 'Accounts' }}>{work => <AccountWork key={id} first={work} />}</Wait>;
}

/** The work on an account: what is to change, and the ways to send it. */
function useWork(first: Work) {
  const [work, setWork] = useState(first);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const [theirs, setTheirs] = useState<Work>();
  const [preview, setPreview] = useState<Account>();
  const [round, setRound] = useState(0);
  const reason = useReason();
  const { base, tag, draft } = work;
  const dirty = Object.keys(draft).length > 0;
  useLayoutEffect(() => keep(place(base.id), dirty ? work : undefined), [work]);

  const take = (next: Work) => { setWork(next); setTheirs(undefined); setError(undefined); setPreview(undefined); reason.clear(); };
  const change = (key: string, value: unknown) => {
    const { [key]: _, ...rest } = draft;
    setWork({ ...work, draft: same(value, valueOf(base, key)) ? rest : { ...rest, [key]: value } });
  };
  /** Writes, and takes up what came of it. Throws a Refusal. */
  const write = async (set: Draft, match: string, why: ReasonHeader) => {
    const { data, response } = await send(base.id, set, match, why);
    if (newOptions(set).length) await loadProperties();
    const others = match === tag ? differingKeys(base, data).filter(k => !(k in set)).map(labelOf) : [];
    take({ base: data, tag: response.headers.get('etag')!, draft: {} });
    setRound(r => r + 1);
    say(others.length ? `Saved. Somebody else has also changed: ${others.join(', ')}.` : 'Saved.');
  };
  const save = async (set = draft, match = tag) => {
    setBusy(true);
    setError(undefined);
    try {
      await write(set, match, reason.header);
    } catch (refused) {
      if (refused instanceof Refusal && refused.status === 412) setTheirs(await load(base.id).catch(() => undefined));
      setError(refused);
    }
    setBusy(false);
  };
  const activate = (isActive: boolean, why: ReasonHeader) => write({ isActive }, tag, why);
  const reverted = (account: Account, its: string) => { take({ base: account, tag: its, draft: {} }); setRound(r => r + 1); };
  const look = () => send(base.id, draft, tag, reason.header, true).then(({ data }) => { setPreview(data); setError(undefined); }, setError);
  const discard = () => take({ ...work, draft: {} });
  return { base, tag, draft, dirty, error, busy, theirs, preview, reason, round, take, change, save, activate, reverted, look, discard, closePreview: () => setPreview(undefined) };
}

/** Sends what is to change, and only if nobody else has changed the same members since the tag's version. */
const send = (id: number, set: Draft, tag: string, reason: ReasonHeader, dry = false) => ask(api.PATCH('/accounts/{accountId}', {
  params: {
    path: { accountId: id }, header: { 'If-Match': tag, Prefer: 'merge', ...reason },
    query: { allow_new_options: newOptions(set).length > 0 || undefined, dry_run: dry || undefined },
  },
  body: bodyOf(set) as never,
}));

/** Escape leaves a field, and then the account. */
function useEscape(): void {
  useEffect(() => {
    const on = (e: KeyboardEvent) => {
      if (e.key !== 'Escape' || e.defaultPrevented || e.isComposing || document.querySelector('dialog[open]')) return;
      if (typing(e)) (e.target as HTMLElement).blur(); else go(lastList.value);
    };
    addEventListener('keydown', on);
    return () => removeEventListener('keydown', on);
  }, []);
}

function AccountWork({ first }: { first: Work }) {
  const work = useWork(first);
  const { base, draft, dirty, error, busy, theirs } = work;
  const editable = may('write');
  useSaveKey(dirty && !busy && !theirs && (() => void work.save()));
  useEscape();
  const restore = (key: string, value: unknown) => { work.change(key, value); say(`${labelOf(key)} is as it was. Save to keep it.`); };
  const fieldProps = { account: base, draft, error, disabled: !editable || busy, onChange: work.change };
  return (
    <article class="account">
      <AccountHead work={work} />
      {theirs
        ? <Conflict base={base} theirs={theirs.base} draft={draft} conflicts={error instanceof Refusal ? error.problem?.conflicts : undefined} busy={busy} onTheirs={() => work.take(theirs)}
            onSend={set => (Object.keys(set).length ? work.save(set, theirs.tag) : work.take(theirs))} />
        : <Errors of={error} fields={fields()} />}
      <RequiredNote />
      <div class="columns">
        <div class="column">
          <section class="panel"><h2>Account</h2><MemberFields members={ownMembers.filter(m => !m.readOnly && m.key !== 'isActive')} {...fieldProps} /></section>
          {customMembers.value.length > 0 && <section class="panel"><h2>Custom</h2><MemberFields members={customMembers.value} {...fieldProps} /></section>}
        </div>
        <div class="column aside">
          <LinkedContacts account={base} ids={'contacts' in draft ? draft.contacts as number[] : undefined} disabled={!editable || busy} error={error} onChange={ids => work.change('contacts', ids)} />
          <History id={base.id} round={work.round} current={base} onRestore={editable ? restore : undefined} disabled={busy || dirty} onTakenBack={work.reverted} />
        </div>
      </div>
      {dirty && !theirs && <SaveBar work={work} />}
      {work.preview && <Preview base={base} after={work.preview} onClose={work.closePreview} />}
    </article>
  );
}

type Works = ReturnType<typeof useWork>;

function AccountHead({ work }: { work: Works }) {
  const { base, busy, dirty } = work;
  const [asking, setAsking] = useState<'activate' | 'delete'>();
  const close = () => setAsking(undefined);
  return (
    <>
      <Head title={base.title} back={{ href: lastList.value, text: 'Accounts' }}
        under={<>
          <span>No. {base.number}</span>
          {!base.isActive && <Chip tone="warn">Archived</Chip>}
          <span title={formatTime(base.updatedAt)}>Updated {ago(base.updatedAt)}{base.updatedBy && ` by ${nameOf(base.updatedBy)}`}</span>
        </>}>
        {may('write') && <>
          <Button disabled={busy || dirty} onClick={() => setAsking('activate')}>{base.isActive ? 'Archive' : 'Restore'}</Button>
          <Button look="danger" disabled={busy} onClick={() => setAsking('delete')}>Delete</Button>
        </>}
      </Head>
      {asking === 'activate' && <Activate work={work} onClose={close} />}
      {asking === 'delete' && <Delete work={work} onClose={close} />}
    </>
  );
}

interface StepProps { work: Works; onClose: () => void }

/** Archives an account, or restores one that is archived. */
function Activate({ work: { base, activate }, onClose }: StepProps) {
  const [is, does] = base.isActive ? ['Archive', 'It is left out of lists and searches until it is restored.'] : ['Restore', 'It is in lists and searches again.'];
  return (
    <FormDialog title={`${is} ${base.title}?`} action={`${is} it`} reasoned onClose={onClose} onSubmit={async reason => {
      await activate(!base.isActive, reason);
      onClose();
    }}>{() => <p>{does}</p>}</FormDialog>
  );
}

function Delete({ work: { base, tag }, onClose }: StepProps) {
  const [match, setMatch] = useState(tag);
  const changed = async (refused: unknown) => {
    if (!(refused instanceof Refusal) || refused.status !== 412) throw refused;
    const now = await load(base.id);
    setMatch(now.tag);
    throw new Error(`${now.base.updatedBy ? nameOf(now.base.updatedBy) : 'Somebody'} has changed it since you opened it: ${differingKeys(base, now.base).map(labelOf).join(', ')}. Delete it all the same?`);
  };
  return (
    <FormDialog title={`Delete ${base.title}?`} action="Delete it" danger reasoned onClose={onClose} onSubmit={async reason => {
      await ask(api.DELETE('/accounts/{accountId}', { params: { path: { accountId: base.id }, header: { 'If-Match': match, ...reason } } })).catch(changed);
      keep(place(base.id), undefined);
      say(`${base.title} is deleted.`, 'good', { text: 'Undo', run: () => void undo(base.id) });
      go(lastList.value);
    }}>{() => <p>It will no longer appear anywhere, but its history is kept. To put it aside, archive it instead.</p>}</FormDialog>
  );
}

function SaveBar({ work: { draft, busy, error, reason, discard, look, save } }: { work: Works }) {
  const keys = Object.keys(draft);
  return (
    <form class="savebar" onSubmit={e => { e.preventDefault(); void save(); }} noValidate>
      <div class="savebar-words" role="status">
        <b>{count(keys.length, 'change')}</b>
        <span>{keys.map(labelOf).join(', ')}</span>
        {newOptions(draft).length > 0 && <span class="fresh">New: {show(newOptions(draft))}</span>}
      </div>
      {reason.field(error)}
      <Button onClick={discard} disabled={busy}>Discard</Button>
      <Button onClick={look} disabled={busy}>Preview</Button>
      <Button type="submit" look="main" busy={busy} aria-keyshortcuts="Control+S">Save</Button>
    </form>
  );
}

function Preview({ base, after, onClose }: { base: Account; after: Account; onClose: () => void }) {
  return (
    <Dialog title="Preview" wide onClose={onClose}>
      <div class="fields">
        <Banner>The server has checked this. Nothing was written.</Banner>
        <Difference before={base} after={after} />
      </div>
    </Dialog>
  );
}
