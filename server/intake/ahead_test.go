package intake_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
)

// Items that change what others are matched by do the same as if each was sent alone.
func TestItemsAsIfAlone(t *testing.T) {
	t.Parallel()
	for seed := range 12 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(uint64(seed), 9))
			together, alone := newShared(t), newShared(t)
			items := make([]func([]account.Account) intake.Item, 40)
			for i := range items {
				items[i] = drawItem(r, seed%2 == 0)
			}
			got := together.carryOut(t, items...)
			var want []string
			for _, item := range items {
				want = append(want, alone.carryOut(t, item)...)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("together\n%s\nalone\n%s", got, want)
			}
			if got, want := together.state(t), alone.state(t); got != want {
				t.Errorf("together\n%s\nalone\n%s", got, want)
			}
		})
	}
}

// shared is a domain with accounts that share titles.
type shared struct {
	*domaintest.Domain
	begun []account.Account
}

func newShared(t *testing.T) *shared {
	s := &shared{Domain: domaintest.New(t)}
	for i := range 8 {
		s.begun = append(s.begun, s.Account(t, fmt.Sprintf("Title %d", i/2)))
	}
	return s
}

// drawItem draws an item about one of the first accounts, or one that is matched; calm is
// one that cannot fail.
func drawItem(r *rand.Rand, calm bool) func([]account.Account) intake.Item {
	p := account.Patch{Title: patch.Set(fmt.Sprintf("Title %d", r.IntN(8))), Address: patch.Set([]string{fmt.Sprintf("%d St", r.IntN(6))})}
	if r.IntN(2) == 0 {
		p.Active = patch.Set(r.IntN(3) > 0)
	}
	if r.IntN(2) == 0 {
		p.PrimaryEmail = patch.Set(fmt.Sprintf("c%d@example.com", r.IntN(6)))
	}
	if r.IntN(3) == 0 && !calm {
		p.Number = patch.Set(int64(1 + r.IntN(12)))
	}
	at, by := r.IntN(8), []account.MatchBy{account.MatchTitle, account.MatchAddress, account.MatchTitle, account.MatchNumber}[r.IntN(4)]
	if calm && by == account.MatchNumber {
		p.Number = patch.Set(int64(1 + r.IntN(12)))
	}
	if r.IntN(2) == 0 {
		return func(begun []account.Account) intake.Item {
			p := p
			if calm {
				p.Number = patch.Field[int64]{}
			}
			return intake.Item{Act: intake.ActUpdate, ID: begun[at].ID, Patch: p}
		}
	}
	strategy := []intake.Strategy{intake.StrategyUpdate, intake.StrategyReplace, intake.StrategyEnrich}[r.IntN(3)]
	return func([]account.Account) intake.Item {
		return intake.Item{Act: intake.ActUpsert, By: by, Strategy: strategy, Patch: p}
	}
}

// carryOut carries items out together, and returns what became of them.
func (s *shared) carryOut(t *testing.T, draws ...func([]account.Account) intake.Item) (done []string) {
	t.Helper()
	req := intake.ItemsRequest{Each: true}
	for _, draw := range draws {
		req.Items = append(req.Items, draw(s.begun))
	}
	receipts, err := s.Intake.BatchItems(t.Context(), s.Actor, req)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range receipts {
		done = append(done, fmt.Sprint(r.Status(), r.Account.Number, r.Changed, domaintest.Fields(r.Err)))
	}
	return done
}

// state are all accounts, without what tells the two domains apart.
func (s *shared) state(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	err := s.Accounts.Export(t.Context(), s.Company.ID, true, func(a account.Account) error {
		email := ""
		if a.PrimaryEmail != nil {
			email = *a.PrimaryEmail
		}
		var contacts []string
		for _, c := range a.Contacts {
			contacts = append(contacts, c.Name)
		}
		_, err := fmt.Fprintln(&b, a.Number, a.Version, a.Title, a.Address, a.Active, email, contacts)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
