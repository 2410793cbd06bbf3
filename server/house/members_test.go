package house_test

import (
	"encoding/json"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
)

// A member of a body that its parser does not read would be silently ignored:
// a value that is none of its own must be an offence there.
func TestParsersReadEveryMember(t *testing.T) {
	t.Parallel()
	d := newDomain(t)
	for _, o := range operations(t) {
		if o.body() == nil {
			continue
		}
		ask := d.asks[o.OperationID]
		if ask == nil {
			t.Errorf("%s has a body, and the test does not know who reads it", o.OperationID)
			continue
		}
		if offences := ask(d.valid[o.OperationID]); len(offences) > 0 {
			t.Fatalf("%s: a valid body has %v", o.OperationID, offences)
		}
		for _, m := range membersOf(o) {
			var wrong any = "wrong"
			if m.schema.Type.Is("string") {
				wrong = number(5)
			}
			if len(at(ask(d.with(m.op, m.path, wrong)), m.pointer(), true)) == 0 && !m.isEcho() {
				t.Errorf("%s: %s is a member of openapi.yaml that no parser reads", m.op, m.pointer())
			}
		}
	}
}

// requiredBySpec are the members that the spec alone requires.
var requiredBySpec = map[string]string{
	"batchUpdateAccounts updates":  "to the domain none are no updates",
	"rehearseAliasMigration until": "to the domain a rehearsal without an end is over",
}

// What the spec requires, the domain requires; and nothing else.
func TestRequiredMembersAreTheDomains(t *testing.T) {
	t.Parallel()
	d := newDomain(t)
	for _, o := range operations(t) {
		if o.body() == nil {
			continue
		}
		offences := d.asks[o.OperationID](map[string]any{})
		for name := range o.body().Properties {
			refused := len(at(offences, "/"+name, true)) > 0
			if required := slices.Contains(o.body().Required, name); refused != required && requiredBySpec[o.OperationID+" "+name] == "" {
				t.Errorf("%s: %s is required by openapi.yaml: %t, by the domain: %t", o.OperationID, name, required, refused)
			}
		}
	}
}

// The table of the account's members has those of the spec, by the same names.
func TestAccountHasTheMembersOfTheSpec(t *testing.T) {
	t.Parallel()
	schemas := loadSpec(t).Components.Schemas
	members := slices.Sorted(maps.Keys(schemas["AccountPatch"].Value.Properties))
	for _, name := range members {
		if !slices.Contains(account.BodyNames(), name) {
			t.Errorf("%s is a member of openapi.yaml (AccountPatch) that the table of account's members lacks", name)
		}
	}
	for _, name := range account.BodyNames() {
		if !slices.Contains(members, name) {
			t.Errorf("%s is in the table of account's members, and openapi.yaml (AccountPatch) lacks it", name)
		}
	}
	parts := account.PartNames()
	for name, names := range parts {
		part := schemas["AccountPatch"].Value.Properties[name]
		if part == nil {
			continue // which is told above
		}
		if inSpec := slices.Sorted(maps.Keys(part.Value.Properties)); !slices.Equal(inSpec, names) {
			t.Errorf("%s of AccountPatch has %v in openapi.yaml, and %v in the table of account's members", name, inSpec, names)
		}
	}
	for name, property := range schemas["AccountPatch"].Value.Properties {
		if parts[name] != nil {
			continue // They act on what is there.
		}
		creates := schemas["AccountCreate"].Value.Properties[name] != nil
		if isEcho := (member{schema: property.Value}).isEcho(); creates == isEcho {
			t.Errorf("%s: AccountCreate of openapi.yaml has it: %t; the server owns it: %t", name, creates, isEcho)
		}
	}
}

// An account is written by hand, in answers: with the members of the spec.
func TestAccountAnswerHasTheMembersOfTheSpec(t *testing.T) {
	t.Parallel()
	amount := 1.0
	var answer map[string]any
	if err := json.Unmarshal(server.ToAPIAccount(account.Account{Value: &amount, Size: &amount}), &answer); err != nil {
		t.Fatal(err)
	}
	members := loadSpec(t).Components.Schemas["Account"].Value.Properties
	for name := range members {
		if _, ok := answer[name]; !ok && name != "clientType" { // which only the former path has
			t.Errorf("%s is a member of openapi.yaml (Account) that answers lack", name)
		}
	}
	for name := range answer {
		if members[name] == nil {
			t.Errorf("%s is in answers, and openapi.yaml (Account) lacks it", name)
		}
	}
}

