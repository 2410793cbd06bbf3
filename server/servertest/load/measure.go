package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// scenario is an operation with so many clients.
type scenario struct {
	op      string
	clients int
}

// sample is what was measured of a scenario once.
type sample struct {
	perSecond float64
	beside    float64 // further requests per second
	quantile  [3]time.Duration
	cpu       time.Duration // of the server, for a request
	rss       int           // in kB
	wal       int64
}

// scenariosOf are those of a run. The open loop is last, since it goes by what
// the updates have reached.
func scenariosOf(o options) []scenario {
	var all []scenario
	for _, op := range o.ops {
		if isAlone(op) {
			all = append(all, scenario{op, 1})
			continue
		}
		for _, clients := range o.clients {
			if op != "open" && op != "renaming" || clients == slices.Max(o.clients) {
				all = append(all, scenario{op, clients})
			}
		}
	}
	return all
}

// results are the samples by scenario and program, one a round.
type results map[scenario]map[string][]sample

// measureSize measures all programs on files of one size.
func measureSize(o options, programs []program, scratch string, size int) (err error) {
	var servers []*process
	defer func() {
		for _, s := range servers {
			err = errors.Join(err, s.stop(), s.remove())
		}
	}()
	for _, p := range programs {
		s, err := startFilled(o, p, scratch, size)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		servers = append(servers, s)
	}
	found := results{}
	printHead(size, servers)
	for _, s := range scenariosOf(o) {
		found[s] = map[string][]sample{}
		for round := range o.rounds {
			for i := range servers {
				server := servers[(round+i)%len(servers)]
				if server.isLimit() && !limited(s.op) {
					continue
				}
				got, err := server.measure(o, s, size, found)
				if err != nil {
					return fmt.Errorf("%s, %s with %d clients: %w", server.name, s.op, s.clients, err)
				}
				found[s][server.name] = append(found[s][server.name], got)
			}
		}
		printScenario(s, servers, found[s])
	}
	for _, s := range servers {
		fmt.Printf("%-10s at most %d MB\n", s.name, s.used().most>>10)
	}
	return nil
}

// limited tells whether the limit program has an operation.
func limited(op string) bool {
	return !slices.Contains([]string{"q", "indexed", "unindexed", "renaming"}, op)
}

// startFilled starts a program on a copy of its filled file.
func startFilled(o options, p program, scratch string, size int) (*process, error) {
	s, err := filledProcess(o, p, scratch, size)
	if err != nil {
		return nil, err
	}
	if err := s.startTimes(); err != nil {
		return nil, err
	}
	s.settle(2*time.Second, time.Minute)
	s.idle = s.used()
	return s, nil
}

// filledProcess is a program that is not started.
func filledProcess(o options, p program, scratch string, size int) (*process, error) {
	if o.cluster != nil {
		f, err := fillDatabase(o, p, size)
		return &process{program: p, db: f.path, key: f.key}, err
	}
	f, err := fill(p, o.dir, size)
	if err != nil {
		return nil, err
	}
	s := &process{program: p, db: filepath.Join(scratch, p.name+".db"), key: f.key}
	for _, ending := range []string{"", "-search"} {
		if err := copyFile(f.path+ending, s.db+ending); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// startTimes starts the server several times, and leaves it running.
func (s *process) startTimes() error {
	var times []time.Duration
	for i := range 5 {
		if i > 0 {
			if err := s.stop(); err != nil {
				return err
			}
		}
		if err := s.serve(); err != nil {
			return err
		}
		times = append(times, s.started)
	}
	s.started = median(times)
	return nil
}

// openShare is the part of the greatest rate at which an open loop asks, where
// waiting is the server's and not the queue's.
const openShare = 0.6

// measure has a client process do a scenario once.
func (s *process) measure(o options, what scenario, size int, found results) (sample, error) {
	s.settle(time.Second/2, 10*time.Second)
	j := job{Addr: s.addr, Key: s.key, Op: what.op, Clients: min(what.clients, size), Size: size, Time: o.seconds, Limit: s.isLimit()}
	if what.op == "open" {
		updates := found[scenario{"patch", what.clients}][s.name]
		if updates == nil {
			return sample{}, errors.New("the operation open needs patch before it")
		}
		j.Rate = openShare * median(each(updates, func(u sample) float64 { return u.perSecond }))
	}
	text, err := json.Marshal(j)
	if err != nil {
		return sample{}, err
	}
	client := exec.Command(os.Args[0], "client", string(text))
	client.Stderr = os.Stderr
	before := s.used()
	output, err := client.Output()
	if err != nil {
		return sample{}, err
	}
	var got outcome
	if err := json.Unmarshal(output, &got); err != nil {
		return sample{}, err
	}
	after := s.used()
	return sample{
		perSecond: float64(got.Requests) / got.Took.Seconds(),
		beside:    float64(got.Beside) / got.Took.Seconds(),
		quantile:  got.Quantile,
		cpu:       (after.cpu - before.cpu) / time.Duration(got.Requests+got.Beside+got.ReadBack),
		rss:       after.rss, wal: after.wal,
	}, nil
}

func each[T, V any](list []T, of func(T) V) []V {
	values := make([]V, len(list))
	for i, item := range list {
		values[i] = of(item)
	}
	return values
}

func median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func printHead(size int, servers []*process) {
	fmt.Printf("\n%d accounts\n", size)
	for _, s := range servers {
		fmt.Printf("%-10s first answer after %v, idle %d MB (%d anonymous), file %d MB\n",
			s.name, s.started.Round(time.Millisecond), s.idle.rss>>10, s.idle.anon>>10, s.idle.database>>20)
	}
	fmt.Printf("%-9s %3s %-9s %8s %9s %9s %9s %8s %7s %7s  %s\n", "", "c", "", "req/s", "p50 ms", "p99 ms", "p99.9 ms", "cpu us", "RSS MB", "WAL MB", "accountsd to it (min..max)")
}

// printScenario prints a line for each program, with the ratio of the first
// program's rate to its own.
func printScenario(what scenario, servers []*process, found map[string][]sample) {
	ours := found[servers[0].name]
	for _, s := range servers {
		samples := found[s.name]
		if samples == nil {
			continue
		}
		middle := func(of func(sample) float64) float64 { return median(each(samples, of)) }
		fmt.Printf("%-9s %3d %-9s %8.0f", what.op, what.clients, s.name, middle(func(m sample) float64 { return m.perSecond }))
		for i := range 3 {
			fmt.Printf(" %9.2f", middle(func(m sample) float64 { return float64(m.quantile[i]) / 1e6 }))
		}
		fmt.Printf(" %8.0f %7.0f %7.1f", middle(func(m sample) float64 { return float64(m.cpu) / 1e3 }),
			middle(func(m sample) float64 { return float64(m.rss) / 1024 }), middle(func(m sample) float64 { return float64(m.wal) / (1 << 20) }))
		if beside := middle(func(m sample) float64 { return m.beside }); beside > 0 {
			fmt.Printf("  beside %.0f updates/s", beside)
		}
		if s != servers[0] {
			var ratios, tails []float64
			for i := range samples {
				ratios = append(ratios, ours[i].perSecond/samples[i].perSecond)
				tails = append(tails, float64(ours[i].quantile[1])/float64(samples[i].quantile[1]))
			}
			fmt.Printf("  rate x%.2f (%.2f..%.2f), p99 x%.2f", median(ratios), slices.Min(ratios), slices.Max(ratios), median(tails))
		}
		fmt.Println()
	}
}
