#!/usr/bin/env bash
# Builds what is handed out: static binaries of the programs for TARGETS, their
# manual pages and completions, the Debian packages and the checksums, in DIST.
# They are built from a clone: what is handed out is what is committed, and Go
# stamps no version in a git worktree. The same commit and Go yield the same bytes.
set -euo pipefail
cd "$(dirname "$0")/../.."
umask 022
go=${GO:-go}
export DIST=${DIST:-$PWD/bin/dist}
targets=${TARGETS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64}
# "go run" at a version, so that it stays out of go.mod. Later ones need modules that the proxy lacks.
nfpm=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.0
export CGO_ENABLED=0 GOAMD64=v1 GOARM64=v8.0

# build FOLDER OS ARCH SUFFIX: the last one is of a module of its own, which gets the version of the others.
build() {
	local -x GOOS=$2 GOARCH=$3
	local program
	for program in ./server/cmd/accountsd ./client/cmd/accounts; do
		"$go" build -tags nomsgpack -trimpath -buildvcs=true -ldflags '-s -w' -o "$1/${program##*/}$4" "$program"
	done
	VERSION=$("$go" version -m "$1/accountsd$4" | awk '$1 == "mod" {print $3}')
	"$go" build -C client/mcp -trimpath -buildvcs=true -ldflags "-s -w -X main.release=$VERSION" -o "$1/accounts-mcp$4" ./accounts-mcp
}

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
[ -z "$(git status --porcelain)" ] || echo 'what is not committed is left out'
git clone -q --shared . "$tools/source"
cd "$tools/source"

rm -rf "$DIST"
mkdir -p "$DIST/man" "$DIST/completion" "$DIST/data" # the Dockerfile takes the empty folder
for target in $targets; do
	os=${target%/*} arch=${target#*/}
	echo "build $os $arch"
	build "$DIST" "$os" "$arch" "-$os-$arch$([ "$os" != windows ] || echo .exe)"
done

build "$tools" "$("$go" env GOHOSTOS)" "$("$go" env GOHOSTARCH)" ''
# ask PROGRAM ARGUMENTS: the variables of whoever builds must not become defaults.
ask() { env -i HOME=/ "$tools/$1" "${@:2}"; }
ask accountsd man | gzip -9n >"$DIST/man/accountsd.8.gz"
for program in accounts accounts-mcp; do
	ask "$program" man | gzip -9n >"$DIST/man/$program.1.gz"
done
for program in accountsd accounts accounts-mcp; do
	for shell in bash zsh fish; do
		ask "$program" completion "$shell" >"$DIST/completion/$program.$shell"
	done
	ask "$program" completion pwsh >"$DIST/completion/$program.ps1"
done
cp .ci/package/accountsd.service "$DIST/"

SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH VERSION
for target in $targets; do
	[ "${target%/*}" = linux ] || continue
	ARCH=${target#*/} "$go" run "$nfpm" package --config .ci/package/nfpm.yaml --packager deb --target "$DIST/"
done
cd "$DIST"
find -- * -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs sha256sum >SHA256SUMS
