package main

import (
	"io"
	"log/slog"
	"os"

	"github.com/urfave/cli/v3"
	"golang.org/x/term"
)

func logFormatFlag() *cli.StringFlag {
	return &cli.StringFlag{
		Name: "log-format", Usage: "write the log as text or json; auto: as text on a terminal, as JSON elsewhere",
		Value: "auto", Validator: oneOf("auto", "text", "json"), Sources: fromEnv("LOG_FORMAT"),
	}
}

// newLogger returns a logger that writes to w in the format of the flag.
func newLogger(w io.Writer, format string) *slog.Logger {
	if format == "text" || format == "auto" && isTerminal(w) {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	return slog.New(slog.NewJSONHandler(w, nil))
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
