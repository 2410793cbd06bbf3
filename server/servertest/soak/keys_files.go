package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// oneInCut is that one row of so many is cut, as by a program that was killed while it wrote.
const oneInCut = 200

// keyedFile is a file of rows with keys, some of which end too early.
type keyedFile struct {
	path  string
	whole []int // what the rows that are not cut are numbered
	cut   []int // the lines of those that are, from 1
}

func keyOf(n int) string   { return fmt.Sprintf("A-%d", n) }
func titleOf(n int) string { return fmt.Sprintf("Customer %d", n) }

// writeKeyedFiles writes so many rows to two files, one of each format. Every second row of
// a file is in the other one too, at the same place, so that both come to its key at about
// the same time.
func writeKeyedFiles(folder string, rows int) ([]*keyedFile, error) {
	lines, table := &keyedFile{path: filepath.Join(folder, "a.ndjson")}, &keyedFile{path: filepath.Join(folder, "b.csv")}
	var first, second []int
	for n := range rows / 2 {
		first, second = append(first, n), append(second, n+n%2*rows)
	}
	return []*keyedFile{lines, table}, errors.Join(
		lines.write("", first, lineOf, func(line string) int { return len(line) }),
		table.write("title,address,custom.ext,description\n", second, cellsOf, func(line string) int { return strings.LastIndexByte(line, ',') + 1 }))
}

func lineOf(n int) string {
	return fmt.Sprintf(`{"title":%q,"address":["%d Main Street"],"custom":{"ext":%q},"description":"of another system"}`, titleOf(n), n, keyOf(n))
}

func cellsOf(n int) string {
	return fmt.Sprintf("%s,%d Main Street,%s,of another system", titleOf(n), n, keyOf(n))
}

// write writes the rows with the numbers. A cut leaves at least one character, and less than
// enough, which is the length from which on a part of a row may pass for a row.
func (f *keyedFile) write(header string, numbers []int, row func(int) string, enough func(string) int) error {
	var b strings.Builder
	b.WriteString(header)
	before := strings.Count(header, "\n")
	for i, n := range numbers {
		text := row(n)
		if rand.IntN(oneInCut) == 0 {
			text = text[:1+rand.IntN(enough(text)-1)]
			f.cut = append(f.cut, before+i+1)
		} else {
			f.whole = append(f.whole, n)
		}
		fmt.Fprintln(&b, text)
	}
	return os.WriteFile(f.path, []byte(b.String()), 0o644)
}

// rejects is where the rejected rows of a run go.
func (f *keyedFile) rejects(run string) string { return f.path + "." + run + ".rejected" }

// checkRejects looks whether those are the rows that were cut, each with a reason.
func (f *keyedFile) checkRejects(run string) error {
	file, err := os.Open(f.rejects(run))
	if errors.Is(err, os.ErrNotExist) && len(f.cut) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	read := readRejectedLines
	if filepath.Ext(f.path) == ".csv" {
		read = readRejectedCells
	}
	named, err := read(file)
	if err != nil {
		return fmt.Errorf("read %s: %w", file.Name(), err)
	}
	if !slices.Equal(named, f.cut) {
		return fmt.Errorf("%s names the lines %v; cut were %v", file.Name(), named, f.cut)
	}
	return nil
}

// errNoReason is of a rejected row that does not say why.
var errNoReason = errors.New("a row has no reason")

func readRejectedLines(r io.Reader) (lines []int, err error) {
	for decoder := json.NewDecoder(r); ; {
		var rejected struct {
			Line   int
			Errors []string
		}
		switch err := decoder.Decode(&rejected); {
		case errors.Is(err, io.EOF):
			return lines, nil
		case err != nil:
			return nil, err
		case len(rejected.Errors) == 0:
			return nil, errNoReason
		}
		lines = append(lines, rejected.Line)
	}
}

// readRejectedCells reads CSV, in whose rows the line and the reason are the last cells.
func readRejectedCells(r io.Reader) (lines []int, err error) {
	table := csv.NewReader(r)
	table.FieldsPerRecord = -1
	rows, err := table.ReadAll()
	if err != nil {
		return nil, err
	}
	for _, row := range rows[1:] {
		if len(row) < 2 || row[len(row)-1] == "" {
			return nil, errNoReason
		}
		line, err := strconv.Atoi(row[len(row)-2])
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}
