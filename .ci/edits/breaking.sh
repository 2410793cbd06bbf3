#!/usr/bin/env bash
# Plants edits of openapi.yaml that break clients in a copy of the tree with a tagged
# release, and fails unless .ci/breaking.sh tells them from those that do not.
set -euo pipefail
source "$(dirname "$0")/tree.sh"

# told CODE TEXT expects what .ci/breaking.sh says, and its exit status.
told() {
	local report code=0
	report=$(.ci/breaking.sh 2>&1) || code=$?
	if [ "$code" != "$1" ] || ! grep -qF -- "$2" <<<"$report"; then
		echo "want exit $1 and \"$2\"; got exit $code: $report"
		exit 1
	fi
	echo "told: $2"
}
commit() { git -c user.name=test -c user.email=test@example.com commit -q --allow-empty -am "$1"; }

told 0 'compared with nothing'
git tag v0.0.1
told 0 'breaks no client of v0.0.1'
put openapi.yaml 'properties:' '        nickname:
          x-order: 1
          type: string
          maxLength: 100' 'The members of an account to change.'
told 0 'breaks no client of v0.0.1'
swap openapi.yaml 'required: [title, address]' 'required: [title, address, value]' 'A new account.'
told 1 'mend it, or say'
commit 'openapi: ask for the value'
told 1 'mend it, or say'
commit 'openapi: ask for the value

BREAKING: a new account needs a value'
told 1 'but not CHANGELOG.md'
echo '- Breaking: a new account needs a `value`.' >>CHANGELOG.md
told 0 'as a commit and CHANGELOG.md say'
