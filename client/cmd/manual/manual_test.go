package manual_test

import (
	"strings"
	"testing"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client/cmd/manual"
)

func TestPage(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	root := &cli.Command{
		Name:        "bake",
		Usage:       "make bread",
		Description: ".rise slowly\n  a\\b 'c' ~ ^ `",
		Writer:      &page,
		Commands: []*cli.Command{
			{
				Name: "loaf", Usage: "bake one", ArgsUsage: "FLOUR...",
				Flags:    []cli.Flag{&cli.IntFlag{Name: "heat", Value: 220, Usage: "bake at `DEGREES`", Sources: cli.EnvVars("BAKE_HEAT")}},
				Commands: []*cli.Command{{Name: "rye", Usage: "sour"}},
			},
			{Name: "secret", Hidden: true},
			manual.Command(6),
		},
	}
	if err := root.Run(t.Context(), []string{"bake", "man"}); err != nil {
		t.Fatal(err)
	}
	const want = `.TH BAKE 6 "" bake
.SH NAME
bake \- make bread
.SH SYNOPSIS
.B bake
[options] command [options] [arguments]
.SH DESCRIPTION
.nf
\&.rise slowly
  a\eb \(aqc\(aq \(ti \(ha \(ga
.fi
.SH OPTIONS
.TP
.B \-\-help, \-h
show help
.SH COMMANDS
.SS bake loaf FLOUR...
bake one
.TP
.B \-\-heat DEGREES
bake at DEGREES (default: 220) [$BAKE_HEAT]
.SS bake loaf rye
sour
.SS bake man
print the manual page, for example for man \-l \-
`
	if page.String() != want {
		t.Errorf("the page is\n%s\nand should be\n%s", page.String(), want)
	}
}
