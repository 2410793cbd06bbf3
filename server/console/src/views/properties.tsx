import { useState } from 'preact/hooks';
import { api, get, type Property } from '../api';
import { loadProperties, properties, show, typeName } from '../members';
import { go } from '../router';
import { may } from '../session';
import { FormDialog } from '../ui/dialog';
import { Check, Field, SelectField, TextField } from '../ui/field';
import { useOnce } from '../ui/once';
import { Button, Chip, Empty, Head } from '../ui/parts';

const types: [Property['type'], string][] = [['TEXT', 'Text'], ['NUMERIC', 'Number'], ['BOOLEAN', 'Yes or no'], ['DATE', 'Date'], ['DROPDOWN', 'Dropdown']];
/** Whether the values of a property can be keys of accounts. */
export const mayBeUnique = (p: Pick<Property, 'type' | 'isMultiple'>): boolean => !p.isMultiple && (p.type === 'TEXT' || p.type === 'NUMERIC');
export const typeWords = (p: Property): string => `${types.find(([t]) => t === p.type)?.[1] ?? typeName(p.type)}${p.isMultiple ? ', several' : ''}`;

/** The custom fields of accounts. */
export function Properties() {
  const [making, setMaking] = useState(false);
  return (
    <>
      <Head title="Properties" under="The custom fields of accounts">{may('admin') && <Button look="main" icon="plus" onClick={() => setMaking(true)}>New property</Button>}</Head>
      {properties.value.length === 0 ? <Empty title="There are no properties yet." /> : (
        <div class="panel flush scroll">
          <table class="plain list">
            <thead><tr><th scope="col">Name</th><th scope="col">Key</th><th scope="col">Type</th><th scope="col">Options</th><th scope="col">Default</th></tr></thead>
            <tbody>
              {properties.value.map(p => (
                <tr key={p.keyName}>
                  <th scope="row"><a href={`#/properties/${p.keyName}`}>{p.name}</a></th>
                  <td><code>{p.keyName}</code></td><td>{typeWords(p)} {p.indexed && <Chip>indexed</Chip>} {p.unique && <Chip>unique</Chip>}</td>
                  <td>{p.options.slice(0, 8).map(o => <Chip key={o}>{o}</Chip>)}{p.options.length > 8 && ` and ${p.options.length - 8} more`}</td>
                  <td>{show(p.defaultValue)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {making && <NewProperty onClose={() => setMaking(false)} />}
    </>
  );
}

function NewProperty({ onClose }: { onClose: () => void }) {
  const key = useOnce();
  const [form, setForm] = useState({ name: '', keyName: '', type: 'TEXT' as Property['type'], isMultiple: false, indexed: false, unique: false, options: '' });
  return (
    <FormDialog title="New property" action="Create the property" fields={['name', 'keyName', 'options']} onClose={onClose} onSubmit={async () => {
      const options = form.type === 'DROPDOWN' ? form.options.split('\n').filter(o => o.trim()) : undefined;
      const made = await get(api.POST('/properties', { headers: key(form), body: { ...form, keyName: form.keyName || undefined, unique: form.unique && mayBeUnique(form), options } }));
      await loadProperties();
      go(`#/properties/${made.keyName}`);
    }}>
      {error => <>
        <TextField label="Name" name="name" required of={error} value={form.name} onInput={name => setForm({ ...form, name })} />
        <TextField label="Key" name="keyName" of={error} value={form.keyName} onInput={keyName => setForm({ ...form, keyName })} hint="Its name in the API. Made from the name if it is left empty." />
        <SelectField label="Type" value={form.type} options={types} onChange={type => setForm({ ...form, type: type as Property['type'] })} />
        {form.type === 'DROPDOWN' && <Field label="Options, one on a line">{tie => <textarea {...tie} rows={4} value={form.options} onInput={e => setForm({ ...form, options: e.currentTarget.value })} />}</Field>}
        <Check label="Takes several values" checked={form.isMultiple} onChange={isMultiple => setForm({ ...form, isMultiple })} />
        <Check label="Indexed" hint="Searches by it stay quick however many accounts there are." checked={form.indexed} onChange={indexed => setForm({ ...form, indexed })} />
        {mayBeUnique(form) && <Check label="Unique" hint="No two accounts have the same value: an id from another system." checked={form.unique} onChange={unique => setForm({ ...form, unique })} />}
      </>}
    </FormDialog>
  );
}
