// Package bustle is many clients that write all that a company has: accounts with
// custom values and contacts, contacts, properties with options, and users. They do not
// look at what becomes of it: it is for what must be true whatever was written.
package bustle

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/gen/custom"
)

// Bustle is a number of clients of one company. It goes on where it was when it is run
// again, with another server at the same records too.
type Bustle struct {
	written  atomic.Int64 // writes that were answered with success
	made     atomic.Int64 // names that were given
	accounts ids
	contacts ids
	users    ids
}

// Written is how many writes were answered with success.
func (b *Bustle) Written() int64 { return b.written.Load() }

// ids are those of records that clients share.
type ids struct {
	mu  sync.Mutex
	all []int64
}

func (s *ids) add(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, id)
}

// some returns n ids at most, each once.
func (s *ids) some(n int) (some []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := make(map[int64]bool)
	for range n {
		if len(s.all) == 0 {
			break
		}
		if id := s.all[rand.IntN(len(s.all))]; !seen[id] {
			seen[id] = true
			some = append(some, id)
		}
	}
	return some
}

// one returns an id; 0 if there is none.
func (s *ids) one() int64 {
	if some := s.some(1); some != nil {
		return some[0]
	}
	return 0
}

// take removes an id, and returns it; 0 if there is none.
func (s *ids) take() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) == 0 {
		return 0
	}
	i := rand.IntN(len(s.all))
	id := s.all[i]
	s.all[i] = s.all[len(s.all)-1]
	s.all = s.all[:len(s.all)-1]
	return id
}

// The properties that there are from the start on.
const (
	stage = "stage"
	tags  = "tags"
	score = "score"
)

// Prepare defines the properties.
func (b *Bustle) Prepare(ctx context.Context, c *client.Client) error {
	for _, p := range []client.PropertyCreate{
		{Name: "Stage", KeyName: stage, Type: client.Dropdown, Options: []string{"New", "Won", "Lost"}, DefaultValue: client.ListOf("New")},
		{Name: "Tags", KeyName: tags, Type: client.Dropdown, IsMultiple: true, Options: []string{"A", "B"}},
		{Name: "Score", KeyName: score, Type: client.Numeric},
	} {
		if _, err := c.Properties.Create(ctx, p); err != nil {
			return fmt.Errorf("define %s: %w", p.Name, err)
		}
	}
	return nil
}

// Run lets clients write until ctx ends, or one of them finds no server any more.
func (b *Bustle) Run(ctx context.Context, c *client.Client, clients int) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for ctx.Err() == nil {
				err := b.act(ctx, c)
				switch {
				case err == nil:
					b.written.Add(1)
				case errors.Is(err, client.ErrUnavailable):
					cancel()
				}
			}
		})
	}
	group.Wait()
}

// acts are what a client does, each as often as it is here.
var acts = []func(*Bustle, context.Context, *client.Client) error{
	(*Bustle).update, (*Bustle).update, (*Bustle).update, (*Bustle).update, (*Bustle).update, (*Bustle).update,
	(*Bustle).create, (*Bustle).create, (*Bustle).remove, (*Bustle).batch,
	(*Bustle).addContact, (*Bustle).addContact, (*Bustle).editContact, (*Bustle).editContact, (*Bustle).removeContact,
}

// rare is how seldom something is done to properties and users.
const rare = 40

var rareActs = []func(*Bustle, context.Context, *client.Client) error{
	(*Bustle).rename, (*Bustle).rename, (*Bustle).removeOption, (*Bustle).redefine, (*Bustle).invite, (*Bustle).editUser,
}

func (b *Bustle) act(ctx context.Context, c *client.Client) error {
	if rand.IntN(rare) == 0 {
		return rareActs[rand.IntN(len(rareActs))](b, ctx, c)
	}
	return acts[rand.IntN(len(acts))](b, ctx, c)
}

// name is a name that nothing has.
func (b *Bustle) name(kind string) string { return fmt.Sprintf("%s %d", kind, b.made.Add(1)) }

func label() string { return fmt.Sprintf("Label %d", rand.IntN(30)) }

func (b *Bustle) patch() client.AccountPatch {
	p := client.AccountPatch{Title: client.Set(b.name("Zoë & <Söhne>"))}
	switch rand.IntN(5) {
	case 0:
		p.Contacts = client.Set(b.contacts.some(3))
	case 1:
		p.Custom = custom.Values{stage: label(), tags: client.ListOf(label(), label())}
	case 2:
		p.Custom = custom.Values{score: client.Decimal(fmt.Sprintf("%d.50", rand.IntN(1000))), stage: nil}
	case 3:
		p.Value, p.Description = client.Set(rand.Float64()*1e9), client.Clear[string]()
	default:
		p.IsActive, p.Description = client.Set(rand.IntN(3) > 0), client.Set("Line 1\nLine \"2\"")
	}
	return p
}

