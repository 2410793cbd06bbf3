package main

import (
	"context"
	"errors"
	"strings"

	"github.com/accountsd/accountsd/gen/plural"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/records"
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/webhook"
)

// What is more than a server needs time for, or is not as it should be.
const (
	largeLog     = 128 << 20 // bytes of a write-ahead log, twice what a server lets it become
	manyTexts    = 20_000    // that wait to be indexed
	oldestServer = 140_000   // PostgreSQL 14
)

func (d *diagnosis) lookAtSQLite(ctx context.Context, path string) {
	c, err := sqlite.Examine(ctx, path, d.now)
	if err != nil {
		d.wrong("database", "%s", sentence(err))
	}
	if len(c.Files) == 0 {
		return
	}
	d.lookAtFiles(c)
	if err != nil {
		return
	}
	d.lookAtSchema(path, c.Version, sqlite.SchemaVersion())
	for _, damage := range c.Damage {
		d.wrong("database", "%s is damaged: %s; stop the server, and restore the file from a copy, or save what can be read with sqlite3 %s .recover", path, damage, path)
	}
	if !c.WAL {
		d.note("database", "%s is not in WAL mode, as another program has left it; the next server that starts sets it", path)
	}
	if c.LogSize > largeLog {
		d.wrong("database", "the log %s-wal has %s; look for a program that has been reading the file for long, as a backup that hangs, and end it", c.Path, bytesText(c.LogSize))
	}
	if c.NoIndex {
		d.note("index", "there is no %s-search; the next server that starts makes it, and searches are slow until then", c.Path)
	}
	if c.Version == sqlite.SchemaVersion() {
		d.lookAtRecords(c.Standing, c.Texts)
	}
	d.isWell("database", "%s has %s and no damage", path, bytesText(c.Size))
}

// lookAtSchema compares the version of a schema with the one that is needed.
func (d *diagnosis) lookAtSchema(name string, version, needed int) {
	switch {
	case version > needed:
		d.wrong("schema", "%s has a schema of version %d, and this program knows only up to %d; use the newer accountsd that wrote it", name, version, needed)
	case version < needed && d.keep:
		d.wrong("schema", "%s has a schema of version %d, and this program needs %d, but --migrate=false keeps serve from bringing it up; run accountsd migrate up", name, version, needed)
	case version < needed && d.copies:
		d.note("schema", "%s has a schema of version %d, and this program needs %d; serve brings it up, unless told --migrate=false, and keeps a copy of it as it is now at %s.schema%d",
			name, version, needed, name, version)
	case version < needed:
		d.note("schema", "%s has a schema of version %d, and this program needs %d; serve brings it up, unless told --migrate=false, and there is no way back: take a copy first",
			name, version, needed)
	default:
		d.ok("schema", "version %d, as this program needs", version)
	}
}

// lookAtRecords looks at who may use the records, and how far the indexes are.
func (d *diagnosis) lookAtRecords(s records.Standing, texts int64) {
	d.lookAtWrites(s.LastWrite)
	switch {
	case s.Companies == 0:
		d.wrong("users", "there is no company; make one with accountsd init")
	case s.WithoutAdmin > 0:
		d.wrong("users", "companies without an admin who is not disabled: %d of %d; see accountsd user list, and make one with accountsd user invite --admin", s.WithoutAdmin, s.Companies)
	case s.WithoutKey > 0:
		d.wrong("users", "companies without a valid key: %d of %d; make one with accountsd key create", s.WithoutKey, s.Companies)
	}
	d.isWell("users", "companies: %d, each with an admin and a key", s.Companies)
	if texts > manyTexts {
		d.wrong("index", "%d texts are not in the index of words, so searches are slow; that falls by itself while a server runs: if it does not, its log says why", texts)
	}
	if s.Building > 0 {
		d.note("index", "properties whose index is being built: %d; a server does that in the background", s.Building)
	}
	d.isWell("index", "texts that wait to be indexed: %d", texts)
	d.lookAtWebhooks(s.Webhooks)
}

