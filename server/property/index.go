package property

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/write"
)

// buildChunk is how many accounts one transaction puts into an index: a few
// milliseconds, in which other writes wait.
const buildChunk = 500

// buildInterval is how long an index waits that another process began, or a
// transaction that had not ended when the builder was woken.
const buildInterval = 2 * time.Second

// Run does what the service does in the background, until ctx ends: it builds
// the indexes that were asked for, also those that an earlier run left undone.
func (s *Service) Run(ctx context.Context) {
	ticker := time.NewTicker(buildInterval)
	defer ticker.Stop()
	for {
		if err := s.BuildIndexes(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "building indexes failed; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-ticker.C:
		}
	}
}

// wakeBuilder makes Run look for indexes to build.
func (s *Service) wakeBuilder() {
	select {
	case s.wake <- struct{}{}:
	default: // It is to look already.
	}
}

// BuildIndexes completes the indexes that are being built, while others write.
// What it has not done when it ends early is done by the next call.
func (s *Service) BuildIndexes(ctx context.Context) error {
	properties, err := s.store.BuildingProperties(ctx)
	if err != nil {
		return fmt.Errorf("load properties: %w", err)
	}
	for _, p := range properties {
		if err := s.buildIndex(ctx, p); err != nil {
			return fmt.Errorf("build the index of property %d: %w", p.ID, err)
		}
	}
	return nil
}

// buildIndex puts every value that a property has into its index. Only accounts
// that are read as having one need that: since the index was begun, whoever
// writes a value puts it in.
func (s *Service) buildIndex(ctx context.Context, p schema.Property) error {
	after, building := int64(0), true
	for building {
		// Not in the transaction: it may have to read many to find the next.
		accounts, err := s.store.AccountsWith(ctx, p, after, buildChunk)
		if err != nil {
			return err
		}
		last := len(accounts) < buildChunk
		err = write.Do(ctx, s.store, func(ctx context.Context, tx Tx) error {
			building, err = indexChunk(ctx, tx, p, accounts, last)
			return err
		})
		if err != nil {
			return err
		}
		if !last {
			after = accounts[len(accounts)-1].ID
		}
	}
	return nil
}

// indexChunk indexes the values that the accounts have now, and with the last
// ones makes the index ready. It returns whether there is more to build.
func indexChunk(ctx context.Context, tx Tx, p schema.Property, accounts []account.Account, last bool) (bool, error) {
	properties, err := tx.Properties(ctx, p.CompanyID)
	if err != nil {
		return false, err
	}
	place := slices.IndexFunc(properties, func(now schema.Property) bool { return now.ID == p.ID })
	if place < 0 || properties[place].Index != schema.IndexBuilding || properties[place].Builds != p.Builds {
		return false, nil // It is not this build any more.
	}
	now := properties[place]
	ids := make([]int64, len(accounts))
	for i, a := range accounts {
		ids[i] = a.ID
	}
	if err := tx.IndexAccounts(ctx, now, ids); err != nil {
		return false, err
	}
	if !last {
		return true, nil
	}
	now.Index = schema.IndexReady
	return false, tx.UpdateProperty(ctx, now)
}
