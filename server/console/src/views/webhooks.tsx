import { useState } from 'preact/hooks';
import { api, get, type Schemas, type Webhook } from '../api';
import { ago, count, formatTime, numberOf } from '../format';
import { inOrder } from '../members';
import { go } from '../router';
import { Button, Chip, Empty, Head, useLoaded, Wait } from '../ui/parts';
import { SecretDialog } from '../ui/secret';
import { kinds } from './history';
import { NewWebhook, watchedName } from './webhook-form';

/** Where the changes of accounts are sent. */
export function Webhooks() {
  const loaded = useLoaded(() => get(api.GET('/webhooks')), []);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<Schemas['IssuedWebhook']>();
  return (
    <>
      <Head title="Webhooks" under="Where changes to accounts are sent"><Button look="main" icon="plus" onClick={() => setMaking(true)}>New webhook</Button></Head>
      <Wait for={loaded}>
        {({ webhooks }) => webhooks.length === 0 ? <Empty title="There are no webhooks yet." /> : (
          <div class="panel flush scroll">
            <table class="plain list">
              <thead><tr><th scope="col">URL</th><th scope="col">What is sent</th><th scope="col">State</th><th scope="col">Delivered</th></tr></thead>
              <tbody>{webhooks.map(w => <Row key={w.id} of={w} />)}</tbody>
            </table>
          </div>
        )}
      </Wait>
      {making && <NewWebhook onClose={() => setMaking(false)} onDone={issued => { setMaking(false); setMade(issued); loaded.reload(); }} />}
      {made && <WebhookSecret of={made} onClose={() => go(`#/webhooks/${made.webhook.id}`)} />}
    </>
  );
}

const Row = ({ of: w }: { of: Webhook }) => (
  <tr>
    <th scope="row"><a href={`#/webhooks/${w.id}`}>{w.url}</a> <span class="second">{w.description}</span></th>
    <td>{sentOf(w)}</td>
    <td><State of={w} /></td>
    <td data-label="Delivered">{progressOf(w)}</td>
  </tr>
);

/** The secret of a webhook that was just made. */
export const WebhookSecret = ({ of, onClose }: { of: Schemas['IssuedWebhook']; onClose: () => void }) => (
  <SecretDialog title="The secret of the webhook" name="Secret" value={of.secret} onClose={onClose}>
    It is shown only once. By it the receiver can tell that requests come from here.
  </SecretDialog>
);

const reasons: Record<string, string> = { requested: 'by an admin', failing: 'since nothing was delivered for three days', gone: 'since the receiver has answered 410 (Gone)' };

/** Whether changes are sent, and what keeps them. */
export function State({ of: w }: { of: Webhook }) {
  if (w.state === 'paused') return <><Chip tone={w.pauseReason === 'requested' ? 'warn' : 'bad'}>paused</Chip> <span class="second" title={formatTime(w.pausedAt)}>{ago(w.pausedAt)}, {reasons[w.pauseReason!]}</span></>;
  if (w.failures > 0) return <><Chip tone="bad">failing</Chip> <span class="second">{count(w.failures, 'failure')} in a row{w.nextAttemptAt && `, tried again ${ago(w.nextAttemptAt)}`}</span></>;
  return <Chip tone="good">active</Chip>;
}

/** Which changes are sent. */
export const sentOf = (w: Webhook): string => kindsOf(w) + (w.members.length ? `, only of ${inOrder(w.members).map(watchedName).join(', ')}` : '');
const kindsOf = (w: Webhook) => (w.kinds.length === Object.keys(kinds).length ? 'all changes' : w.kinds.map(k => kinds[k].toLowerCase()).join(', '));

/** How far a webhook has come. */
export const progressOf = (w: Webhook): string => (w.behind === 0 ? `all, up to ${numberOf(w.position)}` : `up to ${numberOf(w.position)}, ${count(w.behind, 'change')} behind`);
