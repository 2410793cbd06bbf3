import { useState } from 'preact/hooks';
import { api, base, get, Refusal, type Alias } from '../api';
import { Field, SelectField, TextField } from '../ui/field';
import { FormDialog } from '../ui/dialog';

const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });
const when = (at: string) => `${day.format(new Date(at))}, ${time.format(new Date(at))} UTC`;
const line = (calls: number, text: string) => `${String(calls).padStart(9)}  ${text}`;

/** The letter of a notice, as server/mail/notice.txt writes it. */
export function letter(user: Alias, message: string, sunset: string | undefined): string {
  const end = sunset ?? user.sunset ?? undefined;
  const over = end !== undefined && new Date(end) <= new Date();
  const root = base.replace(/\/v1$/, '');
  const uses = (user.operations ?? []).length === 0 ? ['You have not called them in the last 30 days.'] : [
    `Your calls of the last 30 days: ${user.calls.last30Days}. The last one was on ${when(user.lastCallAt!)}.`, '',
    ...user.operations!.flatMap(o => [line(o.calls, `${o.method} ${root}${o.path}`), `      now  ${o.method} ${root}${o.successor}`, '']),
    'They were made with these keys:', '', ...user.keys.map(k => line(k.calls, `${k.name || '(no name)'} (${k.prefix}...)`)), '',
    'and by these programs:', '', ...user.userAgents.map(a => line(a.calls, a.userAgent || '(no name)')),
    ...user.leniencies.length ? ['', 'What they send that /accounts refuses, unless a request has the header', '"Prefer: handling=lenient":', '', ...user.leniencies.map(l => line(l.calls, `${l.name}, by ${l.keys.map(k => k.name || `${k.prefix}...`).join(', ')}`))] : [],
  ];
  return [
    `Subject: ${end ? `/clients ${over ? 'was to end' : 'ends'} on ${day.format(new Date(end))}` : '/clients will end'}: please move to /accounts`, '',
    `Hello${user.firstName && ` ${user.firstName}`},`, '', message || '…', '',
    `The former paths under ${root}/v1/clients ${over ? 'were to' : 'will'} stop working for you${end ? ` on\n${when(end)}` : ''}${over ? ', and can be closed at any time' : ''}. Use those under ${root}/v1/accounts instead: they take`,
    `the same requests and give the same answers${user.leniencies.length ? ', but for what\nis named at the end' : ''}.`, '', ...uses,
  ].join('\n');
}

/** Tells a user that the former path will end, after a look at the mail. */
export function Notice({ user, onClose, onDone }: { user: Alias; onClose: () => void; onDone: () => void }) {
  const [message, setMessage] = useState('We are tidying up our API. Please move to the new paths; nothing else changes.');
  const [ending, setEnding] = useState('set');
  const [date, setDate] = useState(() => new Date(Date.now() + 60 * 86_400_000).toISOString().slice(0, 10));
  const sunset = ending === 'set' && date ? `${date}T00:00:00Z` : undefined;
  return (
    <FormDialog title={`Notify ${user.email}`} action="Send the notice" wide fields={['message', 'sunset']} onClose={onClose} onSubmit={async () => {
      await get(api.POST('/alias-migrations/{userId}/notify', { params: { path: { userId: user.userId } }, body: { message, sunset } }));
      onDone();
    }}>
      {error => <>
        <Field label="Message" required error={error instanceof Refusal ? error.of('message') : undefined}>
          {tie => <textarea {...tie} rows={3} value={message} onInput={e => setMessage(e.currentTarget.value)} />}
        </Field>
        <div class="grid">
          <SelectField label="The end" value={ending} options={[['set', 'On a day'], ['', user.sunset ? 'As announced' : 'Not named yet']]} onChange={setEnding} />
          {ending === 'set' && <TextField label="Day (UTC)" name="sunset" required type="date" of={error} value={date} onInput={setDate} />}
        </div>
        <Field label="The mail" group hint="It is sent if the server can send mail, and recorded in any case.">
          {() => <pre class="letter" tabIndex={0}>{letter(user, message, sunset)}</pre>}
        </Field>
      </>}
    </FormDialog>
  );
}
