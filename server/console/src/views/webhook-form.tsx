import { useState } from 'preact/hooks';
import { api, get, type Schemas, type Webhook } from '../api';
import { customMembers, inOrder, labelOf, ownMembers, same, type Draft, type Member } from '../members';
import { FormDialog } from '../ui/dialog';
import { kinds } from './history';
import { MemberFields } from './member-fields';

/** What a member is called that a webhook watches. */
export const watchedName = (key: string): string => (key === 'custom' ? 'Any custom field' : labelOf(key));

const settings = (): Member[] => [
  { key: 'url', prop: 'url', name: 'URL', kind: 'text', input: 'url', required: true, hint: 'Each change is sent there as a POST, and counts as delivered once the answer is 2xx.' },
  { key: 'description', prop: 'description', name: 'Description', kind: 'text', hint: 'What is it for?' },
  { key: 'kinds', prop: 'kinds', name: 'Kinds of changes', kind: 'choice', multiple: true, required: true, options: Object.keys(kinds), optionName: kind => kinds[kind as keyof typeof kinds] },
  {
    key: 'members', prop: 'members', name: 'Fields to watch', kind: 'choice', multiple: true, neverNull: true, optionName: watchedName,
    options: [...ownMembers.filter(m => !m.readOnly).map(m => m.key), 'contacts', 'custom', ...customMembers.value.map(m => m.key)],
    hint: 'Only changes to these are sent; with none, all are.',
  },
];

const begin: Member = { key: 'after', prop: 'after', name: 'Begin after', kind: 'text', hint: 'The number of a change, as the history of an account has it; 0 sends all that there are. If it is empty, only what happens from now on.' };

/** Reads the number of a change as the console shows it. */
export const sequenceOf = (typed: string): string => typed.trim().replace(/^#/, '');

interface FormProps { title: string; action: string; fields: Member[]; first: Draft; onClose: () => void; onSend: (set: Draft) => Promise<void> }

/** Asks for settings, and gives on those that are not as they were. */
function SettingsDialog({ title, action, fields, first, onClose, onSend }: FormProps) {
  const [form, setForm] = useState(first);
  const set = () => Object.fromEntries(Object.entries(form).filter(([key, value]) => !same(value, first[key])));
  return (
    <FormDialog title={title} action={action} fields={fields.map(f => f.key)} begun={Object.keys(set()).length > 0} onClose={onClose} onSubmit={() => onSend(set())}>
      {error => <MemberFields members={fields} draft={form} error={error} onChange={(key, value) => setForm({ ...form, [key]: value })} />}
    </FormDialog>
  );
}

/** Makes a webhook, and gives on its secret. */
export const NewWebhook = ({ onClose, onDone }: { onClose: () => void; onDone: (made: Schemas['IssuedWebhook']) => void }) => (
  <SettingsDialog title="New webhook" action="Create the webhook" fields={[...settings(), begin]} first={{ url: '', description: null, kinds: Object.keys(kinds), members: [], after: null }} onClose={onClose}
    onSend={async ({ after, ...set }) => onDone(await get(api.POST('/webhooks', { body: { ...set, ...(typeof after === 'string' && { after: sequenceOf(after) }) } as never })))} />
);

export const EditWebhook = ({ webhook: { id, ...now }, onClose, onDone }: { webhook: Webhook; onClose: () => void; onDone: () => void }) => (
  <SettingsDialog title="Edit the webhook" action="Save" fields={settings()} first={{ url: now.url, description: now.description, kinds: now.kinds, members: inOrder(now.members) }} onClose={onClose}
    onSend={async set => { await get(api.PATCH('/webhooks/{webhookId}', { params: { path: { webhookId: id } }, body: set })); onDone(); }} />
);
