package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
)

// aliasTests are the tests of the alias.
var aliasTests = tests{
	"AliasUse":        testAliasUse,
	"AliasDays":       testAliasDays,
	"AliasLeniencies": testAliasLeniencies,
	"AliasServers":    testAliasServers,
	"AliasMigration":  testAliasMigration,
	"AliasMigrations": testAliasMigrations,
	"AliasSteps":      testAliasSteps,
	"Mails":           testMails,
}

// days are the periods of totals for the day of start.
func days() alias.Periods {
	today := start.Truncate(24 * time.Hour)
	return alias.Periods{Today: today, Week: today.AddDate(0, 0, -6), Month: today.AddDate(0, 0, -29)}
}

// addKey stores a key of the user.
func (f *fixture) addKey(t *testing.T, user identity.User, name string) identity.Key {
	t.Helper()
	key := identity.Key{
		CompanyID: user.CompanyID, UserID: user.ID, Name: name, Prefix: "acc_" + name, Scope: identity.ScopeRead,
		Hash: identity.HashToken(name), CreatedAt: start,
	}
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.InsertKey(ctx, &key) })
	return key
}

// newUse is use on the day that begins daysAgo days before that of start.
func newUse(key identity.Key, operation, agent string, daysAgo int, calls, refused int64) alias.Use {
	first := start.AddDate(0, 0, -daysAgo)
	return alias.Use{
		CompanyID: key.CompanyID, UserID: key.UserID, KeyID: key.ID, Operation: operation, UserAgent: agent,
		Day: first.Truncate(24 * time.Hour), Calls: calls, Refused: refused, First: first, Last: first.Add(time.Minute),
	}
}

func (f *fixture) addUse(t *testing.T, uses ...alias.Use) {
	t.Helper()
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.AddAliasUse(ctx, uses) })
}

func testAliasUse(t *testing.T, f *fixture) {
	one, two := f.addKey(t, f.ada, "one"), f.addKey(t, f.ada, "two")
	foreign := f.addKey(t, f.stranger, "foreign")
	const get, patch = "GET /v1/accounts", "PATCH /v1/accounts/{accountId}"
	f.addUse(t,
		newUse(one, get, "curl/8", 0, 1, 0), newUse(one, get, "curl/8", 6, 10, 2), newUse(one, get, "curl/8", 7, 100, 0),
		newUse(one, get, "curl/8", 29, 1000, 0), newUse(one, get, "curl/8", 30, 10_000, 5), newUse(one, patch, "curl/8", 30, 7, 0),
		newUse(one, get, "", 0, 3, 0), newUse(two, get, "curl/8", 0, 4, 4), newUse(foreign, get, "curl/8", 0, 9, 0))
	// What another server counted is added, whichever came first.
	earlier := newUse(one, get, "curl/8", 0, 5, 1)
	earlier.First, earlier.Last = earlier.First.Add(-time.Second), earlier.Last.Add(-time.Second)
	f.addUse(t, earlier)

	want := []alias.Total{
		{UserAgent: "", KeyID: one.ID, Operation: get, Today: 3, Week: 3, Month: 3, First: start, Last: start.Add(time.Minute)},
		{UserAgent: "curl/8", KeyID: one.ID, Operation: get, Today: 6, Week: 16, Month: 1116, Refused: 3, First: start.AddDate(0, 0, -30), Last: start.Add(time.Minute)},
		{UserAgent: "curl/8", KeyID: one.ID, Operation: patch, First: start.AddDate(0, 0, -30), Last: start.AddDate(0, 0, -30).Add(time.Minute)},
		{UserAgent: "curl/8", KeyID: two.ID, Operation: get, Today: 4, Week: 4, Month: 4, Refused: 4, First: start, Last: start.Add(time.Minute)},
	}
	for i := range want {
		want[i].UserID, want[i].KeyName, want[i].KeyPrefix = f.ada.ID, "one", "acc_one"
		if want[i].KeyID == two.ID {
			want[i].KeyName, want[i].KeyPrefix = "two", "acc_two"
		}
	}
	got, err := f.store.AliasTotals(t.Context(), f.company.ID, []int64{f.ada.ID, f.stranger.ID}, days())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, want)
	for _, users := range [][]int64{nil, {f.ada.ID + 1_000_000}} {
		got, err := f.store.AliasTotals(t.Context(), f.company.ID, users, days())
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, []alias.Total{})
	}
}

