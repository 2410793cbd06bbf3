package copying

import (
	"context"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
)

// rows calls yield for each row that a table of the target must have. The keys of
// custom values are made anew, since databases cut long ones to different lengths.
func (r *run) rows(ctx context.Context, s db.Session, p pair, yield func(Row) error) error {
	if p.from.Name != records.CustomIndex {
		return p.from.read(ctx, s, yield)
	}
	return records.Reader{Session: s}.EachCustomKey(ctx, r.maxKey, func(key records.CustomKey) error {
		row := make(Row, len(p.from.Columns))
		for i, c := range p.from.Columns {
			row[i] = valueOf(c, key)
		}
		return yield(row)
	})
}

// valueOf is the value that a key has in a column.
func valueOf(c Column, key records.CustomKey) Value {
	switch c.Name {
	case "company_id":
		return Value{Kind: Integer, number: key.CompanyID}
	case "property_id":
		return Value{Kind: Integer, number: key.PropertyID}
	case "account_id":
		return Value{Kind: Integer, number: key.AccountID}
	case "key":
		return Value{Kind: Text, bytes: key.Key}
	}
	return Value{Kind: c.Kind, null: true}
}
