import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { api, ask, get, type Property, type ReasonHeader } from '../api';
import { count } from '../format';
import { loadProperties, properties } from '../members';
import { go, to } from '../router';
import { may } from '../session';
import { FormDialog } from '../ui/dialog';
import { TextField } from '../ui/field';
import { Button, Empty, Errors, Head, useLoaded } from '../ui/parts';
import { say } from '../ui/toast';
import { mayBeUnique, typeWords } from './properties';

/** How many options are counted at once; of more, each is counted when it is to be removed. */
const most = 50;

/** How many accounts a test of a property finds, archived ones included. */
async function uses(keyName: string, op: 'eq' | 'exists', value: string): Promise<number> {
  const { response } = await ask(api.GET('/accounts/search', { params: { query: { prop1: keyName, op1: op, value1: value, page_size: 1, include_total: true, include_archived: true } } }));
  return Number(response.headers.get('x-total-count'));
}

type Change = Parameters<typeof patch>[1];
const patch = (keyName: string, body: { name?: string; indexed?: boolean; unique?: boolean; options?: string[]; addOptions?: string[]; removeOptions?: string[]; renameOptions?: { from: string; to: string }[] }, force = false, header: ReasonHeader = {}) =>
  get(api.PATCH('/properties/{keyName}', { params: { path: { keyName }, query: { force: force || undefined }, header }, body }));

/** One property, and its options. */
export function PropertyView({ keyName }: { keyName: string }) {
  const property = properties.value.find(p => p.keyName === keyName);
  if (!property) return <><Head title="Not found" back={{ href: '#/properties', text: 'Properties' }} /><Empty title="There is no such property." /></>;
  return <PropertyWork property={property} />;
}

function PropertyWork({ property }: { property: Property }) {
  const [error, setError] = useState<unknown>();
  const [asking, setAsking] = useState<{ what: 'name' | 'add' | 'delete' } | { what: 'rename' | 'remove'; option: string }>();
  const admin = may('admin');
  const used = useLoaded(() => uses(property.keyName, 'exists', 'true'), [property.keyName]);
  const change = async (body: Change, force = false, reason: ReasonHeader = {}) => {
    await patch(property.keyName, body, force, reason);
    await loadProperties();
    setError(undefined);
    say('Saved.');
  };
  const move = (i: number, by: number) => {
    const options = [...property.options];
    [options[i], options[i + by]] = [options[i + by], options[i]];
    change({ options }).catch(setError);
  };
  const close = () => setAsking(undefined);
  return (
    <article class="account single">
      <Head title={property.name} back={{ href: '#/properties', text: 'Properties' }}
        under={<><code>{property.keyName}</code><span>{typeWords(property)}</span>{used.data !== undefined && <a href={to('accounts', { prop1: property.keyName, op1: 'exists', value1: 'true', archived: 'true' })}>{count(used.data, 'account')}</a>}</>}>
        {admin && <>
          <Button onClick={() => setAsking({ what: 'name' })}>Rename</Button>
          <Button onClick={() => change({ indexed: !property.indexed }).catch(setError)}>{property.indexed ? 'Drop the index' : 'Create an index'}</Button>
          {mayBeUnique(property) && <Button onClick={() => change({ unique: !property.unique }).catch(setError)}>{property.unique ? 'Allow equal values' : 'Make unique'}</Button>}
          <Button look="danger" onClick={() => setAsking({ what: 'delete' })}>Delete</Button>
        </>}
      </Head>
      <Errors of={error} />
      {property.type === 'DROPDOWN' && (
        <section class="panel">
          <h2>Options {admin && <Button icon="plus" onClick={() => setAsking({ what: 'add' })}>Add</Button>}</h2>
          <ol class="options">
            {property.options.map((o, i) => (
              <Option key={o} keyName={property.keyName} option={o} counted={property.options.length <= most}>
                {admin && <div class="row-actions">
                  <Button look="quiet" icon="up" label={`Move ${o} up`} disabled={i === 0} onClick={() => move(i, -1)} />
                  <Button look="quiet" icon="down" label={`Move ${o} down`} disabled={i === property.options.length - 1} onClick={() => move(i, 1)} />
                  <Button look="quiet" onClick={() => setAsking({ what: 'rename', option: o })} aria-label={`Rename ${o}`}>Rename</Button>
                  <Button look="quiet" onClick={() => setAsking({ what: 'remove', option: o })} aria-label={`Remove ${o}`}>Remove</Button>
                </div>}
              </Option>
            ))}
          </ol>
        </section>
      )}
      {asking?.what === 'name' && <Naming title="Rename the property" field="name" first={property.name} hint="Its key stays." onClose={close} onName={name => change({ name }).then(close)} />}
      {asking?.what === 'add' && <Naming title={`New option of ${property.name}`} field="addOptions" first="" onClose={close} onName={o => change({ addOptions: [o] }).then(close)} />}
      {asking?.what === 'rename' && <Naming title={`Rename ${asking.option}`} field="renameOptions" first={asking.option} hint="It is renamed in every account." reasoned onClose={close} onName={(o, reason) => change({ renameOptions: [{ from: asking.option, to: o }] }, false, reason).then(close)} />}
      {asking?.what === 'remove' && <Remove property={property} option={asking.option} onClose={close} onRemove={(force, reason) => change({ removeOptions: [asking.option] }, force, reason).then(close)} />}
      {asking?.what === 'delete' && (
        <FormDialog title={`Delete ${property.name}?`} action="Delete the property" danger reasoned={!!used.data} onClose={close} onSubmit={async reason => {
          await get(api.DELETE('/properties/{keyName}', { params: { path: { keyName: property.keyName }, query: { force: used.data ? true : undefined }, header: reason } }));
          await loadProperties();
          go('#/properties');
        }}>{() => <p>{used.data ? <>It goes from <b>{count(used.data, 'account')}</b> that {used.data === 1 ? 'has' : 'have'} a value of it. Their history keeps the values.</> : 'No account has a value of it.'}</p>}</FormDialog>
      )}
    </article>
  );
}

