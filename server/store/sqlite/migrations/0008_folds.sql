-- Values are compared without what cannot be seen, and e-mail addresses in
-- Unicode NFC with the domain in Punycode. Texts of ASCII stay as they are.
-- Where two that must differ would be the same now, one stays as well.

UPDATE accounts SET title_fold = fold(title)
WHERE title GLOB '*[^ -~]*' AND title_fold <> fold(title);

UPDATE accounts SET address_fold = fold_lines(address)
WHERE address GLOB '*[^ -~]*' AND address_fold <> fold_lines(address);

UPDATE OR IGNORE companies SET name_fold = fold(name)
WHERE name GLOB '*[^ -~]*' AND name_fold <> fold(name);

UPDATE OR IGNORE property_options SET fold = fold(label)
WHERE label GLOB '*[^ -~]*' AND fold <> fold(label);

UPDATE OR REPLACE custom_index SET key = fold(key)
WHERE key GLOB '*[^ -~]*' AND key <> fold(key);

UPDATE OR REPLACE contact_lookup SET value = email_key(value)
WHERE kind = 'email' AND value GLOB '*[^ -~]*' AND value <> email_key(value);
