import { useEffect, useState } from 'preact/hooks';
import { api, get, type Delivery, type Schemas, type Webhook } from '../api';
import { formatTime, numberOf } from '../format';
import { go } from '../router';
import { FormDialog } from '../ui/dialog';
import { SelectField, TextField } from '../ui/field';
import { Button, Errors, Head, useLoaded, Wait, type Loaded } from '../ui/parts';
import { say } from '../ui/toast';
import { answerOf, Deliveries } from './deliveries';
import { EditWebhook, sequenceOf } from './webhook-form';
import { progressOf, sentOf, State, WebhookSecret } from './webhooks';

interface Found { webhook: Webhook; deliveries: Delivery[] }

const at = (id: number) => ({ params: { path: { webhookId: id } } });

async function load(id: number, most: number): Promise<Found> {
  const [webhook, { deliveries }] = await Promise.all([
    get(api.GET('/webhooks/{webhookId}', at(id))),
    get(api.GET('/webhooks/{webhookId}/deliveries', { params: { path: { webhookId: id }, query: { page_size: most } } })),
  ]);
  return { webhook, deliveries };
}

/** Looks at a webhook every two seconds while it has changes to send, but not while a window is open, which is about what was there when it was opened. */
function useProgress({ webhook }: Found, working: boolean, look: () => void): void {
  useEffect(() => {
    if (working || webhook.state === 'paused' || webhook.behind === 0 || webhook.failures > 0) return;
    const timer = setTimeout(look, 2000);
    return () => clearTimeout(timer);
  }, [webhook, working]);
}

/** One webhook: what it sends where, and how that goes. */
export function WebhookView({ id }: { id: number }) {
  const [most, setMost] = useState(20);
  const loaded = useLoaded(() => load(id, most), [id, most]);
  return (
    <Wait for={loaded} title={`Webhook ${id}`} back={{ href: '#/webhooks', text: 'Webhooks' }}>
      {found => (
        <article>
          <Work found={found} loaded={loaded} />
          <Deliveries of={found.deliveries} onMore={found.deliveries.length === most && most < 100 ? () => setMost(100) : undefined} onRefresh={loaded.reload} />
        </article>
      )}
    </Wait>
  );
}

type Asked = 'edit' | 'replay' | 'rotate' | 'delete';

function Work({ found, loaded }: { found: Found; loaded: Loaded<Found> }) {
  const { webhook } = found;
  const [asking, setAsking] = useState<Asked>();
  const [issued, setIssued] = useState<Schemas['IssuedWebhook']>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  useProgress(found, !!(asking || issued), loaded.reload);
  const done = (words: string) => { setAsking(undefined); setError(undefined); loaded.reload(); say(words); };
  const act = async (work: () => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    await work().catch(setError);
    setBusy(false);
  };
  const close = () => setAsking(undefined);
  return (
    <>
      <Head title={webhook.url} back={{ href: '#/webhooks', text: 'Webhooks' }} under={<State of={webhook} />}>
        <Actions webhook={webhook} busy={busy} onAsk={setAsking} onTest={() => act(async () => { await test(webhook.id); loaded.reload(); })}
          onSet={(state, words) => act(async () => { await get(api.PATCH('/webhooks/{webhookId}', { ...at(webhook.id), body: { state } })); done(words); })} />
      </Head>
      <Errors of={error} />
      <Facts of={webhook} />
      {asking === 'edit' && <EditWebhook webhook={webhook} onClose={close} onDone={() => done('Saved.')} />}
      {asking === 'replay' && <Replay webhook={webhook} onClose={close} onDone={done} />}
      {asking === 'rotate' && <Rotate webhook={webhook} onClose={close} onDone={made => { setAsking(undefined); setIssued(made); }} />}
      {asking === 'delete' && (
        <FormDialog title="Delete the webhook?" action="Delete it" danger onClose={close} onSubmit={async () => {
          await get(api.DELETE('/webhooks/{webhookId}', at(webhook.id)));
          say('The webhook is deleted.');
          go('#/webhooks');
        }}>{() => <p>Nothing more is sent to <b>{webhook.url}</b>. The secret and the deliveries go with it; another webhook begins anew. To have it wait, pause it instead.</p>}</FormDialog>
      )}
      {issued && <WebhookSecret of={issued} onClose={() => { setIssued(undefined); loaded.reload(); }} />}
    </>
  );
}

