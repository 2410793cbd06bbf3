// Package query is the language of lists and searches: pages, filters, and the
// tests that filters are made of.
package query

import "time"

// listChunk is how many records ListByID reads at once on its way to a page.
const listChunk = 500

// ListByID returns a page of a list that is read in the order of ids. A page
// that does not start behind an id is walked to, so this is for lists that stay
// short: the users and keys of a company.
func ListByID[T any](page Page, id func(T) int64, read func(after int64, limit int) ([]T, error)) ([]T, error) {
	if page.After != nil {
		return read(page.After.ID, page.Limit)
	}
	kept := []T{}
	skipped, after := int64(0), int64(0)
	for {
		chunk, err := read(after, listChunk)
		if err != nil {
			return nil, err
		}
		for _, item := range chunk {
			after = id(item)
			switch {
			case page.Before != nil && after >= page.Before.ID:
				return kept, nil
			case skipped < page.Offset:
				skipped++
			case page.Before != nil && len(kept) == page.Limit:
				kept = append(kept[1:], item)
			default:
				kept = append(kept, item)
			}
			if page.Before == nil && len(kept) == page.Limit {
				return kept, nil
			}
		}
		if len(chunk) < listChunk {
			return kept, nil
		}
	}
}

// Page is a window of an ordered list.
type Page struct {
	Limit  int     // the most records to return, at least 1
	Offset int64   // records to skip; only without After and Before
	After  *Cursor // start behind this place in the list's order
	Before *Cursor // the last records ahead of this place, still in the list's order
}

// Cursor is a place in a list that is ordered by UpdatedAt and then ID: the one
// of a record with these values, whether or not it is still there. A record
// that does not change keeps its place.
type Cursor struct {
	UpdatedAt time.Time
	ID        int64
}
