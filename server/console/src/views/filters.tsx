import { useState } from 'preact/hooks';
import type { Schemas } from '../api';
import { formatValue } from '../format';
import { members, show, type Kind, type Member } from '../members';
import { SelectField, TextField } from '../ui/field';
import { Menu } from '../ui/menu';
import { Button } from '../ui/parts';

export type Op = Schemas['SearchOperator'];

/** One test of a member. */
export interface Test { prop: string; op: Op; value: string }

const opWords: Record<Op, string> = {
  eq: 'is', neq: 'is not', gt: 'is more than', gte: 'is at least', lt: 'is less than', lte: 'is at most', contains: 'contains',
  in: 'is one of', nin: 'is none of', between: 'is between', exists: 'has a value',
};
const dateWords: Partial<Record<Op, string>> = { gt: 'is after', gte: 'is on or after', lt: 'is before', lte: 'is on or before' };

/** What a test of a kind of member is called. */
const wordsOf = (op: Op, kind?: Kind): string => ((kind === 'date' || kind === 'time') && dateWords[op]) || opWords[op];

const orders: Op[] = ['eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'between', 'exists'];
const texts: Op[] = ['contains', 'eq', 'neq', 'in', 'nin', 'exists'];

const opsOf: Record<Kind, Op[]> = {
  text: texts, long: texts, lines: texts, number: orders, date: orders, time: orders,
  boolean: ['eq', 'exists'], choice: ['eq', 'neq', 'in', 'nin', 'exists'], contacts: [],
};

/** The tests that an address names. */
export const testsOf = (params: URLSearchParams): Test[] => [1, 2].flatMap(i => {
  const prop = params.get(`prop${i}`), op = params.get(`op${i}`) as Op | null, value = params.get(`value${i}`);
  return prop && op && value ? [{ prop, op, value }] : [];
});

/** Adds a test of any member, of which a search takes two. */
export function Filters({ tests, most, onChange }: { tests: Test[]; most: number; onChange: (tests: Test[]) => void }) {
  const searchable = members.value.filter(m => opsOf[m.kind].length);
  const [test, setTest] = useState<Test>({ prop: 'accountType', op: 'eq', value: '' });
  const member = searchable.find(m => m.prop === test.prop) ?? searchable[0];
  const add = (e: Event, close: () => void) => {
    e.preventDefault();
    const value = test.op === 'exists' ? test.value || 'true' : test.value.trim();
    if (!value) return;
    onChange([...tests, { ...test, value }]);
    setTest({ ...test, value: '' });
    close();
  };
  if (tests.length >= most) return null;
  return (
    <Menu icon="plus" title="Filter">{close => (
      <form class="menu-body fields" onSubmit={e => add(e, close)}>
        <SelectField label="Field" value={member.prop} options={searchable.map(m => [m.prop, m.name])} onChange={prop => {
          const next = searchable.find(m => m.prop === prop)!;
          setTest({ prop, op: opsOf[next.kind][0], value: '' });
        }} />
        <SelectField label="Test" value={test.op} options={opsOf[member.kind].map(op => [op, wordsOf(op, member.kind)])} onChange={op => setTest({ ...test, op: op as Op, value: '' })} />
        <TestValue member={member} test={test} onChange={value => setTest({ ...test, value })} />
        <Button type="submit" look="main">Add the filter</Button>
      </form>
    )}</Menu>
  );
}

function TestValue({ member, test, onChange }: { member: Member; test: Test; onChange: (value: string) => void }) {
  if (test.op === 'exists' || member.kind === 'boolean') {
    return <SelectField label="Value" value={test.value} options={[...test.op === 'exists' ? [] : [['', '–'] as [string, string]], ['true', 'Yes'], ['false', 'No']]} onChange={onChange} />;
  }
  if (member.options && (test.op === 'eq' || test.op === 'neq')) {
    return <SelectField label="Value" value={test.value} options={[['', '–'], ...member.options.map((o): [string, string] => [o, show(o, member)])]} onChange={onChange} />;
  }
  const hint = test.op === 'between' ? 'Both ends, with a comma between them.' : test.op === 'in' || test.op === 'nin' ? 'Separated by commas.' : undefined;
  const type = (member.kind === 'date' || member.kind === 'time') && test.op !== 'between' ? 'date' : 'text';
  return <TextField label="Value" name="value" type={type} value={test.value} onInput={onChange} hint={hint} />;
}

const memberAt = (prop: string): Member | undefined => members.value.find(m => m.prop === prop);

/** The value of a test as people read it; one of several stays as it was typed. */
function valueWords({ prop, op, value }: Test): string {
  const member = memberAt(prop);
  if (!member || op === 'between' || op === 'in' || op === 'nin') return value;
  return member.kind === 'boolean' ? show(value === 'true') : member.kind === 'time' ? formatValue(value) : show(value, member);
}

/** The tests that are set. */
export function TestChips({ tests, either, onTurn, onChange }: { tests: Test[]; either: boolean; onTurn: () => void; onChange: (tests: Test[]) => void }) {
  if (tests.length === 0) return null;
  return (
    <div class="chips">
      {tests.map((t, i) => (
        <>
          {i > 0 && <button type="button" class="link" onClick={onTurn} title="Change between and, or">{either ? 'or' : 'and'}</button>}
          <span class="chip removable" key={t.prop + t.op}>
            {memberAt(t.prop)?.name ?? t.prop} {t.op === 'exists' && t.value === 'false' ? 'has no value' : wordsOf(t.op, memberAt(t.prop)?.kind)} {t.op !== 'exists' && <b>{valueWords(t)}</b>}
            <Button look="quiet" icon="close" label="Remove the filter" onClick={() => onChange(tests.filter(o => o !== t))} />
          </span>
        </>
      ))}
    </div>
  );
}
