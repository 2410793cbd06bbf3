package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"
)

// readID reads an id as the server does: 01 and +1 are none.
func readID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 || strconv.FormatInt(id, 10) != text {
		return 0, usagef("%q is not an id", text)
	}
	return id, nil
}

// ids reads the arguments as ids.
func ids(args []string) ([]int64, error) {
	if len(args) == 0 {
		return nil, usagef("give an id")
	}
	list := make([]int64, len(args))
	for i, arg := range args {
		var err error
		if list[i], err = readID(arg); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// firstID reads the first argument as an id.
func firstID(cmd *cli.Command) (int64, error) {
	list, err := ids(cmd.Args().Slice()[:min(1, cmd.NArg())])
	if err != nil {
		return 0, err
	}
	return list[0], nil
}

// oneID is the id that is given, and the only argument.
func oneID(cmd *cli.Command) (int64, error) {
	if cmd.NArg() > 1 {
		return 0, usagef("give one id")
	}
	return firstID(cmd)
}

func joined[ID any](list []ID) string { return strings.Trim(fmt.Sprint(list), "[]") }