func testAliasDays(t *testing.T, f *fixture) {
	one, two := f.addKey(t, f.ada, "one"), f.addKey(t, f.ada, "two")
	foreign := f.addKey(t, f.stranger, "foreign")
	const get, patch = "GET /v1/accounts", "PATCH /v1/accounts/{accountId}"
	f.addUse(t,
		newUse(one, get, "curl/8", 0, 1, 0), newUse(one, patch, "curl/8", 0, 10, 2), newUse(one, get, "", 0, 100, 0), newUse(two, get, "curl/8", 0, 1000, 3),
		newUse(one, get, "curl/8", 29, 7, 0), newUse(one, get, "curl/8", 30, 9, 0), newUse(foreign, get, "curl/8", 0, 8, 0))
	total := func(daysAgo int, calls, refused int64) alias.DayTotal {
		return alias.DayTotal{UserID: f.ada.ID, Day: alias.Day{Start: days().Today.AddDate(0, 0, -daysAgo), Calls: calls, Refused: refused}}
	}
	for _, c := range []struct {
		company int64
		users   []int64
		want    []alias.DayTotal
	}{
		{f.company.ID, []int64{f.stranger.ID, f.ada.ID}, []alias.DayTotal{total(29, 7, 0), total(0, 1111, 5)}},
		{f.other.ID, []int64{f.ada.ID}, []alias.DayTotal{}},
		{f.company.ID, nil, []alias.DayTotal{}},
	} {
		got, err := f.store.AliasDays(t.Context(), c.company, c.users, days().Month)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, c.want)
	}
}

func testAliasLeniencies(t *testing.T, f *fixture) {
	one, two := f.addKey(t, f.ada, "one"), f.addKey(t, f.ada, "two")
	foreign := f.addKey(t, f.stranger, "foreign")
	needed := func(key identity.Key, name string, daysAgo int, calls int64) alias.Leniency {
		last := start.AddDate(0, 0, -daysAgo)
		return alias.Leniency{CompanyID: key.CompanyID, UserID: key.UserID, KeyID: key.ID, Name: name, Day: last.Truncate(24 * time.Hour), Calls: calls, Last: last}
	}
	for range 2 { // What another server counted is added.
		f.write(t, func(ctx context.Context, tx store.Tx) error {
			return tx.AddAliasLeniencies(ctx, []alias.Leniency{
				needed(one, "a", 0, 1), needed(one, "a", 29, 10), needed(one, "a", 30, 100), needed(one, "b", 1, 3),
				needed(two, "a", 0, 5), needed(foreign, "a", 0, 7),
			})
		})
	}
	total := func(key identity.Key, name string, calls int64, daysAgo int) alias.LeniencyTotal {
		return alias.LeniencyTotal{UserID: key.UserID, Name: name, Key: alias.KeyUse{
			ID: key.ID, Name: key.Name, Prefix: key.Prefix, Calls: calls, Last: start.AddDate(0, 0, -daysAgo),
		}}
	}
	got, err := f.store.AliasLeniencies(t.Context(), f.company.ID, []int64{f.ada.ID, f.stranger.ID}, days().Month)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, []alias.LeniencyTotal{total(one, "a", 22, 0), total(two, "a", 10, 0), total(one, "b", 6, 1)})
}

// Counts that many servers add at once are all there.
func testAliasServers(t *testing.T, f *fixture) {
	key := f.addKey(t, f.ada, "one")
	const writers, rounds = 8, 20
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range rounds {
				uses := []alias.Use{newUse(key, "GET /v1/accounts", "curl/8", 0, 3, 1)}
				err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.AddAliasUse(ctx, uses) })
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	totals, err := f.store.AliasTotals(t.Context(), f.company.ID, []int64{f.ada.ID}, days())
	if err != nil || len(totals) != 1 || totals[0].Today != 3*writers*rounds || totals[0].Refused != writers*rounds {
		t.Errorf("%v, %+v", err, totals)
	}
}

