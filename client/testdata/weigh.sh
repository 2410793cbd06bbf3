#!/usr/bin/env bash
# Prints what a program with only the client links beside the standard library,
# and its size beside that of a program with only net/http. Fails when either
# grows beyond weight.txt.
set -euo pipefail
cd "$(dirname "$0")/stranger"
go=${GO:-go}
allowed=../weight.txt
export CGO_ENABLED=0
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

"$go" list -deps -f '{{if not .Standard}}{{.ImportPath}}{{end}}' . | grep -v '^example.com/' | LC_ALL=C sort >"$out/links"
echo 'A program with only the client links, beside the standard library:'
sed 's/^/  /' "$out/links"

"$go" build -trimpath -ldflags '-s -w' -o "$out/client" .
"$go" build -trimpath -ldflags '-s -w' -o "$out/bare" ./bare
with=$(wc -c <"$out/client")
bare=$(wc -c <"$out/bare")
limit=$(awk '/^size / {print $2}' "$allowed")
percent=$((100 * with / bare))
echo "It takes $with bytes, one with only net/http $bare: $percent %, at most $limit % are allowed."

failed=0
grown=$(grep -v -e '^#' -e '^size ' "$allowed" | LC_ALL=C sort | LC_ALL=C comm -13 - "$out/links")
if [ -n "$grown" ]; then
	printf 'The client must stay light. These are not in client/testdata/weight.txt:\n%s\n' "$grown" >&2
	failed=1
fi
if [ "$percent" -gt "$limit" ]; then
	echo "The client must stay light: it takes $percent % of a program with only net/http." >&2
	failed=1
fi
exit $failed
