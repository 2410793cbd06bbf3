package house_test

import (
	"go/types"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// conflicts are the operations that answer 409 without an Idempotency-Key.
var conflicts = map[string]string{
	"deleteAccount":          "the account was merged into another",
	"inviteUser":             "the e-mail address is taken",
	"inviteUserAgain":        "the user has accepted",
	"updateUser":             "the user is the last active admin",
	"resetPassword":          "the user is disabled",
	"changePassword":         "the password is of users of several companies",
	"createKey":              "the password is of users of several companies",
	"deleteProperty":         "accounts have values",
	"notifyAliasUser":        "the user has been migrated",
	"rehearseAliasMigration": "the user has been migrated",
	"migrateAliasUser":       "the user has not been notified",
	"rollBackAliasUser":      "there is nothing to take back",
	"createWebhook":          "the company has as many as it may",
}

// Each operation declares the statuses that it can be answered with, and no
// others: of success those whose generated types its handler makes, of failure
// those that follow from what it takes.
func TestDeclaredStatusesAreAnswered(t *testing.T) {
	t.Parallel()
	answers := loadCode(t).answers()
	for _, o := range operations(t) {
		want := append(o.failures(), answers[o.OperationID]...)
		slices.Sort(want)
		for status := range o.Responses.Map() {
			if !slices.Contains(want, status) {
				t.Errorf("%s declares the status %s in openapi.yaml, and no code answers it", o.OperationID, status)
			}
		}
		for _, status := range want {
			if o.Responses.Value(status) == nil {
				t.Errorf("%s can answer the status %s, which openapi.yaml does not declare", o.OperationID, status)
			}
		}
	}
}

// failures are the statuses that follow from what an operation takes.
func (o operation) failures() []string {
	statuses := []string{"400", "429", "500", "503"}
	add := func(applies bool, more ...string) {
		if applies {
			statuses = append(statuses, more...)
		}
	}
	_, conflicts := conflicts[o.OperationID]
	add(o.Security == nil || len(*o.Security) > 0, "401")
	add(o.Security == nil || len(*o.Security) > 0, "403") // For want of a scope, or for a page of another origin that sends a password
	add(o.has("path", ""), "404")
	add(o.has("query", "wait"), "410")
	add(conflicts || o.has("header", "Idempotency-Key"), "409")
	isRead := strings.HasPrefix(o.OperationID, "get")
	makes := o.body() != nil && !o.has("path", "") // what does not exist before, and matches nothing
	add(makes || o.has("header", "If-Match") || o.has("header", "If-None-Match") && !isRead, "412")
	add(o.body() != nil, "408", "413", "415")
	return statuses
}

var answerType = regexp.MustCompile(`^([A-Z]\w*?)([23]\d\d)(JSON)?Response$`)

// answers are the statuses by operation whose generated types package server
// makes.
func (c *code) answers() map[string][]string {
	found := make(map[string][]string)
	for _, object := range c.info.Uses {
		match := answerType.FindStringSubmatch(object.Name())
		if _, isType := object.(*types.TypeName); !isType || match == nil {
			continue
		}
		op := strings.ToLower(match[1][:1]) + match[1][1:]
		if !slices.Contains(found[op], match[2]) {
			found[op] = append(found[op], match[2])
		}
	}
	return found
}

// elsewhere are the statuses that no operation of the spec answers.
var elsewhere = map[string]string{
	"405": "is of paths, and so of no operation",
	"417": "is answered before there is a request",
	"431": "is answered before there is a request",
	"501": "is answered before there is a request",
}

// Each status that package server names is declared by an operation.
func TestNamedStatusesAreDeclared(t *testing.T) {
	t.Parallel()
	declared := make(map[string]bool)
	for _, o := range operations(t) {
		for status := range o.Responses.Map() {
			declared[status] = true
		}
	}
	for _, object := range loadCode(t).info.Uses {
		status, ok := object.(*types.Const)
		if !ok || status.Pkg() == nil || status.Pkg().Path() != "net/http" || !strings.HasPrefix(status.Name(), "Status") {
			continue
		}
		number := status.Val().ExactString()
		if _, err := strconv.Atoi(number); err == nil && !declared[number] && elsewhere[number] == "" {
			t.Errorf("server/ names %s, a status (%s) that no operation of openapi.yaml declares", status.Name(), number)
		}
	}
}
