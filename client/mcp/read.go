package mcp

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/accountsd/accountsd/client"
)

// Bounds of what is shown at once, which an agent has to read.
const (
	someRecords = 10
	mostRecords = 50
)

const (
	nothing = `{"type":"object","additionalProperties":false}`
	byID    = `"id":{"type":"integer","minimum":1,"description":"the id of the account, not its number"}`
	limit   = `"limit":{"type":"integer","minimum":1,"maximum":50,"default":10}`
)

func (a *agent) readers() []tool {
	return []tool{
		{name: "describe", about: "Tells for whom you act, what members an account has, their types, bounds and options. Call it first.", input: nothing, call: a.describe},
		{name: "find", about: "Finds accounts by words anywhere in them, or by a test of one member. Shows the most important members of each.",
			input: `{"type":"object","additionalProperties":false,"properties":{
"words":{"type":"string","maxLength":200,"description":"each must be in the account, in any order"},
"member":{"type":"string","description":"instead of words: a member, or the keyName of a custom one"},
"operator":{"type":"string","enum":["eq","neq","gt","gte","lt","lte","contains","in","nin","between","exists"]},
"value":{"type":"string","maxLength":4000,"description":"for in, nin and between: values with commas between them"},
"include_archived":{"type":"boolean","default":false},` + limit + `}}`, call: a.find},
		{name: "get", about: "Shows one account with all members and contacts, archived or not.", input: `{"type":"object","additionalProperties":false,"required":["id"],"properties":{` + byID + `}}`, call: a.get},
		{name: "history", about: "Shows what happened to an account, the latest change first, also after it was deleted.",
			input: `{"type":"object","additionalProperties":false,"required":["id"],"properties":{` + byID + `,` + limit + `}}`, call: a.history},
		{name: "changes", about: "Lists what happened to all accounts, the earliest first. Give the last sequence that you have seen as after.",
			input: `{"type":"object","additionalProperties":false,"properties":{"after":{"type":"string","pattern":"^[0-9]+$"},` + limit + `}}`, call: a.changes},
	}
}

// member is one that an account has beside the custom ones.
type member struct {
	Name string `json:"name"`
	Is   string `json:"is"`
}

var members = []member{
	{"title", "text of 1 to 255 characters, cannot be cleared"}, {"description", "text of up to 10000 characters"},
	{"address", "list of 1 to 10 lines, which replaces all of them, cannot be cleared"}, {"isActive", "true, or false for archived"},
	{"primaryEmail", "e-mail address"}, {"primaryPhone", "phone number"}, {"number", "integer from 1, of no other account"},
	{"accountType", "RESIDENTIAL or COMMERCIAL"}, {"value", "number"}, {"size", "number"},
	{"contacts", "list of ids of contacts, which replaces all of them"}, {"custom", "object of custom members by keyName, of which those that are sent change"},
}

func (a *agent) describe(ctx context.Context, req *sdk.CallToolRequest) (any, error) {
	if _, err := arguments[struct{}](req); err != nil {
		return nil, err
	}
	custom, err := a.client.Properties.List(ctx)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"company": a.self.Company.Name, "user": a.self.User.Email, "mayWrite": a.mayWrite(),
		"members": members, "custom": custom, "hint": "null clears a member; what is not sent stays as it is",
	}, nil
}

// found is an account as a list shows it.
type found struct {
	ID           int64  `json:"id"`
	Number       int64  `json:"number"`
	Title        string `json:"title"`
	PrimaryEmail string `json:"primaryEmail,omitempty"`
	PrimaryPhone string `json:"primaryPhone,omitempty"`
	IsActive     bool   `json:"isActive"`
}

func (a *agent) find(ctx context.Context, req *sdk.CallToolRequest) (any, error) {
	args, err := arguments[struct {
		Words, Member, Operator, Value string
		IncludeArchived                bool `json:"include_archived"`
		Limit                          int
	}](req)
	if err != nil {
		return nil, err
	}
	size, err := within(args.Limit, someRecords, mostRecords)
	if err != nil {
		return nil, err
	}
	var page *client.Page[client.Account]
	switch {
	case args.Words != "" && args.Member != "":
		return nil, errors.New("give words, or member, operator and value, not both")
	case args.Member == "" && (args.Operator != "" || args.Value != ""):
		return nil, errors.New("give the member that operator and value test, or words alone")
	case args.Member != "":
		page, err = a.client.Accounts.SearchPage(ctx, client.AccountSearch{
			Where:  client.Condition{Member: args.Member, Operator: client.SearchOperator(args.Operator), Value: args.Value},
			Filter: client.SearchFilter{IncludeArchived: args.IncludeArchived, PageSize: size, IncludeTotal: true},
		})
	default:
		page, err = a.client.Accounts.Page(ctx, client.AccountFilter{Words: args.Words, IncludeArchived: args.IncludeArchived, PageSize: size, IncludeTotal: true})
	}
	if err != nil {
		return nil, inToolsNames(err)
	}
	list := make([]found, len(page.Items))
	for i, account := range page.Items {
		list[i] = found{account.ID, account.Number, account.Title, client.Or(account.PrimaryEmail, ""), client.Or(account.PrimaryPhone, ""), account.IsActive}
	}
	return map[string]any{"accounts": list, "total": page.Total}, nil
}

// toolsNames are what find calls the parameters of the API.
var toolsNames = map[string]string{"q": "words", "prop1": "member", "op1": "operator", "value1": "value"}

// inToolsNames says what is wrong with the parameters of a search by the names that the
// agent knows.
func inToolsNames(err error) error {
	e, ok := errors.AsType[*client.Error](err)
	if !ok {
		return err
	}
	renamed := *e
	renamed.Fields = slices.Clone(e.Fields)
	for i, field := range renamed.Fields {
		name, rest, _ := strings.Cut(field.Message, " ")
		if known, ok := toolsNames[name]; ok {
			renamed.Fields[i].Message = known + " " + rest
		}
	}
	return &renamed
}

func (a *agent) get(ctx context.Context, req *sdk.CallToolRequest) (any, error) {
	args, err := arguments[struct{ ID int64 }](req)
	if err != nil {
		return nil, err
	}
	return a.client.Accounts.Get(ctx, args.ID, client.IncludeContacts(), client.IncludeArchived())
}

func (a *agent) history(ctx context.Context, req *sdk.CallToolRequest) (any, error) {
	args, err := arguments[struct {
		ID    int64
		Limit int
	}](req)
	if err != nil {
		return nil, err
	}
	return firstChanges(a.client.Accounts.History(ctx, args.ID), args.Limit)
}

func (a *agent) changes(ctx context.Context, req *sdk.CallToolRequest) (any, error) {
	args, err := arguments[struct {
		After string
		Limit int
	}](req)
	if err != nil {
		return nil, err
	}
	return firstChanges(a.client.Accounts.Changes(ctx, args.After), args.Limit)
}

// firstChanges are the first ones of a list, as many as are asked for.
func firstChanges(list iter.Seq2[client.Change, error], asked int) (any, error) {
	size, err := within(asked, someRecords, mostRecords)
	if err != nil {
		return nil, err
	}
	changes := []client.Change{}
	for change, err := range list {
		if err != nil {
			return nil, err
		}
		if changes = append(changes, change); len(changes) == size {
			break
		}
	}
	return map[string]any{"changes": changes}, nil
}
