// Package follow keeps a database equal to another installation by what that answers
// to everybody: its feed of changes, contacts, properties and users. What it copies it
// copies as it is, with ids, versions, times, authors and sequences, so that who
// follows the feed can go on with the copy once that is promoted.
package follow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/records"
)

// NotCarried is what a copy has not, in words that follow "without".
const NotCarried = "passwords, keys, invitations, idempotency answers, what is known of the users of /clients, mails, the audit log, imports under way and webhooks"

// Store is a store that can follow another installation, as each can.
type Store interface {
	store.Store

	// Follows tells whether the store follows: whether Followed has an answer.
	Follows(ctx context.Context) (bool, error)
	Followed(ctx context.Context) (records.Followed, error)
	ContactIDs(ctx context.Context, companyID int64) ([]int64, error)
}

// Tx is a transaction of such a store: it writes what was read as it is.
type Tx interface {
	store.Tx

	BeginFollowing(ctx context.Context, source string, c identity.Company) error
	SaveFollowed(ctx context.Context, from int64, f records.Followed) error
	EndFollowing(ctx context.Context, companyID, lastNumber int64) error
	Followed(ctx context.Context) (records.Followed, error)

	PutUser(ctx context.Context, u identity.User) error
	PutContact(ctx context.Context, c account.Contact) error
	PutAccount(ctx context.Context, a account.Account) error
	PutHistory(ctx context.Context, e account.HistoryEntry) error
}

var _ Tx = (*records.Tx)(nil)

// Config is how a source is followed. The zero value of each is fit for use.
type Config struct {
	Interval time.Duration // between two looks at the source, of which a change has one sooner; 0: a second
	AtOnce   int           // how many changes are applied in one transaction; 0: 2000
	Logger   *slog.Logger  // nil: nothing is logged
}

// Follower keeps a database equal to a source. It is for one goroutine.
type Follower struct {
	config Config
	store  Store
	source *source

	state    records.Followed
	last     string // the last entry that is here, as the source has it; empty: there is none
	known    bool   // the source was found to be the one that is followed
	users    map[int64]client.User
	contacts contacts
	told     time.Time // when it was last said how far it is
	caught   bool      // that it has caught up was said
}

// New returns a follower of the installation at a URL, by a client with a key for it.
func New(s Store, url string, c *client.Client, config Config) *Follower {
	if config.Interval <= 0 {
		config.Interval = time.Second
	}
	if config.AtOnce <= 0 {
		config.AtOnce = 2000
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	return &Follower{config: config, store: s, source: &source{url: url, client: c}, users: make(map[int64]client.User), contacts: contacts{lost: make(map[int64]struct{})}}
}

// Run follows until ctx ends, which is no error. It waits for a source that does not
// answer. Any other error ends it: a fault.Error says what to do.
func (f *Follower) Run(ctx context.Context) error {
	outage := ""
	for {
		err := f.CatchUp(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil && outage != "":
			f.config.Logger.InfoContext(ctx, "the source answers again", "sequence", f.state.Sequence)
			outage = ""
		case err != nil && !isPassing(err):
			return f.explain(ctx, err)
		case err != nil && outage != err.Error():
			outage, f.known = err.Error(), false
			f.config.Logger.WarnContext(ctx, "the source does not answer; trying again", "error", err)
		}
		if err == nil {
			f.source.await(ctx, f.state.Sequence, f.config.Interval)
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(f.config.Interval):
		}
	}
}

// explain says of an error if it is because the database was promoted meanwhile.
func (f *Follower) explain(ctx context.Context, err error) error {
	if follows, failed := f.store.Follows(ctx); f.known && failed == nil && !follows {
		return fault.Errorf(fault.KindConflict, "the database was promoted, and follows no more")
	}
	return err
}

// CatchUp applies what has happened at the source until nothing is left.
func (f *Follower) CatchUp(ctx context.Context) error {
	if err := f.open(ctx); err != nil {
		return err
	}
	for more := true; more; {
		var err error
		if more, err = f.round(ctx); err != nil {
			return err
		}
		f.tell(ctx, more)
	}
	return nil
}

// Sequence is that of the last change that was applied.
func (f *Follower) Sequence() int64 { return f.state.Sequence }

// tellEvery is how often it is said how far a follower is that has much to do.
const tellEvery = 10 * time.Second

func (f *Follower) tell(ctx context.Context, more bool) {
	switch {
	case !more && !f.caught:
		f.caught = true
		f.config.Logger.InfoContext(ctx, "caught up with the source", "sequence", f.state.Sequence)
	case more && time.Since(f.told) >= tellEvery:
		f.told = time.Now()
		f.config.Logger.InfoContext(ctx, "following", "sequence", f.state.Sequence)
	}
}

// isPassing tells whether an error is of a source that cannot be reached or cannot
// answer now. What it refuses, it will refuse again.
func isPassing(err error) bool {
	refused, ok := errors.AsType[*client.Error](err)
	if !ok {
		return false
	}
	return refused.Status < 400 || refused.Status >= 500 || refused.Status == 408 || refused.Status == 429 || errors.Is(err, client.ErrUnexpected)
}

// open makes sure, once, that the database is the copy of the source.
func (f *Follower) open(ctx context.Context) error {
	if f.known {
		return nil
	}
	self, err := f.source.self(ctx)
	if err != nil {
		return err
	}
	if err := f.begin(ctx, self); err != nil {
		return err
	}
	if f.state, err = f.store.Followed(ctx); err != nil {
		return err
	}
	if f.state.CompanyID != self.Company.ID {
		return fault.Errorf(fault.KindConflict, "the database follows company %d, and the key is one of company %d, %s; give the key of the company that is followed, or another database",
			f.state.CompanyID, self.Company.ID, fault.Quote(self.Company.Name))
	}
	if f.last, err = f.lastEntry(ctx); err != nil {
		return err
	}
	f.known = true
	return nil
}

// begin makes the company in an empty database.
func (f *Follower) begin(ctx context.Context, self client.Self) error {
	follows, err := f.store.Follows(ctx)
	if err != nil || follows {
		return err
	}
	company := identity.Company{ID: self.Company.ID, Name: self.Company.Name, CreatedAt: self.User.CreatedAt.Time}
	if err := f.write(ctx, func(ctx context.Context, tx Tx) error { return tx.BeginFollowing(ctx, f.source.url, company) }); err != nil {
		return err
	}
	f.config.Logger.InfoContext(ctx, "began a copy", "company", company.Name, "without", NotCarried)
	return nil
}

// write runs a transaction.
func (f *Follower) write(ctx context.Context, fn func(ctx context.Context, tx Tx) error) error {
	return writeTo(ctx, f.store, fn)
}

func writeTo(ctx context.Context, s Store, fn func(ctx context.Context, tx Tx) error) error {
	return s.Write(ctx, func(ctx context.Context, tx store.Tx) error {
		able, ok := tx.(Tx)
		if !ok {
			return fmt.Errorf("a transaction of %T cannot follow", s)
		}
		return fn(ctx, able)
	})
}

// Check returns an error unless the installation at a URL answers, and takes the key of
// the client for one to follow with.
func Check(ctx context.Context, url string, c *client.Client) error {
	_, err := (&source{url: url, client: c}).self(ctx)
	return err
}