func testAliasMigration(t *testing.T, f *fixture) {
	want := alias.Migration{CompanyID: f.company.ID, User: f.ada.Ref(), State: alias.Using}
	f.wantAliasMigration(t, want)
	hour := func(h int) time.Time { return start.Add(time.Duration(h) * time.Hour) }
	want.State, want.Sunset, want.NotifiedAt = alias.Notified, hour(100), start
	want.Rehearsals = []alias.Rehearsal{{From: hour(1), Until: hour(2)}, {KeyID: 7, From: hour(1), Until: hour(3)}}
	f.saveAliasMigration(t, want)
	f.wantAliasMigration(t, want)
	later, err := f.store.AliasMigration(t.Context(), f.company.ID, f.ada.ID, hour(2))
	if err != nil || len(later.Rehearsals) != 1 || later.Rehearsals[0].KeyID != 7 {
		t.Errorf("rehearsals that are not over: %v, %v", later.Rehearsals, err)
	}
	want.State, want.Sunset, want.MigratedAt, want.Rehearsals = alias.Migrated, time.Time{}, hour(4), nil
	f.saveAliasMigration(t, want)
	f.wantAliasMigration(t, want)
	for _, id := range []struct{ company, user int64 }{{f.other.ID, f.ada.ID}, {f.company.ID, f.stranger.ID}, {f.company.ID, 1 << 40}} {
		_, err := f.store.AliasMigration(t.Context(), id.company, id.user, start)
		wantKind(t, err, fault.KindNotFound)
	}
}

func (f *fixture) saveAliasMigration(t *testing.T, m alias.Migration) {
	t.Helper()
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.SaveAliasMigration(ctx, m) })
}

func (f *fixture) wantAliasMigration(t *testing.T, want alias.Migration) {
	t.Helper()
	got, err := f.store.AliasMigration(t.Context(), want.CompanyID, want.User.ID, start)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, want)
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		got, err = tx.AliasMigrationForUpdate(ctx, want.CompanyID, want.User.ID, start)
		return err
	})
	equal(t, got, want)
}

// Listed is who has used the alias or has begun to move off it.
func testAliasMigrations(t *testing.T, f *fixture) {
	var users []identity.User
	f.write(t, func(ctx context.Context, tx store.Tx) (err error) {
		for i := range 4 {
			u := identity.User{CompanyID: f.company.ID, Email: fmt.Sprintf("u%d@sunrise.example", i), CreatedAt: start}
			err = errors.Join(err, tx.InsertUser(ctx, &u))
			users = append(users, u)
		}
		return err
	})
	f.addUse(t, newUse(f.addKey(t, users[1], "one"), "GET /v1/accounts", "curl/8", 40, 1, 0))
	f.addUse(t, newUse(f.addKey(t, f.stranger, "two"), "GET /v1/accounts", "curl/8", 0, 1, 0))
	using := alias.Migration{CompanyID: f.company.ID, User: users[1].Ref(), State: alias.Using}
	notified := alias.Migration{CompanyID: f.company.ID, User: users[2].Ref(), State: alias.Notified, NotifiedAt: start}
	back := alias.Migration{CompanyID: f.company.ID, User: users[3].Ref(), State: alias.Using}
	f.saveAliasMigration(t, notified)
	f.saveAliasMigration(t, back)
	for _, c := range []struct {
		q    alias.Query
		want []alias.Migration
	}{
		{alias.Query{Limit: 10}, []alias.Migration{using, notified, back}},
		{alias.Query{Limit: 1}, []alias.Migration{using}},
		{alias.Query{Limit: 10, After: users[1].ID}, []alias.Migration{notified, back}},
		{alias.Query{Limit: 10, State: alias.Using}, []alias.Migration{using, back}},
		{alias.Query{Limit: 10, State: alias.Migrated}, []alias.Migration{}},
	} {
		got, err := f.store.AliasMigrations(t.Context(), f.company.ID, c.q)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, c.want)
	}
}

