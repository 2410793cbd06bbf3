import type { Delivery } from '../api';
import { ago, formatCount, formatTime, numberOf } from '../format';
import { Button, Chip, Long } from '../ui/parts';

const failures: Record<string, string> = {
  timeout: 'no answer in time', connection: 'no connection', tls: 'no trust in the certificate', address: 'an address that webhooks may not reach',
};

/** What came of a request, in a few words. */
export const answerOf = (d: Delivery): string => (d.status ? `answered ${d.status}` : failures[d.failure!] ?? '');

interface Props {
  of: Delivery[];
  /** Shows those before as well; not there if there are none. */
  onMore?: () => void;
  onRefresh: () => void;
}

/** The last requests to a webhook, the latest first. */
export const Deliveries = ({ of, onMore, onRefresh }: Props) => (
  <section class="panel flush">
    <h2>Deliveries <Button look="quiet" onClick={onRefresh}>Refresh</Button></h2>
    {of.length === 0 ? <p class="none pad">Nothing was sent yet.</p> : (
      <div class="scroll">
        <table class="plain list">
          <thead><tr><th scope="col">Change</th><th scope="col">Result</th><th scope="col">Sent</th><th scope="col">Took</th><th scope="col">Answer</th></tr></thead>
          <tbody>{of.map(d => <Row key={d.number} of={d} />)}</tbody>
        </table>
      </div>
    )}
    {onMore && <p class="pad"><Button onClick={onMore}>Earlier deliveries</Button></p>}
  </section>
);

const Row = ({ of: d }: { of: Delivery }) => (
  <tr>
    <th scope="row">{d.isTest ? 'Test' : <>{numberOf(d.sequence!)} <span class="second"><a href={`#/accounts/${d.accountId}`}>account {d.accountId}</a></span></>}</th>
    <td><Chip tone={d.failure ? 'bad' : 'good'}>{answerOf(d)}</Chip></td>
    <td data-label="Sent"><time dateTime={d.at} title={formatTime(d.at)}>{ago(d.at)}</time></td>
    <td data-label="Took">{formatCount(d.durationMs)} ms</td>
    <td class="second"><Long text={d.answer ?? ''} /></td>
  </tr>
);
