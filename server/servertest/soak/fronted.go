package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/accountsd/accountsd/server/servertest/crowd"
	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// balancerConfig is what the documentation gives to readers.
const balancerConfig = "docs/haproxy.cfg"

// draining is longer than the balancer takes to notice that a server is not ready.
const draining = 4 * time.Second

// balanced has a crowd talk to a balancer only, while each server behind it is shut
// down and started again, and one is killed at last.
func balanced(ctx context.Context, binary string) error {
	config, err := os.ReadFile(balancerConfig)
	if err != nil {
		return err
	}
	fmt.Println("two servers behind HAProxy")
	return onDatabase(ctx, binary, func(ctx context.Context, f *fleet) error {
		proxy, err := pgtest.StartHAProxy(ctx, string(config), f.servers[0].addr, f.servers[1].addr)
		if err != nil {
			return err
		}
		err = f.work(ctx, []string{proxy.URL + "/v1"}, false, func(ctx context.Context, c *crowd.Crowd) error {
			return errors.Join(restartEach(ctx, f, c), killOne(ctx, f, c))
		})
		return errors.Join(err, proxy.Stop())
	}, "--drain", draining.String(), "--trusted-proxies", "127.0.0.1")
}

// restartEach shuts each server down and starts it again. No client may notice.
func restartEach(ctx context.Context, f *fleet, c *crowd.Crowd) error {
	for _, n := range f.servers {
		pause(c, 2*time.Second)
		began := time.Now()
		if err := n.end(syscall.SIGTERM); err != nil {
			return err
		}
		if took := time.Since(began); took < draining {
			return fmt.Errorf("%s has ended %v after SIGTERM, and has not drained", n.name, took)
		}
		pause(c, time.Second)
		if err := n.start(ctx); err != nil {
			return err
		}
	}
	pause(c, 2*time.Second)
	if failed := c.Failed(); len(failed) > 0 {
		return fmt.Errorf("attempts failed while servers were shut down in an orderly way: %v", failed)
	}
	fmt.Println("  each server was shut down and started again, and no attempt failed; one is killed now")
	return nil
}

func killOne(ctx context.Context, f *fleet, c *crowd.Crowd) error {
	if err := f.servers[0].end(syscall.SIGKILL); err != nil {
		return err
	}
	pause(c, 2*time.Second)
	err := f.servers[0].start(ctx)
	pause(c, 2*time.Second)
	return err
}

// poolerModes are those in which the driver needs nothing of a session beyond a
// transaction, and PostgreSQL tells the types of what is read.
var poolerModes = []string{"cache_describe", "exec"}

// pooled has two servers on a database behind PgBouncer.
func pooled(ctx context.Context, binary string) error {
	for _, mode := range poolerModes {
		fmt.Printf("two servers on PgBouncer in transaction mode, %s\n", mode)
		if err := pooledAs(ctx, binary, mode); err != nil {
			return fmt.Errorf("%s: %w", mode, err)
		}
	}
	return nil
}

func pooledAs(ctx context.Context, binary, mode string) error {
	return onCluster(ctx, pgtest.Options{}, func(cluster *pgtest.Cluster) error {
		pooler, err := pgtest.StartPgBouncer(ctx, cluster.URL(database))
		if err != nil {
			return err
		}
		err = onFleet(ctx, binary, pooler.URL+"&default_query_exec_mode="+mode, 2, func(f *fleet) error { return atPeace(ctx, f) })
		return errors.Join(err, pooler.Stop())
	})
}
