package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"unicode/utf8"

	"github.com/accountsd/accountsd/client"
)

// maxLine is how long a line of a file may be; a request may not be longer.
const maxLine = 1 << 20

// line is what a line of a file asks for, and where it stands in its file.
type line struct {
	number int
	item   client.BatchItem
	plain  bool // an update that was written as "set", which is answered by the account
}

// errNotUTF8 is of a text in another encoding, whose letters JSON would replace.
var errNotUTF8 = errors.New("it is not in UTF-8")

func allPlain(lines []line) bool {
	return !slices.ContainsFunc(lines, func(l line) bool { return !l.plain })
}

func updatesOf(lines []line) []client.BatchUpdate {
	updates := make([]client.BatchUpdate, len(lines))
	for i, l := range lines {
		updates[i] = client.BatchUpdate{ID: l.item.ID, IfMatch: l.item.IfMatch, Set: *l.item.Update}
	}
	return updates
}

func itemsOf(lines []line) []client.BatchItem {
	items := make([]client.BatchItem, len(lines))
	for i, l := range lines {
		items[i] = l.item
	}
	return items
}

// readLines reads the lines of a file; - is standard input.
func (t *terminal) readLines(path string) ([]line, error) {
	in := t.in
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, maxLine)
	var lines []line
	number := 1
	for ; scanner.Scan(); number++ {
		text := scanner.Bytes()
		if number == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff")) // the mark by which Windows tells UTF-8
		}
		text = bytes.TrimSpace(text)
		if len(text) == 0 {
			continue
		}
		read, err := readLine(text)
		if err != nil {
			return nil, usagef("%s: line %d: %w", path, number, err)
		}
		read.number = number
		lines = append(lines, read)
	}
	if err := scanner.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, usagef("%s: line %d must be at most %d bytes, as a request", path, number, maxLine)
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return lines, nil
}

func readLine(text []byte) (line, error) {
	var sent struct {
		client.BatchItem
		Set *client.AccountPatch `json:"set"`
	}
	if !utf8.Valid(text) {
		return line{}, errNotUTF8
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&sent); err != nil {
		return line{}, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return line{}, errors.New("there is more after the object")
	}
	if sent.Set == nil {
		return line{item: sent.BatchItem}, checkItem(sent.BatchItem)
	}
	if sent.ID < 1 {
		return line{}, errors.New("id must be that of an account")
	}
	if sent.Create != nil || sent.Update != nil || sent.Upsert != nil || sent.Match != "" || sent.Strategy != "" {
		return line{}, errors.New("set goes with id and ifMatch only")
	}
	sent.Update = sent.Set
	return line{item: sent.BatchItem, plain: true}, nil
}

// checkItem finds what cannot be right in an item before a part of the file is sent; the
// server finds the rest.
func checkItem(item client.BatchItem) error {
	bodies := 0
	for _, sent := range []bool{item.Create != nil, item.Update != nil, item.Upsert != nil} {
		if sent {
			bodies++
		}
	}
	switch {
	case bodies != 1:
		return errors.New("one of set, create, update and upsert must be there")
	case item.Update != nil && item.ID < 1 && item.Match == "":
		return errors.New("id must be that of an account, or match name a member")
	case item.Upsert != nil && item.Match == "":
		return errors.New("match must name a member of upsert")
	}
	return nil
}
