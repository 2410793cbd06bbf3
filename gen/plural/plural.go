// Package plural tells numbers of things as people do: 1 row, 2 rows. It is used by the
// server and by the programs on the client, so that all of them do it in one way.
package plural

import "fmt"

// Of is a number of things, by the words for one and for any other number of them.
func Of[N int | int64 | uint64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
