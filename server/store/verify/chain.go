package verify

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"

	"github.com/accountsd/accountsd/server/store/records"
)

// chain is the history of a company up to an entry.
type chain struct {
	sequence int64
	// The hash of the last entry, as it has it and as it should be: if the entry
	// itself was altered the one fits the next entry, and if its hash was, the other.
	has, should records.Hash
}

// follows tells whether the hash of an entry follows from the one before.
func (c *chain) follows(e *records.StoredEntry) bool {
	should := e.Chained(&c.has)
	fits := bytes.Equal(e.Hash, should[:])
	if !fits && c.has != c.should {
		if other := e.Chained(&c.should); bytes.Equal(e.Hash, other[:]) {
			should, fits = other, true
		}
	}
	c.should, c.has = should, records.Hash{}
	copy(c.has[:], e.Hash)
	return fits
}

// checkChain finds the entries of a company whose hash does not follow from the one
// before, and compares the last one with what the company's row has.
func (r *run) checkChain(ctx context.Context, company records.Head) error {
	r.Progress(Chain, min(r.done, r.total), r.total)
	var c chain
	err := r.reader.EachEntry(ctx, company.CompanyID, func(e *records.StoredEntry) error {
		r.advance(Chain)
		r.result.Entries++
		last := c.sequence
		if !c.follows(e) {
			r.found(Fault{CompanyID: company.CompanyID, AccountID: e.AccountID, Sequence: e.Sequence, Problem: broken(last, e.Sequence), Remedy: Restore})
		}
		c.sequence = e.Sequence
		return nil
	})
	if err != nil {
		return err
	}
	r.checkHead(company, &c)
	return nil
}

// broken says what may be wrong with an entry, by the sequence before it.
func broken(last, sequence int64) string {
	missing := ""
	switch {
	case sequence == last+1:
		return "the hash of the entry does not follow from the one before it: the entry was altered or put in another place"
	case sequence == last+2:
		missing = fmt.Sprintf("the entry with the sequence %d is missing", last+1)
	default:
		missing = fmt.Sprintf("the entries with the sequences %d to %d are missing", last+1, sequence-1)
	}
	return missing + ", or this one was altered: its hash does not follow"
}

// checkHead compares the end of a company's history with what its row has.
func (r *run) checkHead(company records.Head, c *chain) {
	problem := ""
	switch has := company.Sequence; {
	case has == c.sequence+1:
		problem = fmt.Sprintf("the last entry of the history, with the sequence %d, is missing", has)
	case has > c.sequence:
		problem = fmt.Sprintf("the last entries of the history, with the sequences %d to %d, are missing", c.sequence+1, has)
	case has < c.sequence:
		problem = fmt.Sprintf("the history ends with the sequence %d, and the company has counted up to %d", c.sequence, has)
	case !bytes.Equal(company.Hash, c.has[:]) && !bytes.Equal(company.Hash, c.should[:]):
		problem = fmt.Sprintf("the company has another hash of its last entry, with the sequence %d, than that entry: %s", has, hex.EncodeToString(company.Hash))
	default:
		return
	}
	r.found(Fault{CompanyID: company.CompanyID, Problem: problem, Remedy: Restore})
}
