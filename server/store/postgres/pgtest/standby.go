package pgtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Replication is how commits get to a standby.
type Replication int

const (
	// Asynchronous replication follows as fast as it can: what was committed
	// last may be missing when the standby is promoted.
	Asynchronous Replication = iota

	// Synchronous replication has each commit wait until the standby has it.
	// While the standby is down, commits wait for it.
	Synchronous
)

// Standby makes a copy of the cluster, which follows it and can be read. It
// stops with the cluster, but outlives its being killed.
func (c *Cluster) Standby(ctx context.Context, replication Replication) (*Cluster, error) {
	s, err := newCluster(c.options)
	if err != nil {
		return nil, err
	}
	c.standbys = append(c.standbys, s)
	err = c.copyTo(ctx, s)
	if err == nil {
		err = s.launch(ctx)
	}
	if err == nil {
		err = c.awaitStandby(ctx, s, "state = 'streaming'")
	}
	if err == nil && replication == Synchronous {
		err = c.waitOnCommit(ctx, s)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a standby: %w", err), s.Stop())
	}
	return s, nil
}

// name is how a standby calls itself.
func (c *Cluster) name() string { return fmt.Sprintf("standby%d", c.port) }

// copyTo makes the data of a standby. The cluster keeps what has changed for
// longer, so that one that was paused can follow again.
func (c *Cluster) copyTo(ctx context.Context, s *Cluster) error {
	if err := c.Set(ctx, "wal_keep_size", "1GB"); err != nil {
		return err
	}
	source := fmt.Sprintf("host=127.0.0.1 port=%d user=postgres sslmode=disable application_name=%s", c.port, s.name())
	err := s.keeper.run(ctx, c.program("pg_basebackup"), "-D", s.keeper.path("data"), "-d", source,
		"--wal-method=stream", "--checkpoint=fast", "--no-sync")
	if err != nil {
		return err
	}
	s.settings["primary_conninfo"] = source
	return errors.Join(s.writeSettings(), s.keeper.write("data/standby.signal", ""))
}

// awaitStandby waits until the cluster says something of a standby.
func (c *Cluster) awaitStandby(ctx context.Context, s *Cluster, condition string) error {
	ctx, cancel := context.WithTimeout(ctx, startup)
	defer cancel()
	return c.postmaster.until(ctx, func(ctx context.Context) error {
		ok, err := query[bool](ctx, c, "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE application_name = $1 AND "+condition+")", s.name())
		if err == nil && !ok {
			return fmt.Errorf("%s has not got to %s", s.name(), condition)
		}
		return err
	})
}

// waitOnCommit lets each commit wait for a standby from now on, beside those
// that it waits for already. What a session has asked for by synchronous_commit
// goes before.
func (c *Cluster) waitOnCommit(ctx context.Context, s *Cluster) error {
	c.following = append(c.following, s.name())
	settings := map[string]string{
		"synchronous_commit":        "on",
		"synchronous_standby_names": fmt.Sprintf("FIRST %d (%s)", len(c.following), strings.Join(c.following, ", ")),
	}
	if err := c.change(ctx, settings); err != nil {
		return err
	}
	return errors.Join(s.change(ctx, map[string]string{"synchronous_commit": "on"}), c.awaitStandby(ctx, s, "sync_state = 'sync'"))
}

// Promote makes a standby a cluster that takes writes. Nothing ends the one that
// it followed: that is for the caller.
func (c *Cluster) Promote(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startup)
	defer cancel()
	_, err := query[bool](ctx, c, "SELECT pg_promote(false)")
	if err == nil {
		err = c.postmaster.until(ctx, c.isPrimary)
	}
	if err != nil {
		return fmt.Errorf("promote a standby: %w", err)
	}
	return nil
}

// isPrimary returns an error while the cluster takes no writes.
func (c *Cluster) isPrimary(ctx context.Context) error {
	follows, err := query[bool](ctx, c, "SELECT pg_is_in_recovery()")
	if err == nil && follows {
		return errors.New("it still follows another cluster")
	}
	return err
}