function Option({ keyName, option, counted, children }: { keyName: string; option: string; counted: boolean; children: ComponentChildren }) {
  const used = useLoaded(async () => (counted ? uses(keyName, 'eq', option) : undefined), [keyName, option]);
  return (
    <li>
      <span class="option-name">{option}</span>
      {used.data !== undefined && <a class="second" href={to('accounts', { prop1: keyName, op1: 'eq', value1: option, archived: 'true' })}>{count(used.data, 'account')}</a>}
      {children}
    </li>
  );
}

function Naming({ title, field, first, hint, reasoned, onClose, onName }: { title: string; field: string; first: string; hint?: string; reasoned?: boolean; onClose: () => void; onName: (name: string, reason: ReasonHeader) => Promise<void> }) {
  const [name, setName] = useState(first);
  return (
    <FormDialog title={title} action="Save" fields={[field]} reasoned={reasoned} onClose={onClose} onSubmit={reason => onName(name, reason)}>
      {error => <TextField label="Name" name={field} required of={error} value={name} onInput={setName} hint={hint} />}
    </FormDialog>
  );
}

function Remove({ property, option, onClose, onRemove }: { property: Property; option: string; onClose: () => void; onRemove: (force: boolean, reason: ReasonHeader) => Promise<void> }) {
  const used = useLoaded(() => uses(property.keyName, 'eq', option), [option]);
  return (
    <FormDialog title={`Remove ${option}?`} action="Remove it" danger reasoned={!!used.data} disabled={used.data === undefined} onClose={onClose} onSubmit={reason => onRemove(used.data! > 0, reason)}>
      {() => <p>{used.data ? <><b>{count(used.data, 'account')}</b> {used.data === 1 ? 'has' : 'have'} it, and {used.data === 1 ? 'loses' : 'lose'} it. Their history keeps it.</> : 'No account has it.'}</p>}
    </FormDialog>
  );
}
