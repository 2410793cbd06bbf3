package pgtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// sparePort is a port of the loopback interface on which nobody listens. It is
// below those that the system gives to connections: those could take the port
// while the program that listens on it is down.
func sparePort() (int, error) {
	var errs []error
	for range 100 {
		port := 15_000 + rand.IntN(17_000)
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, listener.Close()
		}
		errs = append(errs, err)
	}
	return 0, fmt.Errorf("find a spare port: %w", errors.Join(errs...))
}
