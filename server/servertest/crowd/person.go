package crowd

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/servertest/history"
)

// person is one of the clients, who does one thing after the other.
type person struct {
	*Crowd
	number int
	random *rand.Rand
	tags   map[int]tag // by account: what was last read of it
	wrote  int
}

// tag is what is needed to write only if nobody else has.
type tag struct {
	etag  string
	value float64
}

// acts are what a client does, and how often of hundred times.
var acts = []struct {
	often int
	act   func(*person, context.Context, int)
}{
	{20, (*person).read},
	{20, (*person).update},
	{20, (*person).increment},
	{8, (*person).guess},
	{8, (*person).twice},
	{8, (*person).batch},
	{8, (*person).link},
	{8, (*person).create},
}

// work does one thing after the other until the crowd is stopped.
func (p *person) work(ctx context.Context) {
	for !p.over.Load() && ctx.Err() == nil {
		account := p.random.IntN(p.open())
		if p.accounts[account].id.Load() == 0 {
			p.create(ctx, account)
			continue
		}
		dice := p.random.IntN(100)
		for _, a := range acts {
			if dice -= a.often; dice < 0 {
				a.act(p, ctx, account)
				break
			}
		}
	}
}

// hurry returns the time that a call has.
func (p *person) hurry(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := patience
	if p.config.Hasty && p.random.IntN(4) == 0 {
		limit = time.Duration(20+p.random.IntN(1000)) * time.Millisecond
	}
	return context.WithTimeout(ctx, limit)
}

// note is a text that no other write has. It can be a key as well.
func (p *person) note() string {
	p.wrote++
	return fmt.Sprintf("client-%d-write-%d", p.number%p.config.Clients, p.wrote)
}

// patch is something to write: always a note, and some of the other members.
func (p *person) patch() history.Patch {
	patch := history.Patch{history.Note: p.note()}
	if p.random.IntN(2) == 0 {
		patch[history.Size] = strconv.Itoa(p.random.IntN(1000))
	}
	if p.random.IntN(3) == 0 {
		patch[history.Label] = fmt.Sprintf("label %d", p.random.IntN(1+p.open()))
	}
	return patch
}

// spelled is a label with some case or other.
func (p *person) spelled(label string) string {
	switch p.random.IntN(3) {
	case 0:
		return strings.ToUpper(label)
	case 1:
		return strings.ToUpper(label[:1]) + label[1:]
	}
	return label
}

// body is a patch as it is sent.
func (p *person) body(patch history.Patch) client.AccountPatch {
	body := client.AccountPatch{Description: client.Set(patch[history.Note])}
	if label, ok := patch[history.Label]; ok {
		body.Custom = client.Values{p.property: p.spelled(label)}
	}
	if size, ok := patch[history.Size]; ok {
		body.Size = client.Set(float(size))
	}
	if value, ok := patch[history.Value]; ok {
		body.Value = client.Set(float(value))
	}
	if contact, ok := patch[history.Contacts]; ok {
		body.Contacts = client.Set([]int64{int64(float(contact))})
	}
	return body
}

func float(text string) float64 {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(err) // It is one that a client has made.
	}
	return value
}
