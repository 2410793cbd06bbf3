import { useEffect, useRef, useState } from 'preact/hooks';
import { keep } from '../begun';
import { cellAgain, readCSV, type Row } from '../csv';
import { count, formatCount } from '../format';
import { loadProperties, properties } from '../members';
import { hold } from '../router';
import { Question } from '../ui/dialog';
import { Banner, Button, Chip, Errors, Head, type Tone } from '../ui/parts';
import { Check, Field, SelectField } from '../ui/field';
import { useOnce } from '../ui/once';
import { useReason } from '../ui/reason';
import { guess, run, targets, type Outcome, type Plan } from './import-run';
import { download } from './export';

const matches = (): [Plan['matchBy'], string][] => [
  ['title', 'Title'], ['primaryEmail', 'E-mail'], ['primaryPhone', 'Phone'], ['address', 'Address'],
  ...properties.value.filter(p => p.unique).map((p): [string, string] => [`custom.${p.keyName}`, p.name]), ['none', 'Nothing: each row is a new account'],
];
const strategies: [Plan['strategy'], string][] = [['skip', 'Leave it as it is'], ['enrich', 'Fill what it lacks'], ['update', 'Change what the row has'], ['replace', 'Replace it by the row']];

/** The text of a file, if it is in UTF-8. */
async function textOf(file: File): Promise<string | undefined> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    return undefined;
  }
}

/** Takes a file that is dropped, wherever that is: a browser would leave the console to show it. */
function useDrop(take: (file?: File) => void): void {
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    const over = (e: DragEvent) => e.preventDefault();
    const drop = (e: DragEvent) => { e.preventDefault(); latest.current(e.dataTransfer?.files[0]); };
    addEventListener('dragover', over);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('drop', drop);
    };
  }, []);
}

/** Saves the rows that were refused as a file to correct, each with its reasons behind its cells. */
function saveRefused(name: string, head: string[], refused: Outcome[]): void {
  const lines = [[...head, 'reason'], ...refused.map(({ row: { cells }, words }) => [...cells, ...Array<string>(Math.max(0, head.length - cells.length)).fill(''), words])];
  download(`refused-${name.replace(/\.\w+$/, '')}.csv`, lines.map(cells => `${cells.map(cellAgain).join(',')}\r\n`).join(''));
}

/** Reads accounts from a file of a spreadsheet: first what would happen, then for good. */
export function Import() {
  const [file, setFile] = useState<{ name: string; head: string[]; rows: Row[] }>();
  const [error, setError] = useState<unknown>();
  const take = async (picked?: File) => {
    if (!picked) return;
    const text = await textOf(picked);
    if (text === undefined) { setError('The file is not in UTF-8. Save it as “CSV UTF-8”, or import it with accountsd import, which reads other encodings.'); return; }
    try {
      const [head, ...rows] = readCSV(text);
      if (!rows.length) throw new Error('The file has no rows below its first line.');
      setError(undefined);
      setFile({ name: picked.name, head: head.cells, rows });
    } catch (e) {
      setError(e);
    }
  };
  useDrop(dropped => { if (!file) void take(dropped); });
  return (
    <>
      <Head title="Import accounts" under={file && `${file.name}, ${count(file.rows.length, 'row')}`}>
        {file && <Button onClick={() => setFile(undefined)}>Another file</Button>}
      </Head>
      <Errors of={error} />
      {file ? <Mapping {...file} key={file.name} /> : (
        <section class="panel drop">
          <Field label="A CSV file" hint="Drop it here, or choose it. It is in UTF-8, and its first line names the columns; commas, semicolons, tabs and pipes are told apart. It is read in this browser.">
            {tie => <input {...tie} type="file" accept=".csv,.tsv,.txt,text/csv" onChange={e => take(e.currentTarget.files?.[0])} />}
          </Field>
          <p class="hint">For other encodings, dates in other forms, and millions of rows, there is <code>accountsd import</code>.</p>
        </section>
      )}
    </>
  );
}

const tones: Record<Outcome['what'], Tone> = { created: 'good', changed: 'info', matched: 'plain', refused: 'bad' };
const words: Record<Outcome['what'], string> = { created: 'new', changed: 'changed', matched: 'unchanged', refused: 'refused' };

