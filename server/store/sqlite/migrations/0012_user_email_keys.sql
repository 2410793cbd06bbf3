-- The e-mail addresses of users are compared as those of contacts are. Where two
-- users of a company have the same now, one is found only as it is stored.
ALTER TABLE users ADD COLUMN email_key TEXT NOT NULL DEFAULT '';
UPDATE users SET email_key = email;
CREATE UNIQUE INDEX users_email_key ON users (email_key, company_id);

UPDATE OR IGNORE users SET email_key = email_key(email)
WHERE email GLOB '*[^ -~]*' AND email_key <> email_key(email);
