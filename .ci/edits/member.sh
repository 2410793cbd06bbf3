#!/usr/bin/env bash
# Adds a nullable member, nickname, to a copy of the tree, as CONTRIBUTING.md
# says, and takes it through all that a member can do: member_test.go. It fails
# if that takes more than 10 lines by hand in 6 files. openapi.yaml, the
# migrations and what is generated do not count.
set -euo pipefail
source "$(dirname "$0")/tree.sh"
max_lines=10 max_files=6

# The spec: what is answered, the bodies of PATCH and POST, and what fills it.
specify nickname '          description: What the account is called in passing. `null` clears it.
          type: string
          nullable: true
          maxLength: 100' Account AccountPatch AccountCreate
put openapi.yaml 'maxLength: 40' "        nickname:
          x-order: 35
          x-go-type: nullable.Nullable[string]
          x-go-type-skip-optional-pointer: true
          description: What the account is called in passing.
          type: string
          maxLength: 100" '    AccountFill:'
# The databases: the next migration of each.
for migrations in server/store/{sqlite,postgres}/migrations; do
	last=$(ls $migrations | tail -1 | cut -d_ -f1)
	echo 'ALTER TABLE accounts ADD COLUMN nickname text;' >"$migrations/$(printf %04d $((10#$last + 1)))_nickname.sql"
done

# The account, and what a patch says of it.
put server/account/account.go 'Size         *float64' '	Nickname     *string'
put server/account/patch.go 'Size         patch.Field[float64]' '	Nickname     patch.Field[string]'
# The table of members: its name, and what it takes.
put server/account/members.go 'MemberSize ' '	MemberNickname    query.Member = "nickname"'
put server/account/members.go 'func(a *Account) **float64 { return &a.Size }' '	nullable("nickname", patch.Text, textUpTo(100),
		func(a *Account) **string { return &a.Nickname }, func(p *Patch) *patch.Field[string] { return &p.Nickname }),'
# The store: its column. The answer: its place.
put server/store/records/columns.go '{name: "size"' '	{name: "nickname", at: func(r *accountRow) any { return &r.Account.Nickname }, member: account.MemberNickname},'
put server/encode.go 'w.member("primaryPhone")' '	w.member("nickname").optional(a.Nickname)'

git add -A
read -r lines files < <(git diff --cached --numstat -- ':!openapi.yaml' ':!*.sql' |
	awk '{ lines += $1 + $2; files++ } END { print lines, files }')
echo "A nullable member takes $lines lines by hand in $files files (at most $max_lines in $max_files)."
if [ "$lines" -gt $max_lines ] || [ "$files" -gt $max_files ]; then
	git diff --cached --stat
	exit 1
fi

make --no-print-directory generate
unformatted=$(gofmt -l client server)
[ -z "$unformatted" ] || { echo "not formatted: $unformatted" >&2; exit 1; }
go build ./...
cp .ci/edits/member_test.go server/servertest/nickname_test.go
go build -o bin/ ./server/cmd/accountsd ./client/cmd/accounts
go test ./server/house
BIN=$tree/bin go test -count=1 -run Nickname ./server/servertest
