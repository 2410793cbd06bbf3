package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/copying"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/transfer"
)

// dry imports into a copy, so that it finds exactly what an import would find,
// and keeps no other writer waiting.
func (r *importRun) dry(ctx context.Context, from store.Store, format transfer.Format) (err error) {
	user, err := actingUser(ctx, r.cmd, from, r.cmd.String("email"))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "accountsd-dry-run-")
	if err != nil {
		return fmt.Errorf("make a temporary folder for the copy that a dry run is made on: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "accounts.db")
	if err := r.copyTo(ctx, from, user.CompanyID, path); err != nil {
		return err
	}
	copied, err := openStore(ctx, path, opening{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, copied.Close()) }()
	if r.rejected == "" {
		r.rejected = filepath.Join(dir, "rejected")
	}
	if err = r.into(ctx, copied, format); ctx.Err() != nil && err != nil {
		return ctx.Err() // The next one begins anew.
	}
	return err
}

// copyTo makes a copy for a dry run. In a PostgreSQL database itself there is no room
// for one: a transaction that is undone in the end would keep all others of the
// company waiting until then, and one for each part of the file would not know of the
// parts before. Both stores take and refuse the same, as they pass the same tests.
func (r *importRun) copyTo(ctx context.Context, from store.Store, companyID int64, path string) error {
	if file, ok := from.(*sqlite.Store); ok {
		return file.CopyTo(ctx, path)
	}
	source, err := postgres.OpenSource(ctx, r.cmd.String("db"))
	if err != nil {
		return err
	}
	target, err := sqlite.OpenTarget(ctx, path)
	if err != nil {
		return errors.Join(err, source.Close())
	}
	bar := newBar(r.cmd, "copying")
	err = copying.Excerpt(ctx, source, target, companyID, unread, bar.set)
	bar.finish()
	return errors.Join(err, target.Close(), source.Close())
}

// unread are the tables that no import reads: what was, secrets, and what is found by
// custom values.
var unread = []string{"changes", "answers", "api_keys", "alias_use", "alias_leniencies", "alias_migrations", "alias_steps", "mails", "custom_index"}
