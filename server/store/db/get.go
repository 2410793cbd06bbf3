package db

import (
	"context"
	"sync"

	"github.com/accountsd/accountsd/server/fault"
)

// getting is what one Get or Number hands to a Runner. Requests read several rows
// each, and what goes through an interface is allocated: so it is kept for the next
// ones.
type getting struct {
	dest  []any
	found bool
	scan  func(*Row) error // take, made once

	// What Number reads by and into, with what points to it.
	ids      []*int64
	byIDs    []any
	number   int64
	toNumber []any
}

var gettings = sync.Pool{New: func() any {
	g := &getting{}
	g.scan, g.toNumber = g.take, []any{&g.number}
	return g
}}

func (g *getting) take(row *Row) error {
	g.found = true
	return row.Scan(g.dest...)
}

// get reads the one row of a query.
func (g *getting) get(ctx context.Context, s Session, st Statement, args, dest []any) error {
	g.dest, g.found = dest, false
	defer func() { g.dest = nil }() // They are the caller's.
	err := s.Each(ctx, st, args, g.scan)
	if err == nil && !g.found {
		return fault.NotFound(st.Thing)
	}
	return err
}

// Get reads the one row of a query. KindNotFound if there is none.
func (s Session) Get(ctx context.Context, st Statement, args []any, dest ...any) error {
	g := gettings.Get().(*getting)
	defer gettings.Put(g)
	return g.get(ctx, s, st, args, dest)
}

// GetBy is Get by an id.
func (s Session) GetBy(ctx context.Context, st Statement, id int64, dest ...any) error {
	g := gettings.Get().(*getting)
	defer gettings.Put(g)
	ids := [1]int64{id}
	return g.get(ctx, s, st, g.by(ids[:]), dest)
}

// Number reads the one number of a query by ids. KindNotFound if there is no row.
func (s Session) Number(ctx context.Context, st Statement, ids ...int64) (int64, error) {
	g := gettings.Get().(*getting)
	defer gettings.Put(g)
	g.number = 0
	err := g.get(ctx, s, st, g.by(ids), g.toNumber)
	return g.number, err
}

// by is ids as arguments.
func (g *getting) by(ids []int64) []any {
	for i, id := range ids {
		if i == len(g.ids) {
			place := new(int64)
			g.ids, g.byIDs = append(g.ids, place), append(g.byIDs, place)
		}
		*g.ids[i] = id
	}
	return g.byIDs[:len(ids)]
}
