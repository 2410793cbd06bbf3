package pgtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// settingsFile is included by postgresql.conf, after all that initdb has chosen.
const settingsFile = "data/accountsd.conf"

// settings are those of a cluster. Sockets in the file system are left out, as
// their paths may be too long in temporary folders. Memory shared by parallel
// queries is kept in files of the cluster, so that a killed one leaves none.
func (o Options) settings(port int) map[string]string {
	s := map[string]string{
		"listen_addresses":           "127.0.0.1",
		"port":                       strconv.Itoa(port),
		"unix_socket_directories":    "",
		"max_connections":            "300",
		"dynamic_shared_memory_type": "mmap",
		"lc_messages":                "C",
		"fsync":                      onOff(o.Durable),
		"synchronous_commit":         onOff(o.Durable),
		"full_page_writes":           onOff(o.Durable),
	}
	if o.MaxConnections > 0 {
		s["max_connections"] = strconv.Itoa(o.MaxConnections)
	}
	maps.Copy(s, o.Settings)
	return s
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// writeSettings writes the settings into their file.
func (c *Cluster) writeSettings() error {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(c.settings)) {
		fmt.Fprintf(&text, "%s = '%s'\n", name, strings.ReplaceAll(c.settings[name], "'", "''"))
	}
	return c.keeper.write(settingsFile, text.String())
}

// Set changes a setting of postgresql.conf. When it returns, new sessions have
// it, and those that there are learn of it with their next statement. Settings
// that PostgreSQL reads at its start only are changed by the next [Cluster.Restart].
func (c *Cluster) Set(ctx context.Context, name, value string) error {
	return c.change(ctx, map[string]string{name: value})
}

func (c *Cluster) change(ctx context.Context, settings map[string]string) error {
	maps.Copy(c.settings, settings)
	if err := c.writeSettings(); err != nil {
		return err
	}
	loaded, err := query[time.Time](ctx, c, "SELECT pg_conf_load_time()")
	if err != nil {
		return err
	}
	if err := c.postmaster.Signal(syscall.SIGHUP); err != nil {
		return fmt.Errorf("reload the settings: %w", err)
	}
	if err := c.postmaster.until(ctx, func(ctx context.Context) error { return c.hasLoaded(ctx, loaded) }); err != nil {
		return err
	}
	return c.refused(ctx)
}

// refused returns an error if PostgreSQL does not take a setting. One that waits
// for a restart is reported like those that are wrong, but known by its kind.
func (c *Cluster) refused(ctx context.Context) error {
	refused, err := query[string](ctx, c, `SELECT coalesce(string_agg(f.name || ': ' || f.error, ', '), '')
		FROM pg_file_settings f LEFT JOIN pg_settings s ON s.name = f.name
		WHERE f.error IS NOT NULL AND s.context IS DISTINCT FROM 'postmaster'`)
	if err == nil && refused != "" {
		return errors.New(refused)
	}
	return err
}

// hasLoaded returns an error unless settings were loaded after a time.
func (c *Cluster) hasLoaded(ctx context.Context, before time.Time) error {
	loaded, err := query[time.Time](ctx, c, "SELECT pg_conf_load_time()")
	if err == nil && !loaded.After(before) {
		return fmt.Errorf("the settings were last loaded at %v", loaded)
	}
	return err
}

// SetReadOnly lets new transactions only read, as on a standby or on a disk that
// is full, or write again. It is a default: a session can set itself another.
func (c *Cluster) SetReadOnly(ctx context.Context, readOnly bool) error {
	return c.Set(ctx, "default_transaction_read_only", onOff(readOnly))
}

// query asks for one value, in a session of its own.
func query[T any](ctx context.Context, c *Cluster, sql string, args ...any) (value T, err error) {
	ctx, cancel := context.WithTimeout(ctx, answers)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return value, err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx, sql, args...).Scan(&value)
	return value, err
}
