//go:build !unix || aix || illumos || solaris

package engine

import "os"

// isTaken is false: the platform has no lock of directories.
func isTaken(*os.File) bool { return false }

func release(*os.File) {}
