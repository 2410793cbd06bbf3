package main

import (
	"context"
	"errors"
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
// own means. The limit program has one of the first server's.
func fillDatabase(o options, p program, size int) (filled, error) {
	ctx := context.Background()
	name := fmt.Sprintf("%s_%d", p.name, size)
	if err := o.cluster.CreateDatabase(ctx, name); err != nil {
		return filled{}, err
	}
	url := o.cluster.URL(name)
	fmt.Fprintf(os.Stderr, "filling %s\n", name)
	server := p
	if p.isLimit() {
		server = program{binary: o.binary}
	}
	file, err := fill(server, o.dir, size)
	if err != nil {
		return filled{}, err
	}
	output, err := exec.Command(server.binary, "copy", "--from", file.path, "--to", url).CombinedOutput()
	if err != nil {
		return filled{}, fmt.Errorf("copy: %w\n%s", err, output)
	}
	if p.isLimit() {
		file.key = "none"
		err = makeDocuments(ctx, url)
	}
	return filled{url, file.key}, errors.Join(err, analyze(ctx, url))
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
