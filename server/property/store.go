package property

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/write"
)

// Store is the part of a store about properties.
type Store interface {
	Reader
	write.Transactor[Tx]
}

// Reader reads properties.
type Reader interface {
	account.Reader

	// BuildingProperties returns the properties of all companies whose state
	// is IndexBuilding, in the order of ids.
	BuildingProperties(ctx context.Context) ([]schema.Property, error)

	// AccountsWith returns accounts that have a value of the property, with
	// ids above after, in the order of ids, at most limit.
	AccountsWith(ctx context.Context, p schema.Property, after int64, limit int) ([]account.Account, error)

	// KeyedAccounts returns the ids of the accounts that have one of the keys in the
	// index of the property, in order. Of keys that are too long for an index, it may
	// have those of others as well.
	KeyedAccounts(ctx context.Context, p schema.Property, keys []string) ([]int64, error)
}

// Tx writes properties.
type Tx interface {
	Reader
	account.Tx
	audit.Tx

	// InsertProperty adds a property with its options. KindConflict if the
	// company has the key already.
	InsertProperty(ctx context.Context, p *schema.Property) error

	// UpdateProperty writes every member of p but its key and its options.
	// With IndexNone it drops the keys of IndexCustom, and of one that is not
	// unique those of Own. KindNotFound if there is no such property.
	UpdateProperty(ctx context.Context, p schema.Property) error

	// IndexAccounts adds keys of IndexCustom for the values of p that accounts of
	// its company have now. Ids of no account are passed over.
	IndexAccounts(ctx context.Context, p schema.Property, ids []int64) error

	// OwnAll gives accounts that have none the keys of their values of a unique
	// property: see Own.
	OwnAll(ctx context.Context, p schema.Property, owners []account.Owner) error

	// SetOptions makes the labels the property's options, in order.
	SetOptions(ctx context.Context, p schema.Property, labels []string) error

	// DeleteProperty removes a property with its options and its keys of
	// IndexCustom. KindNotFound if there is no such property.
	DeleteProperty(ctx context.Context, p schema.Property) error
}
