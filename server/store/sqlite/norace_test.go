//go:build !race

package sqlite_test

// few is of how many values one is tried, by what tries every one.
const few = 1
