#!/usr/bin/env bash
# Serves a sample company, made on the first start, and prints how to call it.
# "make run" sets ACCOUNTSD (the binary), DATA (a folder) and ADDR (host:port).
set -euo pipefail
db=$DATA/accounts.db
mkdir -p "$DATA"
if [ ! -s "$DATA/key" ]; then
	umask 077
	if [ -e "$db" ]; then # the key was lost: a token is shown only once
		"$ACCOUNTSD" key create --db "$db" --email ada@example.com --name "make run" --scopes admin >"$DATA/key.new"
	else
		"$ACCOUNTSD" init --db "$db" --company "Sunrise Services" --email ada@example.com --sample-data >"$DATA/key.new"
	fi
	mv "$DATA/key.new" "$DATA/key"
fi
key=$(cat "$DATA/key")
root=http://${ADDR/#:/127.0.0.1:}
url=$root/v1
call="curl -sS -X PATCH -H 'x-api-key: $key' -H 'content-type: application/json'"
cat <<END

The console: $root/console/ (sign in with the key), the reference of the API: $root/docs/

The key (also in $DATA/key): $key

Change an e-mail address and a custom value:
$call '$url/accounts/1' -d '{"primaryEmail":"Office@Sunrise.example","custom":{"roof_type":"metal"}}'

Use a dropdown label that is not an option yet:
$call '$url/accounts/1?allow_new_options=true' -d '{"custom":{"roof_type":"Thatch"}}'

Make three mistakes, and see all of them explained:
$call '$url/accounts/1' -d '{"titel":"Sunrise","accountType":"residential","custom":{"roof_typ":"Tile"}}'

END
exec "$ACCOUNTSD" serve --db "$db" --addr "$ADDR" --webhook-allow-private 127.0.0.0/8
