package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// MissingError is a program that is not installed.
type MissingError struct {
	Program string
	Package string // of Debian
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s is not installed; on Debian: apt-get install -y %s", e.Program, e.Package)
}

// ProgramsVariable holds the folder with the programs of PostgreSQL, where it is
// not the one to be found or there is a choice.
const ProgramsVariable = "ACCOUNTSD_POSTGRES_PROGRAMS"

// Available returns a [MissingError] if PostgreSQL is not installed.
func Available() error {
	_, err := postgresPrograms()
	return err
}

// postgresPrograms is the folder with the programs of PostgreSQL, of its highest
// version. Debian keeps them out of the path, so that versions do not get in each
// other's way.
func postgresPrograms() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	initdb := "initdb"
	if folder := os.Getenv(ProgramsVariable); folder != "" {
		initdb = filepath.Join(folder, initdb)
	} else if len(found) > 0 {
		initdb = slices.MaxFunc(found, func(a, b string) int { return versionOf(a) - versionOf(b) })
	}
	if initdb, err = exec.LookPath(initdb); err != nil {
		return "", &MissingError{Program: "PostgreSQL", Package: "postgresql"}
	}
	initdb, err = filepath.EvalSymlinks(initdb)
	return filepath.Dir(initdb), err
}

// versionOf is the 15 of /usr/lib/postgresql/15/bin/initdb.
func versionOf(initdb string) int {
	version, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
	return version
}

// program is the path of a program that is in a Debian package of its own name.
// Not every user has its folder in the path.
func program(name string) (string, error) {
	for _, candidate := range []string{name, filepath.Join("/usr/sbin", name)} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, nil
		}
	}
	return "", &MissingError{Program: name, Package: name}
}

// RequireVariable is set to 1 where everything must be installed, as in CI: what
// is missing then fails what would be skipped.
const RequireVariable = "ACCOUNTSD_REQUIRE_POSTGRES"

// Required tells whether [RequireVariable] is set.
func Required() bool { return os.Getenv(RequireVariable) == "1" }

// check ends a test that something went wrong for. It is skipped where that is a
// program that is not installed and need not be.
func check(t testing.TB, err error) {
	t.Helper()
	if _, missing := errors.AsType[*MissingError](err); missing && !Required() {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}
