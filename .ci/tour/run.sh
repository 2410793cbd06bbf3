#!/usr/bin/env bash
# Makes a TypeScript client from openapi.yaml, checks its types, and takes the
# README's tour with it against a server of its own. "make test-typescript" sets
# ACCOUNTSD (the binary).
set -euo pipefail
cd "$(dirname "$0")"

rm -rf build
npx --no-install openapi-typescript ../../openapi.yaml -o build/api.d.ts
npx --no-install tsc -p .

data=$(mktemp -d)
server=
finish() {
	status=$?
	if [ -n "$server" ]; then
		kill "$server" 2>/dev/null || true
		wait "$server" || status=1
	fi
	if [ "$status" -ne 0 ] && [ -s "$data/log" ]; then
		echo 'The log of the server:' >&2
		cat "$data/log" >&2
	fi
	rm -rf "$data"
	exit "$status"
}
trap finish EXIT

key=$("$ACCOUNTSD" init --db "$data/accounts.db" --company "Sunrise Services" --email ada@example.com --sample-data 2>"$data/log")
"$ACCOUNTSD" serve --db "$data/accounts.db" --addr 127.0.0.1:0 2>>"$data/log" &
server=$!
url=
for _ in {1..300}; do
	url=$(sed -n 's/.*"msg":"listening","url":"\([^"]*\)".*/\1/p' "$data/log")
	if [ -n "$url" ] || ! kill -0 "$server" 2>/dev/null; then
		break
	fi
	sleep 0.1
done
if [ -z "$url" ]; then
	echo 'The server does not listen.' >&2
	exit 1
fi
ACCOUNTS_URL=$url/v1 ACCOUNTS_KEY=$key node --test-reporter=spec build/tour.js
