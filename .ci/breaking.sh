#!/usr/bin/env bash
# Fails if openapi.yaml breaks clients of the last tagged release, unless a commit
# since then says so in a line "BREAKING: what", and CHANGELOG.md in one that has
# "Breaking:". Before the first tag there is nothing that could break.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"
oasdiff=v1.36.0

tag=$(git describe --tags --match 'v*' --abbrev=0 2>/dev/null || true)
if [ -z "$tag" ]; then
	echo 'no release is tagged (as v1.2.3), or this clone has no tags: openapi.yaml is compared with nothing'
	exit 0
fi
before=$(mktemp)
trap 'rm -f "$before"' EXIT
git show "$tag:openapi.yaml" >"$before"
if "${GO:-go}" run "github.com/oasdiff/oasdiff@$oasdiff" breaking --fail-on ERR "$before" openapi.yaml; then
	echo "openapi.yaml breaks no client of $tag"
	exit 0
fi
if ! git log --format=%B "$tag..HEAD" | grep '^BREAKING: .' >/dev/null; then
	echo "this breaks clients of $tag: mend it, or say in the message of the commit what breaks, in a line BREAKING: ..."
	exit 1
fi
if ! git diff "$tag" -- CHANGELOG.md | grep '^+.*Breaking: .' >/dev/null; then
	echo "this breaks clients of $tag, which a commit says, but not CHANGELOG.md: add what to do about it, in a line with Breaking: ..."
	exit 1
fi
echo "openapi.yaml breaks clients of $tag, as a commit and CHANGELOG.md say"
