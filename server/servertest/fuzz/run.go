// Package fuzz walks every operation of openapi.yaml on a real server, with values
// at, inside and beyond every bound, wrong types, broken texts and broken framing,
// and holds each answer against openapi.yaml: "make soak-fuzz".
package fuzz

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"time"
)

// Config is how a run is set up.
type Config struct {
	Binary   string        // accountsd
	Seed     uint64        // of all that is random
	Duration time.Duration // how long to send requests
	Requests int           // how many to send at the most; 0: no limit
	Out      io.Writer     // for what was sent, and what was found

	Framed bool // only requests that are framed as HTTP has it

	// Front, if it is there, is told where the server listens, and returns where to
	// send requests instead.
	Front func(address string) string
}

// renewEvery is after how many requests the fuzzer looks at what there is, and mends
// what it has done to itself.
const renewEvery = 400

// rawEvery is how many requests there are to one with broken framing.
const rawEvery = 20

// Run serves a sample company, sends requests for a while, and prints each kind of
// fault once, with the line that sends the request again. It returns an error if
// there is any.
//
// Requests go out one after the other. A run with the same seed and the same server
// sends the same ones, but for what the server makes up (tokens, times, cursors).
func Run(ctx context.Context, c Config) error {
	fmt.Fprintf(c.Out, "seed %d\n", c.Seed)
	dir, err := os.MkdirTemp("", "fuzz")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := startServer(ctx, c.Binary, dir)
	if err != nil {
		return err
	}
	defer s.stop()
	if c.Front != nil {
		s.address = c.Front(s.address)
	}
	j, err := newJudge(s, c.Out)
	if err != nil {
		return err
	}
	m := &maker{Rand: rand.New(rand.NewPCG(c.Seed, 1)), server: s, operations: j.operations}
	if err := sendAll(ctx, c, m, j); err != nil {
		return err
	}
	return j.report()
}

// sendAll sends the requests.
func sendAll(ctx context.Context, c Config, m *maker, j *judge) error {
	w := &wire{address: m.server.address}
	defer w.close()
	for end, n := time.Now().Add(c.Duration), 0; ctx.Err() == nil && time.Now().Before(end) && (c.Requests == 0 || n < c.Requests); n++ {
		if n%renewEvery == 0 || m.server.lost {
			if err := m.server.renew(ctx); err != nil {
				return fmt.Errorf("after %d requests: %w", n, err)
			}
		}
		if n%rawEvery == rawEvery-1 && !c.Framed {
			raw := m.broken()
			j.judgeRaw(raw, w.sendAlone(raw))
			continue
		}
		r := m.request()
		answer, err := w.send(r)
		if j.judge(r, answer, err) {
			m.server.learn(r, answer)
		}
		m.server.lost = m.server.lost || answer != nil && answer.status == http.StatusUnauthorized && r.sound && !r.operation.password
	}
	return nil
}
