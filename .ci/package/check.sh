#!/usr/bin/env bash
# Sees that what dist.sh builds for linux/amd64 is what it should be, and can be
# installed, run and removed. There is no Docker here: the image is put together
# from the COPY lines of the Dockerfile, and its program runs with nothing around it.
set -euo pipefail
cd "$(dirname "$0")/../.."
PATH=$PATH:/usr/sbin:/sbin # of chroot and of what dpkg asks for
scratch=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$scratch"' EXIT
fail() { echo "check-dist: $*" >&2; exit 1; }
# as_root COMMAND: root, or who looks like it.
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else unshare --map-root-user "$@"; fi; }
export TARGETS=linux/amd64 DIST=$scratch/dist
.ci/package/dist.sh

echo '== checksums'
(cd "$DIST" && sha256sum --check --quiet SHA256SUMS)
[ "$(wc -l <"$DIST/SHA256SUMS")" -eq "$(find "$DIST" -type f ! -name SHA256SUMS | wc -l)" ] || fail 'a file has no checksum'

echo '== version'
commit=$(git rev-parse HEAD)
for program in accountsd accounts accounts-mcp; do
	binary=$DIST/$program-linux-amd64
	said=$("$binary" --version)
	echo "$said"
	grep -qF "${commit:0:12}" <<<"$said" || fail "the version of $program does not name commit ${commit:0:12}"
	! readelf -l "$binary" | grep -q INTERP || fail "$program is not static"
	LC_ALL=C man --warnings -l "$DIST/man/$program".[18].gz 2>&1 >/dev/null | (! grep .) || fail "the manual page of $program is wrong"
	bash -n "$DIST/completion/$program.bash"
done

echo '== again, in another folder'
(umask 077 && DIST=$scratch/again .ci/package/dist.sh >/dev/null)
diff "$DIST/SHA256SUMS" "$scratch/again/SHA256SUMS" || fail 'another clone yields other files'

echo '== unit'
mkdir "$scratch/unit"
sed "s|^ExecStart=/usr/bin/accountsd|ExecStart=$DIST/accountsd-linux-amd64|" .ci/package/accountsd.service >"$scratch/unit/accountsd.service"
systemd-analyze verify --man=no "$scratch/unit/accountsd.service" 2>&1 | tee "$scratch/verify"
[ ! -s "$scratch/verify" ] || fail 'the unit is wrong'
systemd-analyze security --offline=true --threshold=20 "$scratch/unit/accountsd.service" | tail -n 1

echo '== package'
deb=$(echo "$DIST"/*.deb)
root=$scratch/root
mkdir -p "$root/var/lib/dpkg"/{updates,info} "$root/etc"
touch "$root/var/lib/dpkg"/{status,available}
package() { as_root dpkg --root="$root" --log="$scratch/dpkg.log" --force-script-chrootless --force-depends "$@" >"$scratch/said" 2>&1 || fail "$(cat "$scratch/said")"; }
dpkg-deb --contents "$deb" | awk '$2 != "root/root" {print; bad = 1} END {exit bad}' || fail 'not all is of root'
for script in postinst prerm; do sh -n ".ci/package/$script"; done
package --install "$deb"
"$root/usr/bin/accountsd" --version
cmp "$root/usr/lib/systemd/system/accountsd.service" .ci/package/accountsd.service
(cd "$root" && find usr etc -type f | LC_ALL=C sort)
# What a page tells an operator to use must be beside it.
pages=$root/usr/share/doc/accountsd/docs
for file in $(grep -ohE '\]\([a-z0-9/-]+\.[a-z]+' "$pages"/*.md | sed 's/^](//' | LC_ALL=C sort -u); do
	[ -e "$pages/$file" ] || fail "the package has not got docs/$file, to which a page leads"
done
for file in $(grep -ohE '\]\((docs/[a-z0-9/-]+\.[a-z]+|SECURITY\.md)' "$pages/../README.md" | sed 's/^](//' | LC_ALL=C sort -u); do
	[ -e "$pages/../$file" ] || fail "the package has not got $file, to which README.md leads"
done
package --purge accountsd
[ -z "$(cd "$root" && find usr etc -type f 2>&1 | grep accounts)" ] || fail 'the package leaves files'

echo '== image'
image=$scratch/image
sed -n 's/^COPY \(--chown=[0-9:]* \)\?bin\/dist\/\([^ ]*\) \(.*\)$/\2 \3/p' Dockerfile | sed 's/\${TARGETARCH}/amd64/' >"$scratch/copies"
[ "$(wc -l <"$scratch/copies")" -eq "$(grep -cE '^(COPY|ADD)' Dockerfile)" ] || fail 'the Dockerfile takes more than what "make dist" builds'
mkdir "$image"
while read -r from to; do cp -r "$DIST/$from" "$image/$to"; done <"$scratch/copies"
user=$(awk '$1 == "USER" {print $2}' Dockerfile)
[ "${user%:*}" -gt 0 ] || fail 'the image runs as root'
inside=(unshare --map-root-user chroot "$image")
if [ "$(id -u)" -eq 0 ]; then
	inside=(chroot --userspec="$user" "$image")
	chown "$user" "$image/data"
fi
export ACCOUNTSD_DB=/data/accounts.db ACCOUNTSD_ADDR=127.0.0.1:0
"${inside[@]}" /accountsd init --company Sunrise --email ada@example.com >"$scratch/key"
"${inside[@]}" /accountsd serve 2>"$scratch/log" &
server=$!
timeout 60 bash -c "until grep -q listening '$scratch/log'; do sleep 0.1; done" || fail "$(cat "$scratch/log")"
url=$(grep -o 'http://127.0.0.1:[0-9]*' "$scratch/log")
curl -fsS "$url/readyz" >/dev/null
curl -fsS -H "x-api-key: $(cat "$scratch/key")" "$url/v1/accounts" >/dev/null
kill "$server"
wait "$server" || fail "$(cat "$scratch/log")"
server=
echo 'check-dist: all is well'
