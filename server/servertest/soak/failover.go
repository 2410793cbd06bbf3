package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/accountsd/accountsd/server/servertest/crowd"
	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// recovering is how long the servers may take to write again.
const recovering = time.Minute

// failover has two servers on a primary with a synchronous standby. It kills the
// primary while a crowd works through both servers, and promotes the standby: so
// many times, each on new clusters.
func failover(ctx context.Context, binary string, times int) error {
	var took []time.Duration
	for i := range times {
		fmt.Printf("failover %d of %d\n", i+1, times)
		recovered, err := failOver(ctx, binary)
		if err != nil {
			return err
		}
		took = append(took, recovered)
	}
	slices.Sort(took)
	fmt.Printf("failovers: %d; both servers wrote again after %v in the median, and %v at most\n", times, took[len(took)/2], took[len(took)-1])
	return nil
}

// failOver does so once, and returns how long it took until both servers wrote.
func failOver(ctx context.Context, binary string) (recovered time.Duration, err error) {
	err = onCluster(ctx, pgtest.Options{Durable: true}, func(primary *pgtest.Cluster) error {
		standby, err := primary.Standby(ctx, pgtest.Synchronous)
		if err != nil {
			return err
		}
		return onFleet(ctx, binary, pgtest.URL(database, primary, standby), 2, func(f *fleet) error {
			return f.work(ctx, f.urls(), true, func(ctx context.Context, c *crowd.Crowd) (err error) {
				pause(c, 3*time.Second+rand.N(3*time.Second))
				recovered, err = replace(ctx, primary, standby, c)
				pause(c, 4*time.Second)
				return err
			})
		})
	})
	return recovered, err
}

// replace kills a primary, promotes its standby, and waits until all servers write.
func replace(ctx context.Context, primary, standby *pgtest.Cluster, c *crowd.Crowd) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, recovering)
	defer cancel()
	if err := primary.Kill(); err != nil {
		return 0, err
	}
	killed := time.Now()
	promoted := make(chan error, 1)
	var took time.Duration
	go func() {
		err := standby.Promote(ctx)
		took = time.Since(killed)
		promoted <- err
	}()
	answered, err := c.Await(ctx, killed)
	if err = errors.Join(<-promoted, err); err != nil {
		return 0, err
	}
	slices.Sort(answered)
	fmt.Printf("  the standby was promoted %v after the primary was killed; servers wrote again after %v\n", round(took), rounded(answered))
	return round(answered[len(answered)-1]), nil
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

func rounded(all []time.Duration) []time.Duration {
	rounded := make([]time.Duration, len(all))
	for i, d := range all {
		rounded[i] = round(d)
	}
	return rounded
}
