import { Refusal, type Account } from '../api';
import { valueOf, type Draft, type Member } from '../members';
import { may } from '../session';
import { Editor, isGroup } from '../ui/editor';
import { Field } from '../ui/field';

interface MemberFieldsProps {
  members: Member[];
  account?: Account;
  draft: Draft;
  error: unknown;
  disabled?: boolean;
  onChange: (key: string, value: unknown) => void;
}

/** The fields of members, as they are and as they are to be. */
export const MemberFields = ({ members, account, draft, error, disabled, onChange }: MemberFieldsProps) => (
  <div class="grid">
    {members.map(m => (
      <Field key={m.key} label={m.name} hint={m.hint} group={isGroup(m)} required={m.required && may('write')} wide={m.kind === 'long' || m.kind === 'lines' || m.key === 'title'} changed={m.key in draft && !!account} error={error instanceof Refusal ? error.of(m.key) : undefined}>
        {tie => <Editor member={m} value={m.key in draft ? draft[m.key] : account ? valueOf(account, m.key) : null} disabled={disabled} onChange={v => onChange(m.key, v)} tie={tie} />}
      </Field>
    ))}
  </div>
);