// lookAtWebhooks looks whether somebody has to look at a receiver.
func (d *diagnosis) lookAtWebhooks(s webhook.Standing) {
	if s.Paused > 0 {
		d.wrong("webhooks", "paused: %d, since the receivers took nothing for days or wanted no more; nothing is lost: accounts webhooks list shows which; resume each with accounts webhooks resume, or delete it", s.Paused)
	}
	if s.Failing > 0 {
		d.note("webhooks", "receivers that take nothing at the moment: %d; they are tried again: accounts webhooks deliveries says what they answer", s.Failing)
	}
	d.isWell("webhooks", "active: %d; the furthest behind has %s to look at", s.Active, plural.Of(s.Behind, "change", "changes"))
}

func (d *diagnosis) lookAtPostgres(ctx context.Context, url string, connections int) {
	name := nameOf(url)
	c, err := postgres.Examine(ctx, url, d.now)
	if c.Server != 0 {
		d.lookAtSettings(c, name, connections)
	}
	if err != nil {
		d.wrong("database", "%s", sentence(err))
		return
	}
	if c.Version == 0 {
		d.wrong("schema", "%s has no tables of accountsd yet; make them with accountsd init", name)
		return
	}
	d.lookAtSchema(name, c.Version, postgres.SchemaVersion())
	if c.Version == postgres.SchemaVersion() {
		d.lookAtRecords(c.Standing, c.Texts)
	}
	d.isWell("database", "%s is reached, on PostgreSQL %d", name, c.Server/10000)
}

// lookAtSettings looks at the server of a database.
func (d *diagnosis) lookAtSettings(c postgres.Condition, name string, connections int) {
	if c.Server < oldestServer {
		d.wrong("database", "%s is on PostgreSQL %d; bring it to 14 or newer", name, c.Server/10000)
	}
	for _, setting := range c.Off {
		d.wrong("database", "the setting %s of %s is off, so a crash loses writes that were answered; set it to on in postgresql.conf, or with ALTER SYSTEM and pg_reload_conf()", setting, name)
	}
	if c.Encoding != "UTF8" {
		d.wrong("database", "%s has the encoding %s, which cannot hold all texts; make it anew with ENCODING 'UTF8', and move the records by accountsd copy", name, c.Encoding)
	}
	if c.ReadOnly {
		d.wrong("database", "%s can only be read, as on a standby or by default_transaction_read_only; name the primary, or all servers and target_session_attrs=read-write", name)
	}
	if len(c.Missing) > 0 && c.Version > 0 {
		d.wrong("database", "%s has not got the extensions %s; have a superuser run CREATE EXTENSION for each in it", name, strings.Join(c.Missing, " and "))
	}
	if c.Skew.Abs() > clockSlack {
		d.wrong("clock", "the clock of %s and that of this machine are %s apart; set them, and have them kept right", name, c.Skew.Abs().Round(1e9))
	}
	d.lookAtConnections(c, name, connections)
}

// lookAtConnections looks at how many sessions there may be, and at the way to them.
func (d *diagnosis) lookAtConnections(c postgres.Condition, name string, connections int) {
	if connections+c.Others > c.Connections {
		d.wrong("connections", "--db-connections is %d, other programs have %s, and %s takes %d; lower --db-connections, raise max_connections, or put PgBouncer between",
			connections, plural.Of(c.Others, "session", "sessions"), name, c.Connections)
	}
	for _, limit := range []struct {
		whose, change string
		takes         int
	}{
		{"its role", "ALTER ROLE", c.RoleTakes},
		{"the database", "ALTER DATABASE", c.HereTakes},
	} {
		if limit.takes >= 0 && connections > limit.takes {
			d.wrong("connections", "--db-connections is %d, and %s may have %d at %s; lower --db-connections, or raise that with %s … CONNECTION LIMIT, with 4 more for each other command",
				connections, limit.whose, limit.takes, name, limit.change)
		}
	}
	if c.Behind && c.Prepares {
		d.note("connections", "a pooler stands before %s; if it gives each transaction another session, add default_query_exec_mode=cache_describe to the URL", name)
	}
	if c.Plain {
		d.wrong("connections", "records and passwords go to %s in clear text; add sslmode=verify-full to the URL", name)
	}
	d.isWell("connections", "%d of the %d that PostgreSQL takes", connections, c.Connections)
}

// sentence is an error as the doctor says it: with its cause, if it has one that is
// not told to callers.
func sentence(err error) string {
	if known, ok := errors.AsType[*fault.Error](err); ok {
		return known.Message
	}
	return err.Error()
}
