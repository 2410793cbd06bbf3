#!/usr/bin/env bash
# Plants edits that leave openapi.yaml and the code apart in a copy of the tree,
# one of each kind, and fails unless the compiler or a test names every one.
set -euo pipefail
source "$(dirname "$0")/tree.sh"

# named_by COMMAND expects a command to fail, and to name what stands on
# standard input, a text a line. Then the tree is as before.
named_by() {
	local report silent=0 text
	if report=$("$@" 2>&1); then
		echo "nothing is wrong, says: $*" >&2
		silent=1
	fi
	while IFS= read -r text; do
		if grep -qF -- "$text" <<<"$report"; then
			echo "named: $text"
		else
			echo "not named: $text" >&2
			silent=1
		fi
	done
	[ "$silent" = 0 ] || { echo "$report"; exit 1; }
	git checkout -q . && git clean -qfd
}
build() { go generate ./gen && go build ./server; }
tests() { go generate ./gen && go test ./server/house; }

echo '== as it is'
go test ./server/house

echo '== an operation without a handler'
put openapi.yaml 'paths:' '  /notes:
    get:
      operationId: listNotes
      tags: [Accounts]
      summary: List notes
      x-scope: read
      responses:
        "204":
          $ref: "#/components/responses/NoContent"'
named_by build <<<'missing method ListNotes'

echo '== a member with another name'
sed -i.old "s/^        primaryPhone:/        mainPhone:/; s/^        - primaryPhone/        - mainPhone/" openapi.yaml
named_by tests <<-'END'
	mainPhone is a member of openapi.yaml (AccountPatch) that the table of account's members lacks
	primaryPhone is in the table of account's members, and openapi.yaml (AccountPatch) lacks it
	mainPhone is a member of openapi.yaml (Account) that answers lack
	primaryPhone is in answers, and openapi.yaml (Account) lacks it
END

echo '== edits of openapi.yaml that compile'
specify nickname '          type: string
          nullable: true
          maxLength: 100' Account AccountPatch AccountCreate
put openapi.yaml 'properties:' '        nickname:
          x-order: 1
          type: string
          maxLength: 100' 'The members of a contact to change.'
swap openapi.yaml 'enum: [created, updated, deleted]' 'enum: [created, updated, deleted, restored]'
put openapi.yaml 'parameters:' '        - name: color
          in: query
          description: A color.
          schema: {type: string, maxLength: 10}' 'operationId: listAccounts'
put openapi.yaml 'responses:' '        "409":
          $ref: "#/components/responses/Conflict"' 'operationId: deleteContact'
swap openapi.yaml 'maxLength: 255' 'maxLength: 200' 'The members of an account to change.'
named_by tests <<-'END'
	nickname is a member of openapi.yaml (AccountPatch) that the table of account's members lacks
	updateContact: /nickname is a member of openapi.yaml that no parser reads
	nickname is a member of openapi.yaml (Account) that answers lack
	enum ChangeKind: openapi.yaml has "restored", which the domain does not know
	ListAccountsParams.Color is a parameter of openapi.yaml that no code in server/ reads
	deleteContact declares the status 409 in openapi.yaml, and no code answers it
	updateAccount /title maxLength 200: openapi.yaml takes the value: false; the domain: true
END

echo '== edits of the code that compile'
swap server/schema/schema.go 'MaxOptions      = 1000' 'MaxOptions      = 500'
swap server/alias/mail.go 'MailSent    MailState = "sent"' 'MailSent    MailState = "done"'
swap server/accounts_list.go 'p.IncludeTotal,' 'nil,'
swap server/contact/contact.go '"emails"' '"mails"'
swap server/account/members.go '"size"' '"extent"' 'amount("value"'
named_by tests <<-'END'
	createProperty /options maxItems 1000: openapi.yaml takes the value: true; the domain: false
	enum AliasMailState: the domain has "done", which openapi.yaml does not know
	ListAccountsParams.IncludeTotal is a parameter of openapi.yaml that no code in server/ reads
	contact.Parse reads mails, which is no member of openapi.yaml
	createContact: /emails is a member of openapi.yaml that no parser reads
	extent is in the table of account's members, and openapi.yaml (AccountPatch) lacks it
END