func (b *Bustle) update(ctx context.Context, c *client.Client) error {
	id := b.accounts.one()
	if id == 0 {
		return b.create(ctx, c)
	}
	_, err := c.Accounts.Update(ctx, id, b.patch(), client.AllowNewOptions())
	return err
}

func (b *Bustle) batch(ctx context.Context, c *client.Client) error {
	var updates []client.BatchUpdate
	for _, id := range b.accounts.some(5) {
		updates = append(updates, client.BatchUpdate{ID: id, Set: b.patch()})
	}
	_, err := c.Accounts.Batch(ctx, updates, client.AllowNewOptions(), client.Reason("told \ue000 by phone"))
	return err
}

func (b *Bustle) create(ctx context.Context, c *client.Client) error {
	a := client.AccountCreate{Title: b.name("Account"), Address: []string{"1 Main Street"}, Contacts: client.Set(b.contacts.some(2))}
	if rand.IntN(10) == 0 {
		a.Number = client.Set(rand.Int64N(5000) + 1)
	}
	made, err := c.Accounts.Create(ctx, a, client.MatchBy(client.MatchNone))
	if err == nil {
		b.accounts.add(made.ID)
	}
	return err
}

func (b *Bustle) remove(ctx context.Context, c *client.Client) error {
	if id := b.accounts.take(); id != 0 {
		return c.Accounts.Delete(ctx, id, client.Reason("gone"))
	}
	return nil
}

func (b *Bustle) addContact(ctx context.Context, c *client.Client) error {
	name := b.name("Jo")
	made, err := c.Contacts.Create(ctx, client.ContactCreate{
		Name: name, Emails: []string{fmt.Sprintf("jo%d@example.com", b.made.Load())}, AccountIDs: b.accounts.some(2),
	})
	if err == nil {
		b.contacts.add(made.ID)
	}
	return err
}

func (b *Bustle) editContact(ctx context.Context, c *client.Client) error {
	id := b.contacts.one()
	if id == 0 {
		return b.addContact(ctx, c)
	}
	p := client.ContactPatch{Name: client.Set(b.name("Lee")), Title: client.Set("Owner")}
	if rand.IntN(3) == 0 {
		p.AccountIDs = client.Set(b.accounts.some(3))
	}
	_, err := c.Contacts.Update(ctx, id, p)
	return err
}

func (b *Bustle) removeContact(ctx context.Context, c *client.Client) error {
	if id := b.contacts.take(); id != 0 {
		return c.Contacts.Delete(ctx, id)
	}
	return nil
}

func (b *Bustle) rename(ctx context.Context, c *client.Client) error {
	_, err := c.Properties.Update(ctx, stage, client.PropertyPatch{RenameOptions: []client.OptionRename{{From: label(), To: b.name("Renamed")}}})
	return err
}

func (b *Bustle) removeOption(ctx context.Context, c *client.Client) error {
	_, err := c.Properties.Update(ctx, tags, client.PropertyPatch{RemoveOptions: []string{label()}}, client.Force())
	return err
}

// redefine removes a property that accounts have values of, and defines it again.
func (b *Bustle) redefine(ctx context.Context, c *client.Client) error {
	if err := c.Properties.Delete(ctx, score, client.Force()); err != nil && !errors.Is(err, client.ErrNotFound) {
		return err
	}
	_, err := c.Properties.Create(ctx, client.PropertyCreate{Name: b.name("Score"), KeyName: score, Type: client.Numeric})
	return err
}

func (b *Bustle) invite(ctx context.Context, c *client.Client) error {
	invited, err := c.Users.Invite(ctx, client.UserInvite{Email: fmt.Sprintf("user%d@example.com", b.made.Add(1)), FirstName: "Bea", IsAdmin: rand.IntN(2) == 0})
	if err == nil {
		b.users.add(invited.User.ID)
	}
	return err
}

func (b *Bustle) editUser(ctx context.Context, c *client.Client) error {
	id := b.users.one()
	if id == 0 {
		return b.invite(ctx, c)
	}
	_, err := c.Users.Update(ctx, id, client.UserPatch{LastName: client.Set(b.name("Ito")), Disabled: client.Set(rand.IntN(2) == 0)})
	return err
}