// A member of an answer that no code sets would never be there.
func TestAnswersHaveEveryMember(t *testing.T) {
	t.Parallel()
	c := loadCode(t)
	set := c.fieldsRead() // such as those that a method sets
	made := make(map[string]*types.Struct)
	for expression, value := range c.info.Types {
		literal, isLiteral := expression.(*ast.CompositeLit)
		named, isNamed := types.Unalias(value.Type).(*types.Named)
		if !isLiteral || !isNamed || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != module+"/gen/api" {
			continue
		}
		answer, isStruct := named.Underlying().(*types.Struct)
		if !isStruct {
			continue
		}
		made[named.Obj().Name()] = answer
		for _, element := range literal.Elts {
			if pair, ok := element.(*ast.KeyValueExpr); ok {
				set[named.Obj().Name()+"."+types.ExprString(pair.Key)] = true
			}
		}
	}
	for name, answer := range made {
		for field := range answer.Fields() {
			if !set[name+"."+field.Name()] {
				t.Errorf("%s.%s is a member of openapi.yaml that no code in server/ sets", name, field.Name())
			}
		}
	}
}

// parsers are the functions that read bodies, with the folders that they are in.
var parsers = []struct{ operation, folder, function string }{
	{"batchUpdateAccounts", "account", "ParseBatch"},
	{"batchUpdateAccounts", "intake", "ParseBatch"},
	{"mergeAccounts", "lineage", "ParseMerge"},
	{"createContact", "contact", "Parse"},
	{"updateContact", "contact", "Parse"},
	{"createProperty", "property", "ParseNew"},
	{"updateProperty", "property", "ParsePatch"},
	{"inviteUser", "identity", "ParseNewUser"},
	{"acceptInvitation", "identity", "ParseAcceptance"},
	{"createKey", "identity", "ParseNewKey"},
	{"notifyAliasUser", "alias", "ParseNotice"},
	{"rehearseAliasMigration", "alias", "ParseRehearsal"},
	{"createWebhook", "webhook", "ParseNew"},
	{"updateWebhook", "webhook", "ParsePatch"},
	{"rotateWebhookSecret", "webhook", "ParseRotation"},
	{"replayWebhook", "webhook", "ParseReplay"},
}

// A member that a parser reads and the spec lacks could never be sent. Those of
// accounts are in the table.
func TestParsersReadNothingElse(t *testing.T) {
	t.Parallel()
	known := make(map[string]map[string]bool) // by parser: a POST and a PATCH may share one
	for _, o := range operations(t) {
		for _, p := range parsers {
			if p.operation != o.OperationID {
				continue
			}
			if known[p.folder+"."+p.function] == nil {
				known[p.folder+"."+p.function] = make(map[string]bool)
			}
			for name := range o.body().Properties {
				known[p.folder+"."+p.function][name] = true
			}
		}
	}
	for _, p := range parsers {
		for _, name := range membersRead(t, p.folder, p.function) {
			if !known[p.folder+"."+p.function][name] {
				t.Errorf("%s.%s reads %s, which is no member of openapi.yaml", p.folder, p.function, name)
			}
		}
	}
}

// membersRead are the names that a function gives, behind its reader r, to
// what reads members.
func membersRead(t *testing.T, folder, function string) []string {
	t.Helper()
	var names []string
	files, err := parseFolder(token.NewFileSet(), filepath.Join(root, "server", folder))
	must(t, err)
	for _, file := range files {
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Name.Name == function {
				ast.Inspect(f.Body, func(n ast.Node) bool {
					if name, ok := memberName(n); ok {
						names = append(names, name)
					}
					return true
				})
			}
		}
	}
	if len(names) == 0 {
		t.Errorf("%s.%s reads no member, or is not there", folder, function)
	}
	return names
}

func memberName(n ast.Node) (string, bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) < 2 {
		return "", false
	}
	reader, isName := call.Args[0].(*ast.Ident)
	literal, isLiteral := call.Args[1].(*ast.BasicLit)
	if !isName || reader.Name != "r" || !isLiteral {
		return "", false
	}
	name, err := strconv.Unquote(literal.Value)
	return name, err == nil
}
