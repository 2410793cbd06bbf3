package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// isURL tells whether a store is a database of PostgreSQL, not a file.
func isURL(db string) bool { return strings.HasPrefix(db, "postgres://") }

// startCluster starts a PostgreSQL that keeps what it has acknowledged, as one is run
// for real.
func startCluster(ctx context.Context) (*pgtest.Cluster, error) {
	return pgtest.Start(ctx, pgtest.Options{Durable: true, Settings: map[string]string{
		"shared_buffers": "1GB", "max_wal_size": "4GB", "checkpoint_timeout": "15min",
	}})
}

// fillDatabase makes a database that holds what a filled file does, by the server's
// own means.
func fillDatabase(o options, p program, size int) (filled, error) {
	ctx := context.Background()
	name := fmt.Sprintf("%s_%d", p.name, size)
	if err := o.cluster.CreateDatabase(ctx, name); err != nil {
		return filled{}, err
	}
	f := filled{path: o.cluster.URL(name), key: "none"}
	fmt.Fprintf(os.Stderr, "filling %s\n", name)
	if p.isLimit() {
		return f, fillLimitDatabase(ctx, f.path, size)
	}
	file, err := fill(p, o.dir, size)
	if err != nil {
		return f, err
	}
	f.key = file.key
	output, err := exec.Command(p.binary, "copy", "--from", file.path, "--to", f.path).CombinedOutput()
	if err != nil {
		return f, fmt.Errorf("copy: %w\n%s", err, output)
	}
	return f, analyze(ctx, f.path)
}

// analyze has PostgreSQL look at a database that was just filled.
func analyze(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "VACUUM ANALYZE")
	return err
}
