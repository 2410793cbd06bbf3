package main

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// job is what a client process is told to do.
type job struct {
	Addr, Key string
	Op        string
	Clients   int
	Size      int
	Time      time.Duration
	Rate      float64 // of an open loop, in requests per second; 0: as fast as answers come
	Limit     bool    // the limit program is asked
}

// outcome is what a client process prints.
type outcome struct {
	Requests int
	Took     time.Duration
	Quantile [3]time.Duration // 50, 99 and 99.9 %
	Beside   int              // further requests, which the quantiles are not of
	ReadBack int
}

// runClient does a job, and prints the outcome.
func runClient(text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	workers := make([]*worker, j.Clients)
	for i := range workers {
		c, err := dial(j.Addr, j.Key)
		if err != nil {
			return err
		}
		defer c.Close()
		workers[i] = &worker{job: &j, conn: c, number: i, random: rand.New(rand.NewPCG(rand.Uint64(), uint64(i))), last: map[int]written{}}
	}
	took, all, err := j.run(workers)
	if err != nil {
		return err
	}
	o := outcome{Took: took}
	var latencies []time.Duration
	for i, w := range workers {
		if w.counts() {
			latencies = append(latencies, all[i]...)
		} else {
			o.Beside += len(all[i])
		}
	}
	o.Requests = len(latencies)
	slices.Sort(latencies)
	for i, q := range []float64{0.5, 0.99, 0.999} {
		o.Quantile[i] = latencies[int(q*float64(len(latencies)-1))]
	}
	for _, w := range workers {
		n, err := w.readBack(max(1, 256/j.Clients))
		if err != nil {
			return err
		}
		o.ReadBack += n
	}
	return json.NewEncoder(os.Stdout).Encode(o)
}

// run has all workers send until the time is over, and returns how long that was and
// each request of each worker took.
func (j *job) run(workers []*worker) (time.Duration, [][]time.Duration, error) {
	begin := time.Now()
	var next atomic.Int64
	var running sync.WaitGroup
	latencies := make([][]time.Duration, len(workers))
	errs := make([]error, len(workers))
	for i, w := range workers {
		running.Go(func() {
			for errs[i] == nil {
				start := time.Now()
				if j.Rate > 0 {
					start = begin.Add(time.Duration(float64(next.Add(1)) / j.Rate * float64(time.Second)))
					time.Sleep(time.Until(start))
				}
				if start.Sub(begin) >= j.Time && len(latencies[i]) > 0 {
					return
				}
				errs[i] = w.do(j.Op)
				latencies[i] = append(latencies[i], time.Since(start))
			}
		})
	}
	running.Wait()
	return time.Since(begin), latencies, errors.Join(errs...)
}
