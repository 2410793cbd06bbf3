package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// atOnce is how many requests of an attack come at once.
const atOnce = 500

// attack is one kind of request that costs more to answer than to send.
type attack struct {
	method, path string
	keyed        bool
	body         []byte
}

// attacks are the mixes, by their names on the command line.
func attacks() map[string][]attack {
	var members strings.Builder
	for i := range 80_000 {
		fmt.Fprintf(&members, `"a%05d":1,`, i)
	}
	unknown := []byte("{" + members.String() + `"z":1}`)
	updates := strings.Repeat(`{"id":1,"set":{"custom":{"nope":1},"contacts":[0]}},`, 20_000)
	accept := attack{"POST", "/users/accept", false, unknown}
	update := attack{"PATCH", "/accounts/1", true, unknown}
	large := attack{"PATCH", "/accounts/1", true, []byte(`{"description":"` + strings.Repeat("x", 1<<20-40) + `"}`)}
	batch := attack{"POST", "/accounts/batch", true, []byte(`{"updates":[` + updates[:len(updates)-1] + `]}`)}
	return map[string][]attack{"accept": {accept}, "unknown": {update}, "large": {large}, "batch": {batch}, "all": {accept, update, large, batch}}
}

func soakAll(binary string, mixes []string) error {
	if len(mixes) == 0 {
		mixes = []string{"accept", "unknown", "large", "batch", "all"}
	}
	for _, name := range mixes {
		if err := soak(binary, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// soak attacks one server, and prints a line.
func soak(binary, name string) error {
	return onSample(binary, func(server *exec.Cmd, c caller, _ string) error { return c.soak(server, name) })
}

// soak attacks the server that it calls.
func (c caller) soak(server *exec.Cmd, name string) (err error) {
	quiet := c.honest(func() { time.Sleep(5 * time.Second) })
	before := memory(server.Process.Pid)["VmRSS"]
	var answers []byte
	attacked := c.honest(func() {
		// The attacker is elsewhere, and has a processor of its own.
		answers, err = exec.Command("nice", "-n", "19", os.Args[0], "attack", c.url, c.key, name).Output()
	})
	fmt.Printf("%-8s quiet: p50 %v p99 %v; attacked: p50 %v p99 %v (%.1f times), answers %s; RSS %d MB, at most %d MB\n", name,
		quantile(quiet, 50), quantile(quiet, 99), quantile(attacked, 50), quantile(attacked, 99),
		float64(quantile(attacked, 99))/float64(quantile(quiet, 99)), answers, before>>10, memory(server.Process.Pid)["VmHWM"]>>10)
	return err
}

// honest reads and writes an account, 100 times in a second, while something else
// goes on, and returns how long each took, in order.
func (c caller) honest(meanwhile func()) []time.Duration {
	done := make(chan struct{})
	go func() { defer close(done); meanwhile() }()
	var mu sync.Mutex
	var took []time.Duration
	var group sync.WaitGroup
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for i := 0; ; i++ {
		select {
		case <-done:
			group.Wait()
			slices.Sort(took)
			return took
		case <-ticker.C:
		}
		group.Go(func() {
			a := attack{"GET", "/accounts/1?include_contacts=true", true, nil}
			if i%4 == 0 {
				a = attack{"PATCH", "/accounts/1", true, fmt.Appendf(nil, `{"description":"%d"}`, i)}
			}
			start := time.Now()
			c.call(a)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(start))
		})
	}
}

// attack sends all requests at once, and counts the answers by status.
func (c caller) attack(mix []attack) map[int]int {
	var mu sync.Mutex
	statuses := map[int]int{}
	var group sync.WaitGroup
	for i := range atOnce {
		group.Go(func() {
			status := c.call(mix[i%len(mix)])
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
		})
	}
	group.Wait()
	return statuses
}

func quantile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)-1)*percent/100].Round(10 * time.Microsecond)
}

// memory reads the memory of a process, in kB by the names of /proc.
func memory(pid int) map[string]int {
	found := map[string]int{}
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		var name string
		var kB int
		if _, err := fmt.Sscanf(line, "%s %d kB", &name, &kB); err == nil {
			found[strings.TrimSuffix(name, ":")] = kB
		}
	}
	return found
}
