package main

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/accountsd/accountsd/server/servertest/crowd"
	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// two has two servers on one database: first in peace, and then each is killed once
// in the middle of what it does, while the other one goes on.
func two(ctx context.Context, binary string) error {
	fmt.Println("two servers")
	if err := onDatabase(ctx, binary, atPeace); err != nil {
		return err
	}
	fmt.Println("two servers, each of which is killed once")
	return onDatabase(ctx, binary, func(ctx context.Context, f *fleet) error {
		return f.work(ctx, f.urls(), false, func(ctx context.Context, c *crowd.Crowd) error { return killEach(ctx, f, c) })
	})
}

// onDatabase has two servers on a cluster of their own.
func onDatabase(ctx context.Context, binary string, do func(context.Context, *fleet) error, flags ...string) error {
	return onCluster(ctx, pgtest.Options{}, func(cluster *pgtest.Cluster) error {
		return onFleet(ctx, binary, cluster.URL(database), 2, func(f *fleet) error { return do(ctx, f) }, flags...)
	})
}

// atPeace has a crowd work while nothing happens.
func atPeace(ctx context.Context, f *fleet) error {
	return f.work(ctx, f.urls(), false, func(_ context.Context, c *crowd.Crowd) error {
		pause(c, crowdGrowth+2*time.Second)
		if failed := c.Failed(); len(failed) > 0 {
			return fmt.Errorf("attempts failed, and nothing has happened: %v", failed)
		}
		return nil
	})
}

// killEach kills each server, and starts it again once the other one has written
// alone.
func killEach(ctx context.Context, f *fleet, c *crowd.Crowd) error {
	for _, n := range f.servers {
		pause(c, 2*time.Second)
		if err := n.end(syscall.SIGKILL); err != nil {
			return err
		}
		pause(c, time.Second)
		if err := n.start(ctx); err != nil {
			return err
		}
		if err := awaitAll(ctx, c); err != nil {
			return err
		}
	}
	pause(c, time.Second)
	return nil
}

// awaitAll waits until all servers write.
func awaitAll(ctx context.Context, c *crowd.Crowd) error {
	ctx, cancel := context.WithTimeout(ctx, recovering)
	defer cancel()
	_, err := c.Await(ctx, time.Now())
	return err
}
