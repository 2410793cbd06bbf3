# A copy of the tree to be edited, and ways to edit it that stay right when what
# is around the place changes. To be sourced; it changes to the copy.

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# As it is in the folder, so that an edit can be tried before it is committed.
git ls-files -z --cached --others --exclude-standard | xargs -0 sh -c 'for f; do [ ! -e "$f" ] || echo "$f"; done' sh |
	tar -cf - --files-from=- | tar -xf - -C "$tree"
cd "$tree"
# Built as by "make build", and so shared with it and between copies.
export CGO_ENABLED=0 GOFLAGS=-trimpath
git init -q
git add -A
git -c user.name=ci -c user.email=ci@localhost -c commit.gpgsign=false commit -qm before

# put FILE BEGINNING LINES [FROM] puts lines behind the first one with the
# beginning, whatever its indentation; not before a line that contains FROM. It
# fails if there is none.
put() {
	BEGINNING=$2 LINES_TO_PUT=$3 FROM=${4-} awk '
		{ print; line = $0; sub(/^[ \t]+/, "", line) }
		index($0, ENVIRON["FROM"]) || ENVIRON["FROM"] == "" { begun = 1 }
		begun && !done && index(line, ENVIRON["BEGINNING"]) == 1 { print ENVIRON["LINES_TO_PUT"]; done = 1 }
		END { exit !done }
	' "$1" >"$1.new" || { echo "$1 has no line that starts with: $2" >&2; exit 1; }
	mv "$1.new" "$1"
}

# swap FILE OLD NEW [FROM] puts NEW in the place of the first OLD of a file; not
# before a line that contains FROM. It fails if there is none.
swap() {
	OLD=$2 NEW=$3 FROM=${4-} awk '
		index($0, ENVIRON["FROM"]) || ENVIRON["FROM"] == "" { begun = 1 }
		begun && !done && (at = index($0, ENVIRON["OLD"])) {
			$0 = substr($0, 1, at - 1) ENVIRON["NEW"] substr($0, at + length(ENVIRON["OLD"])); done = 1
		}
		{ print }
		END { exit !done }
	' "$1" >"$1.new" || { echo "$1 has no: $2" >&2; exit 1; }
	mv "$1.new" "$1"
}

# specify MEMBER LINES SCHEMA... puts a member into schemas of openapi.yaml,
# before the member "number", in whose x-order its own fits.
specify() {
	local member=$1 lines=$2
	shift 2
	MEMBER=$member LINES_TO_PUT=$lines SCHEMAS=" $* " awk '
		/^  [a-z]/ { in_schemas = ($0 == "  schemas:") }
		in_schemas && /^    [A-Z]/ { name = $1; sub(":", "", name); inside = index(ENVIRON["SCHEMAS"], " " name " ") }
		inside && $0 == "        number:" {
			number = $0; getline; print "        " ENVIRON["MEMBER"] ":"
			print "          x-order: " $2 - 5
			print ENVIRON["LINES_TO_PUT"]; print number; done++
		}
		{ print }
		END { exit !done }
	' openapi.yaml >openapi.yaml.new || { echo "no member to specify $member beside" >&2; exit 1; }
	mv openapi.yaml.new openapi.yaml
}
