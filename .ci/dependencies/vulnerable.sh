#!/usr/bin/env bash
# Fails if the programs call code with a known vulnerability, as of the version of
# golang.org/x/vulndb below: with the toolchain that go.mod names, which releases
# are to be built with. "go list -m golang.org/x/vulndb@latest" names a newer one.
set -euo pipefail
cd "$(dirname "$0")/../.."
vulndb=v0.0.0-20261105234957-e22db6528018
govulncheck=v1.9.0
GOTOOLCHAIN=$(awk '$1 == "toolchain" {print $2}' go.mod)
export GOTOOLCHAIN
database=$(mktemp -d)
trap 'rm -rf "$database"' EXIT
module=$(go mod download -json "golang.org/x/vulndb@$vulndb")
node .ci/dependencies/vulndb.mjs "$(node -p 'JSON.parse(process.argv[1]).Dir' "$module")/data/osv" "$database"
"${GO:-go}" run "golang.org/x/vuln/cmd/govulncheck@$govulncheck" -db "file://$database" "${@:-./...}"