/** Sends a test now, and says how that went. */
async function test(id: number): Promise<void> {
  const delivery = await get(api.POST('/webhooks/{webhookId}/test', at(id)));
  say(`The test: ${answerOf(delivery)}.`, delivery.failure ? 'bad' : 'good');
}

interface ActionsProps { webhook: Webhook; busy: boolean; onAsk: (what: Asked) => void; onTest: () => void; onSet: (state: Webhook['state'], words: string) => void }

const Actions = ({ webhook: w, busy, onAsk, onTest, onSet }: ActionsProps) => (
  <>
    <Button disabled={busy} onClick={onTest}>Send a test</Button>
    {w.state === 'active' && w.failures > 0 && <Button disabled={busy} onClick={() => onSet('active', 'It is tried now.')}>Try now</Button>}
    {w.state === 'active'
      ? <Button disabled={busy} onClick={() => onSet('paused', 'The webhook is paused.')}>Pause</Button>
      : <Button disabled={busy} look="main" onClick={() => onSet('active', 'The webhook goes on.')}>Resume</Button>}
    <Button onClick={() => onAsk('edit')}>Edit…</Button>
    <Button onClick={() => onAsk('replay')}>Replay…</Button>
    <Button onClick={() => onAsk('rotate')}>Rotate the secret…</Button>
    <Button look="danger" onClick={() => onAsk('delete')}>Delete</Button>
  </>
);

const Facts = ({ of: w }: { of: Webhook }) => (
  <section class="panel">
    <dl class="facts">
      {w.description && <><dt>Description</dt><dd>{w.description}</dd></>}
      <dt>What is sent</dt><dd>{sentOf(w)}</dd>
      <dt>Delivered</dt><dd>{progressOf(w)}</dd>
      {w.failingSince && <><dt>Failing since</dt><dd>{formatTime(w.failingSince)}</dd></>}
      {w.formerSecretUntil && <><dt>Former secret</dt><dd>signs until {formatTime(w.formerSecretUntil)}</dd></>}
      <dt>Created</dt><dd>{formatTime(w.createdAt)}</dd>
    </dl>
  </section>
);

interface StepProps<T> { webhook: Webhook; onClose: () => void; onDone: (made: T) => void }

function Replay({ webhook, onClose, onDone }: StepProps<string>) {
  const [after, setAfter] = useState('');
  return (
    <FormDialog title="Replay from a change on" action="Replay" fields={['after']} onClose={onClose} onSubmit={async () => {
      await get(api.POST('/webhooks/{webhookId}/replay', { ...at(webhook.id), body: { after: sequenceOf(after) } }));
      onDone(webhook.state === 'paused' ? 'It goes on from there once it is resumed.' : 'It goes on from there.');
    }}>
      {error => <>
        <p>All that follows a change is sent again, each with the id that it had. A later change than it has come to skips what is between.</p>
        <TextField label="After the change" name="after" required of={error} value={after} onInput={setAfter} hint={`Its number, as the history of an account has it; 0 is before the first. The webhook is at ${numberOf(webhook.position)}.`} />
      </>}
    </FormDialog>
  );
}

function Rotate({ webhook, onClose, onDone }: StepProps<Schemas['IssuedWebhook']>) {
  const [hours, setHours] = useState('24');
  return (
    <FormDialog title="Rotate the secret" action="Create another secret" fields={['keepFormerHours']} onClose={onClose} onSubmit={async () => {
      onDone(await get(api.POST('/webhooks/{webhookId}/rotate-secret', { ...at(webhook.id), body: { keepFormerHours: Number(hours) } })));
    }}>
      {error => <SelectField label="The former secret" name="keepFormerHours" of={error} value={hours} onChange={setHours}
        options={[['24', 'Signs as well for a day'], ['72', 'Signs as well for three days'], ['168', 'Signs as well for a week'], ['0', 'Ends at once: others know it']]}
        hint="Requests are signed with both until then, so that nothing is refused before the receiver has the new one." />}
    </FormDialog>
  );
}