function Mapping({ name, head, rows }: { name: string; head: string[]; rows: Row[] }) {
  const [plan, setPlan] = useState<Plan>({ targets: guess(head), matchBy: 'title', strategy: 'skip', newOptions: false });
  const [outcomes, setOutcomes] = useState<Outcome[]>([]);
  const [state, setState] = useState<'mapping' | 'trying' | 'tried' | 'writing' | 'written'>('mapping');
  const series = useOnce();
  const [waiting, setWaiting] = useState(false);
  const left = useRef(false);
  useEffect(() => () => { left.current = true; }, []);
  const reason = useReason();
  const [asking, setAsking] = useState<{ then: () => void }>();
  useEffect(() => {
    if (state !== 'writing') return;
    keep('import', true);
    const release = hold(then => setAsking({ then }));
    return () => { keep('import', undefined); release(); setAsking(undefined); };
  }, [state]);
  const busy = state === 'trying' || state === 'writing';
  const change = (part: Partial<Plan>) => { setPlan({ ...plan, ...part }); setOutcomes([]); setState('mapping'); };
  const start = async (dry: boolean) => {
    setState(dry ? 'trying' : 'writing');
    await run(rows, plan, dry, { name: series(plan)['Idempotency-Key'], reason: reason.header }, { outcomes: setOutcomes, waiting: setWaiting, stopped: () => left.current });
    if (!dry) await loadProperties().catch(() => {});
    setState(dry ? 'tried' : 'written');
  };
  const counts = (['created', 'changed', 'matched', 'refused'] as const).map(what => [what, outcomes.filter(o => o?.what === what).length] as const);
  const refused = outcomes.filter(o => o?.what === 'refused');
  const missing = ['title', 'address'].filter(m => !plan.targets.includes(m));
  return (
    <>
      <section class="panel">
        <h2>Columns</h2>
        <Columns head={head} rows={rows} targets={plan.targets} disabled={busy} onChange={targets => change({ targets })} />
        <div class="grid">
          <SelectField label="An account is the same if it has the same" value={plan.matchBy} options={matches()} onChange={v => change({ matchBy: v as Plan['matchBy'] })} />
          {plan.matchBy !== 'none' && <SelectField label="Then" value={plan.strategy} options={strategies} onChange={v => change({ strategy: v as Plan['strategy'] })} />}
          {reason.field(undefined)}
        </div>
        <Check label="Add labels that are not options yet to their dropdowns" checked={plan.newOptions} onChange={newOptions => change({ newOptions })} />
        {missing.length > 0 && <Banner tone="warn">A new account needs a {missing.join(' and an ')}, and no column goes there.</Banner>}
        <footer>
          <Button look={state === 'tried' ? 'plain' : 'main'} busy={state === 'trying'} disabled={busy} onClick={() => start(true)}>{state === 'tried' ? 'Preview again' : 'Preview'}</Button>
          {state !== 'mapping' && state !== 'trying' && <Button look="main" busy={state === 'writing'} disabled={state === 'written' || rows.length === refused.length} onClick={() => start(false)}>Import {count(rows.length - (state === 'tried' ? refused.length : 0), 'row')}</Button>}
        </footer>
      </section>
      {outcomes.length > 0 && (
        <section class="panel">
          <h2>{state === 'written' || state === 'writing' ? 'What happened' : 'What would happen'}</h2>
          {busy && waiting && <Banner tone="warn">The server does not answer. This goes on when it does.</Banner>}
          {busy && <progress max={rows.length} value={outcomes.filter(Boolean).length} aria-label="Rows done" />}
          <p class="tallies" role="status">{counts.filter(([, n]) => n).map(([what, n]) => <Chip key={what} tone={tones[what]}>{formatCount(n)} {words[what]}</Chip>)}</p>
          {state === 'written' && <Banner tone="good">Done. <a href="#/accounts">Look at the accounts</a></Banner>}
          {refused.length > 0 && !busy && <Button icon="download" onClick={() => saveRefused(name, head, refused)}>The refused rows with reasons</Button>}
          <Outcomes of={outcomes} />
        </section>
      )}
      {asking && (
        <Question title="Stop the import?" stay="Go on importing" go="Stop it" onStay={() => setAsking(undefined)} onGo={asking.then}>
          <p>The rows that are written stay. The others are left out.</p>
        </Question>
      )}
    </>
  );
}

const sorted = (outcomes: Outcome[]) => outcomes.filter(Boolean).sort((a, b) => Number(b.what === 'refused') - Number(a.what === 'refused') || a.row.number - b.row.number);

const Outcomes = ({ of }: { of: Outcome[] }) => (
  <>
    <div class="scroll tall">
      <table class="plain">
        <thead><tr><th scope="col">Row</th><th scope="col">Account</th><th scope="col">Outcome</th><th scope="col">In words</th></tr></thead>
        <tbody>
          {sorted(of).slice(0, 200).map(o => (
            <tr key={o.row.number}><td>{o.row.number}</td><th scope="row">{o.id ? <a href={`#/accounts/${o.id}`}>{o.title}</a> : o.title}</th><td><Chip tone={tones[o.what]}>{words[o.what]}</Chip></td><td class={o.what === 'refused' ? 'error' : ''}>{o.words}</td></tr>
          ))}
        </tbody>
      </table>
    </div>
    {of.length > 200 && <p class="hint">The first 200 are shown, the refused ones ahead.</p>}
  </>
);

interface ColumnsProps { head: string[]; rows: Row[]; targets: string[]; disabled: boolean; onChange: (targets: string[]) => void }

/** Which member each column goes to. A member takes one column. */
const Columns = ({ head, rows, targets: chosen, disabled, onChange }: ColumnsProps) => (
  <div class="scroll tall">
    <table class="plain mapping">
      <thead><tr><th scope="col">Column</th><th scope="col">First rows</th><th scope="col">Goes to</th></tr></thead>
      <tbody>
        {head.map((column, i) => (
          <tr key={i}>
            <th scope="row">{column}</th>
            <td class="sample">{rows.slice(0, 3).map(r => r.cells[i]).filter(Boolean).join(' · ')}</td>
            <td>
              <select aria-label={`Where ${column} goes`} disabled={disabled} value={chosen[i]} onChange={e => {
                const to = e.currentTarget.value;
                onChange(chosen.map((t, j) => (j === i ? to : t === to ? '' : t)));
              }}>
                <option value="">Nowhere</option>
                {targets().map(m => <option key={m.key} value={m.key}>{m.name}</option>)}
              </select>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);
