import { useState } from 'preact/hooks';
import { api, get } from '../api';
import { basic, session } from '../session';
import { FormDialog } from '../ui/dialog';
import { TextField } from '../ui/field';
import { say } from '../ui/toast';

/** Has users change their own password. */
export function ChangePassword({ onClose }: { onClose: () => void }) {
  const { user, company } = session.value!;
  const [form, setForm] = useState({ former: '', next: '' });
  return (
    <FormDialog title="Change your password" action="Change it" fields={['newPassword']} onClose={onClose} onSubmit={async () => {
      await get(api.POST('/users/me/password', { params: { query: { company_id: company.id } }, headers: basic(user.email, form.former), body: { newPassword: form.next } }));
      say('Your password is changed.');
      onClose();
    }}>
      {error => <>
        <TextField label="Your password so far" name="password" required type="password" autocomplete="current-password" value={form.former} onInput={former => setForm({ ...form, former })} />
        <TextField label="Your new password" name="newPassword" required type="password" autocomplete="new-password" of={error} value={form.next} onInput={next => setForm({ ...form, next })} hint="At least 12 characters. Keys stay as they are." />
      </>}
    </FormDialog>
  );
}
