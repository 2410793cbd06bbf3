#!/usr/bin/env bash
# Fails if the programs call code of a module with a known vulnerability, as of the
# version of golang.org/x/vulndb below: "go list -m golang.org/x/vulndb@latest" names a
# newer one. Those of the standard library are told only: they go with a newer Go.
set -euo pipefail
cd "$(dirname "$0")/../.."
vulndb=v0.0.0-20261105234957-e22db6528018
govulncheck=v1.9.0
database=$(mktemp -d)
trap 'rm -rf "$database"' EXIT
module=$(go mod download -json "golang.org/x/vulndb@$vulndb")
node .ci/dependencies/vulndb.mjs "$(node -p 'JSON.parse(process.argv[1]).Dir' "$module")/data/osv" "$database"

# check FOLDER PACKAGE...: packages of the module in a folder.
check() {
	local found status
	found=$("${GO:-go}" run "golang.org/x/vuln/cmd/govulncheck@$govulncheck" -C "$1" -db "file://$database" "${@:2}") && status=0 || status=$?
	if [ "$status" -ne 0 ] && grep -q '^ *Standard library' <<<"$found" && ! grep -q '^ *Module: ' <<<"$found"; then
		found=$(grep -E '^Vulnerability #|^ *(Found|Fixed) in: |^Your code' <<<"$found")
		status=0
	fi
	echo "$found"
	return "$status"
}

check . ./server/cmd/accountsd ./client/cmd/accounts
check client/mcp ./accounts-mcp
