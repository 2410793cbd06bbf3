// Load measures a real server: "make bench-load". It fills files with accounts,
// serves them by bin/accountsd, by the binary of another commit and by the limit
// program, and sends requests from a second process, which checks every answer.
// The limit program does what no server can do without: it commits groups of a row
// with its history, or reads a row, and checks nothing. On PostgreSQL it writes all rows
// that the server does, in the server's own tables. What is measured on all of
// them in turn, in the same run, gives ratios; figures alone are the machine's.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// options are what a run is to measure.
type options struct {
	binary, base   string
	dir            string
	sizes, clients []int
	ops            []string
	seconds        time.Duration
	rounds         int
	limit          bool
	cluster        *pgtest.Cluster // nil: on SQLite
}

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 { // this program in its other roles
		switch os.Args[1] {
		case "client":
			exit(runClient(os.Args[2]))
		case "limit":
			exit(runLimit(os.Args[2], os.Args[3]))
		}
	}
	o := parseFlags()
	err := run(o)
	if o.cluster != nil {
		err = errors.Join(err, o.cluster.Stop())
	}
	exit(err)
}

func exit(err error) {
	if err != nil {
		log.Fatal(err)
	}
	os.Exit(0)
}

func parseFlags() options {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/accountsd", "`PATH` of the server")
	flag.StringVar(&o.base, "base", "", "measure the server of commit `REF` as well")
	flag.StringVar(&o.dir, "dir", filepath.Join(os.TempDir(), "accountsd-load"), "keep filled files in `FOLDER`; remove it when accounts are to be filled in anew")
	sizes := flag.String("sizes", "1000,100000", "accounts in the file, `N,N`")
	clients := flag.String("clients", "1,16,64", "connections, `N,N`")
	ops := flag.String("ops", strings.Join(operationNames, ","), "`NAMES` of operations")
	flag.DurationVar(&o.seconds, "time", 3*time.Second, "measure each for `DURATION`")
	flag.IntVar(&o.rounds, "rounds", 5, "measure all `N` times, and print medians")
	postgres := flag.Bool("postgres", false, "measure on a PostgreSQL of the run's own")
	flag.BoolVar(&o.limit, "limit", true, "measure the limit program as well")
	flag.Parse()
	if *postgres {
		cluster, err := startCluster(context.Background())
		if err != nil {
			log.Fatal(err)
		}
		o.cluster = cluster
	}
	o.sizes, o.clients, o.ops = numbers(*sizes), numbers(*clients), strings.Split(*ops, ",")
	return o
}

func numbers(list string) []int {
	var found []int
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			log.Fatalf("%s: numbers of 1 and more, parted by commas", list)
		}
		found = append(found, n)
	}
	return found
}

// run measures everything, one size after the other.
func run(o options) error {
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(o.dir, "run-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	programs, err := programsOf(o, scratch)
	if err != nil {
		return err
	}
	fmt.Printf("%d cores, %s; %d rounds of %v; medians\n", runtime.NumCPU(), runtime.Version(), o.rounds, o.seconds)
	for _, size := range o.sizes {
		if err := measureSize(o, programs, scratch, size); err != nil {
			return fmt.Errorf("%d accounts: %w", size, err)
		}
	}
	return nil
}

// program is one of those that are compared. Ratios are of the first one to the
// others.
type program struct{ name, binary string }

func (p program) isLimit() bool { return p.name == "limit" }

func programsOf(o options, scratch string) ([]program, error) {
	binary, err := filepath.Abs(o.binary)
	if err != nil {
		return nil, err
	}
	programs := []program{{"accountsd", binary}}
	if o.base != "" {
		base, err := buildBase(o.base, scratch)
		if err != nil {
			return nil, err
		}
		programs = append(programs, program{"base", base})
	}
	if o.limit {
		programs = append(programs, program{"limit", os.Args[0]})
	}
	return programs, nil
}

// buildBase builds the server of a commit.
func buildBase(ref, scratch string) (string, error) {
	tree, binary := filepath.Join(scratch, "tree"), filepath.Join(scratch, "base")
	script := `mkdir "$1" && git archive "$0" | tar -x -C "$1" && cd "$1" && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$2" ./server/cmd/accountsd && rm -r "$1"`
	output, err := exec.Command("sh", "-c", script, ref, tree, binary).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", ref, err, output)
	}
	return binary, nil
}