func testAliasSteps(t *testing.T, f *fixture) {
	want := []alias.Step{
		{Kind: alias.StepRolledBack, BackTo: alias.Notified, ByEmail: "ops@sunrise.example"},
		{Kind: alias.StepMigrated, Forced: true},
		{Kind: alias.StepRehearsed, Rehearsal: &alias.Rehearsal{KeyID: 3, From: start, Until: start.Add(time.Hour)}},
		{Kind: alias.StepNotified, Message: "Move,\nplease.", Sunset: start.AddDate(0, 3, 0), ByUser: f.ada.ID, ByKey: 3, ByEmail: f.ada.Email},
	}
	mail := alias.Mail{
		CompanyID: f.company.ID, To: f.ada.Email, Letter: alias.Letter{Subject: "S", Text: "T", HTML: "<p>H"},
		State: alias.MailPending, CreatedAt: start, NextAttempt: start,
	}
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		for i := range want { // The newest has the lowest id, as it may if another server wrote the others.
			s := &want[i]
			s.CompanyID, s.UserID, s.At = f.company.ID, f.ada.ID, start.Add(time.Duration(-i)*time.Second)
			if err := tx.AddAliasStep(ctx, s); err != nil {
				return err
			}
		}
		mail.StepID = want[3].ID
		return tx.InsertMail(ctx, &mail)
	})
	seen := mail
	seen.Letter = alias.Letter{} // Steps show what became of a mail, not its text.
	want[3].Mail = &seen
	for _, c := range []struct {
		company, user int64
		limit         int
		want          []alias.Step
	}{
		{f.company.ID, f.ada.ID, 10, want},
		{f.company.ID, f.ada.ID, 2, want[:2]},
		{f.other.ID, f.ada.ID, 10, []alias.Step{}},
		{f.company.ID, f.stranger.ID, 10, []alias.Step{}},
	} {
		got, err := f.store.AliasSteps(t.Context(), c.company, c.user, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, c.want)
	}

	// The last notice is the one of which the migration has the time.
	notices := func(company int64) []alias.Step {
		got, err := f.store.AliasNotices(t.Context(), company, []int64{f.ada.ID, f.stranger.ID})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	equal(t, notices(f.company.ID), []alias.Step{})
	m := alias.Migration{CompanyID: f.company.ID, User: f.ada.Ref(), State: alias.Migrated, NotifiedAt: want[3].At, MigratedAt: want[1].At}
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		earlier := alias.Step{CompanyID: f.company.ID, UserID: f.ada.ID, Kind: alias.StepNotified, At: want[3].At.Add(-time.Hour)}
		return errors.Join(tx.AddAliasStep(ctx, &earlier), tx.SaveAliasMigration(ctx, m))
	})
	equal(t, notices(f.company.ID), want[3:])
	equal(t, notices(f.other.ID), []alias.Step{})
}

// A mail is claimed by one of those who try, until its time has come again.
// postMails stores one step with a mail to send and one with a mail that
// never goes out, and returns the first.
func postMails(t *testing.T, f *fixture) alias.Mail {
	t.Helper()
	mail := alias.Mail{
		CompanyID: f.company.ID, To: f.ada.Email, Letter: alias.Letter{Subject: "S", Text: "T", HTML: "<p>H"},
		State: alias.MailPending, CreatedAt: start, NextAttempt: start,
	}
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		for _, m := range []*alias.Mail{&mail, {State: alias.MailNotSent, CompanyID: f.company.ID, CreatedAt: start}} {
			step := alias.Step{CompanyID: f.company.ID, UserID: f.ada.ID, Kind: alias.StepNotified, At: start}
			if err := tx.AddAliasStep(ctx, &step); err != nil {
				return err
			}
			m.StepID = step.ID
			if err := tx.InsertMail(ctx, m); err != nil {
				return err
			}
		}
		return nil
	})
	return mail
}

func testMails(t *testing.T, f *fixture) {
	mail := postMails(t, f)
	due := func(at time.Time) []int64 {
		ids, err := f.store.DueMails(t.Context(), at, 10)
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
	equal(t, due(start.Add(-time.Millisecond)), []int64{})
	equal(t, due(start), []int64{mail.ID})

	lease := start.Add(time.Minute)
	claim := func(now time.Time) (m alias.Mail, err error) {
		err = f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
			m, err = tx.ClaimMail(ctx, mail.ID, now, lease)
			return err
		})
		return m, err
	}
	got, err := claim(start)
	if err != nil {
		t.Fatal(err)
	}
	mail.Attempts, mail.NextAttempt = 1, lease
	equal(t, got, mail)
	_, err = claim(start)
	wantKind(t, err, fault.KindNotFound)
	equal(t, due(start), []int64{})
	equal(t, due(lease), []int64{mail.ID})

	// Whoever had claimed it before it was withdrawn notes only that it was sent.
	withdrawn := mail
	withdrawn.State, withdrawn.NextAttempt = alias.MailNotSent, time.Time{}
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.UpdateMail(ctx, withdrawn) })
	err = f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.UpdateMail(ctx, mail) })
	wantKind(t, err, fault.KindNotFound)
	equal(t, due(lease), []int64{})

	mail.State, mail.SentAt, mail.NextAttempt, mail.Failure = alias.MailSent, lease, time.Time{}, alias.MailDeferred
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.UpdateMail(ctx, mail) })
	_, err = claim(lease.Add(time.Hour))
	wantKind(t, err, fault.KindNotFound)
	steps, err := f.store.AliasSteps(t.Context(), f.company.ID, f.ada.ID, 10)
	if err != nil {
		t.Fatal(err)
	}
	mail.Letter = alias.Letter{}
	equal(t, *steps[1].Mail, mail)
	mail.ID += 1_000_000
	err = f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.UpdateMail(ctx, mail) })
	wantKind(t, err, fault.KindNotFound)
}
