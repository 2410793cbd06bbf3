package postgres

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/accountsd/accountsd/server/fault"
)

// The codes of what keeps a program from using a database:
// https://www.postgresql.org/docs/15/errcodes-appendix.html
const (
	invalidAuthorization  = "28000"
	invalidPassword       = "28P01"
	invalidCatalogName    = "3D000"
	insufficientPrivilege = "42501"
	readOnlyTransaction   = "25006"
	undefinedObject       = "42704" // such as a setting
	invalidSetting        = "22023"
	undefinedColumn       = "42703" // another program's table has the name of ours
	unknownStatement      = "26000" // of those that are prepared
	duplicateStatement    = "42P05"
	noSchema              = "3F000"
	protocolViolation     = "08P01" // PgBouncer's code for all that it has to say itself
	queryCanceled         = "57014"
	lockNotAvailable      = "55P03"
)

// extensions are what the schema needs of PostgreSQL's own contributions.
var extensions = []string{"pg_trgm", "btree_gin"}

// classes are what the schema's indexes name of them.
var classes = []string{"gin_trgm_ops"}

// explain turns an error of an open into one sentence that says what to do:
// KindUnavailable if it may be over in a moment. What it does not know stays as it
// is.
func (p place) explain(err error) error {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case ok && mentions(refused, extensions), ok && refused.Code == undefinedObject && mentions(refused, classes):
		return p.explainExtension(refused)
	case ok:
		return p.explainCode(refused, err)
	case isConnecting(err) && !errors.Is(err, context.Canceled):
		return fault.Errorf(fault.KindUnavailable, "the database server at %s cannot be reached: %s", p.servers, causesOf(err))
	}
	return err
}

// mentions tells whether an error is about one of the extensions. Their names are
// the same in each language of messages.
func mentions(refused *pgconn.PgError, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(refused.Message, name) })
}

func (p place) explainExtension(refused *pgconn.PgError) error {
	if refused.Code == insufficientPrivilege {
		return fault.Errorf(fault.KindInvalid, "the role %s may not add the extensions %s to the database %s; have a superuser run %s in it, and try again",
			p.role, strings.Join(extensions, " and "), p.database, "CREATE EXTENSION "+strings.Join(extensions, "; CREATE EXTENSION "))
	}
	if refused.Code == undefinedObject {
		return fault.Errorf(fault.KindInvalid, "the extensions %s of the database %s are in a schema that is not on the search_path; add that one, as in search_path=app,public in the URL: %s",
			strings.Join(extensions, " and "), p.database, refused.Message)
	}
	return fault.Errorf(fault.KindInvalid, "the database server at %s has not got the extensions %s; install its package postgresql-contrib, and try again: %s",
		p.servers, strings.Join(extensions, " and "), refused.Message)
}

func (p place) explainCode(refused *pgconn.PgError, err error) error {
	switch refused.Code {
	case invalidPassword:
		return fault.Errorf(fault.KindInvalid, "the database server at %s refuses the password of the role %s; set the right one by PGPASSWORD, in ~/.pgpass or in the URL",
			p.servers, p.role)
	case invalidAuthorization:
		return fault.Errorf(fault.KindInvalid, "the database server at %s does not let the role %s in: %s; see that the role is there and pg_hba.conf allows it",
			p.servers, p.role, refused.Message)
	case invalidCatalogName:
		return fault.Errorf(fault.KindNotFound, "there is no database %s at %s; make it with CREATE DATABASE, or name another one with --db", p.database, p.servers)
	case insufficientPrivilege:
		return fault.Errorf(fault.KindInvalid, "the role %s lacks a right on the database %s: %s; have the owner grant it, or make the role the owner",
			p.role, p.database, refused.Message)
	case readOnlyTransaction:
		return fault.Errorf(fault.KindUnavailable, "the database %s at %s can only be read, as on a standby or by default_transaction_read_only; name the primary, or all servers and target_session_attrs=read-write",
			p.database, p.servers)
	case protocolViolation:
		return p.explainPooler(refused.Message)
	case noSchema:
		return fault.Errorf(fault.KindInvalid, "the search_path of the role %s leads to no schema of the database %s that it may use; make one with CREATE SCHEMA, grant it, or name another one by search_path in the URL",
			p.role, p.database)
	case queryCanceled, lockNotAvailable:
		return fault.Errorf(fault.KindUnavailable, "the database %s at %s has given up a statement: %s; try again when it has less to do, or allow more time, as by statement_timeout=0&lock_timeout=0 in the URL",
			p.database, p.servers, refused.Message)
	case undefinedObject, invalidSetting:
		return fault.Errorf(fault.KindInvalid, "the database server at %s refuses a setting of the URL: %s", p.servers, refused.Message)
	case undefinedColumn:
		return p.foreign()
	case unknownStatement, duplicateStatement:
		return fault.Errorf(fault.KindInvalid, "a pooler at %s gives each transaction another session, so that prepared statements get lost; add default_query_exec_mode=cache_describe to its URL",
			p.servers)
	}
	if isPassing(refused.Code) {
		return fault.Errorf(fault.KindUnavailable, "the database server at %s takes nobody for now: %s", p.servers, refused.Message)
	}
	return err
}

func (p place) explainPooler(message string) error {
	if _, setting, ok := strings.Cut(message, "unsupported startup parameter: "); ok {
		return fault.Errorf(fault.KindInvalid, "the pooler at %s takes no %s from the URL; set it for the role, as with ALTER ROLE %s SET %s",
			p.servers, setting, p.role, setting)
	}
	return fault.Errorf(fault.KindUnavailable, "the pooler at %s lets the role %s not into the database %s: %s", p.servers, p.role, p.database, message)
}

func (p place) encoded(encoding string) error {
	return fault.Errorf(fault.KindInvalid, "the database %s at %s has the encoding %s, which cannot hold all texts; make it anew with ENCODING 'UTF8' TEMPLATE template0, or name another one with --db",
		p.database, p.servers, encoding)
}

func (p place) foreign() error {
	return fault.Errorf(fault.KindInvalid, "the database %s at %s has tables of another program; name another one with --db", p.database, p.servers)
}

// isPassing tells whether a code is of a server that starts, stops, or has too many
// sessions.
func isPassing(code string) bool {
	return slices.Contains([]string{"08", "53", "57"}, code[:min(2, len(code))])
}

// isConnecting tells whether an error is of a connection that did not come about, or
// was lost.
func isConnecting(err error) bool {
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	return connecting || network || errors.Is(err, context.DeadlineExceeded)
}

// causesOf are what is at the bottom of an error, without the addresses that the
// driver repeats: several, if several servers were tried.
func causesOf(err error) string {
	var causes []string
	for _, cause := range leavesOf(err) {
		text := cause.Error()
		if unknown, ok := errors.AsType[*net.DNSError](cause); ok {
			text = "the name " + unknown.Name + " leads to no address"
		} else if errors.Is(cause, context.DeadlineExceeded) {
			text = "it does not answer"
		}
		if !slices.Contains(causes, text) {
			causes = append(causes, text)
		}
	}
	return strings.Join(causes, "; ")
}

func leavesOf(err error) []error {
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if below := e.Unwrap(); below != nil {
			return leavesOf(below)
		}
	case interface{ Unwrap() []error }:
		var leaves []error
		for _, below := range e.Unwrap() {
			leaves = append(leaves, leavesOf(below)...)
		}
		return leaves
	}
	return []error{err}
}
