package main

import (
	"os/exec"
	"testing"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/servertest"
)

// The program, built and run as it is, against the real server.
func TestProgram(t *testing.T) {
	t.Parallel()
	program := t.TempDir() + "/stranger"
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := servertest.New(t)
	account := s.Account(t, client.AccountCreate{Title: "Sunrise", Address: []string{"120 Mission Street"}})
	run := exec.CommandContext(t.Context(), program)
	run.Env = []string{"ACCOUNTS_URL=" + s.URL, "ACCOUNTS_KEY=" + s.Key}
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got, err := s.Client.Accounts.Get(t.Context(), account.ID)
	if err != nil || got.Title != "Sunrise Solar" {
		t.Errorf("%+v, %v", got, err)
	}
}

// What a program may keep of the client in types of its own.
type crm struct {
	accounts *client.Accounts
	patch    client.AccountPatch
	values   client.Values
}

func TestEmbedding(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	account := s.Account(t, client.AccountCreate{Title: "Sunrise", Address: []string{"120 Mission Street"}})
	mine := crm{accounts: s.Client.Accounts, patch: client.AccountPatch{IsActive: client.Set(false)}, values: client.Values{}}
	mine.patch.Custom = mine.values
	if got, err := mine.accounts.Update(t.Context(), account.ID, mine.patch); err != nil || got.IsActive {
		t.Errorf("%+v, %v", got, err)
	}
}
