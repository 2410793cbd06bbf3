package main

import (
	"os"
	"runtime/debug"
)

const (
	garbage    = 400       // per cent of what is in use; the Go runtime's own default is 100
	softMemory = 128 << 20 // bytes from which on garbage is collected early
)

// tuneMemory trades memory for time: a server has little in use, of which the
// runtime's default would allow so little garbage that collecting it takes a
// tenth of the time. What an operator says by GOGC or GOMEMLIMIT stays.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
}
