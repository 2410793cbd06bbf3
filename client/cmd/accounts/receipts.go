package main

import (
	"iter"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
)

// receipt is what became of a line of a file; the place in its request is of no use to who
// has the file.
type receipt struct {
	Line    int                    `json:"line"`
	Status  client.ReceiptStatus   `json:"status"`
	ID      *int64                 `json:"id,omitempty"`
	Version *int64                 `json:"version,omitempty"`
	Changed []string               `json:"changed"`
	Problem *client.ReceiptProblem `json:"problem,omitempty"`
}

// receiptColumns leave out the problem, which is told beside the table.
var receiptColumns = []string{"line", "status", "id", "version", "changed"}

// numbered are the receipts of lines, each with the number of its line.
func numbered(receipts []client.Receipt, lines []line) []receipt {
	list := make([]receipt, 0, len(receipts))
	for _, r := range receipts {
		if r.Index < len(lines) {
			list = append(list, receipt{lines[r.Index].number, r.Status, r.ID, r.Version, r.Changed, r.Problem})
		}
	}
	return list
}

// printReceipts prints receipts, and returns what is wrong with the lines that failed.
func (t *terminal) printReceipts(cmd *cli.Command, receipts iter.Seq2[receipt, error]) error {
	var failed *client.Error
	err := printRecords(t, cmd, receiptColumns, func(yield func(receipt, error) bool) {
		for r, err := range receipts {
			failed = withFailure(failed, r)
			if !yield(r, err) {
				return
			}
		}
	})
	if err == nil && failed != nil {
		return failed
	}
	return err
}

// withFailure adds the offences of a line that failed to those of the lines before it. The
// first one decides what kind of error it is.
func withFailure(failed *client.Error, r receipt) *client.Error {
	if r.Problem == nil {
		return failed
	}
	if failed == nil {
		failed = &client.Error{Status: r.Problem.Status, Code: r.Problem.Code, Message: lineName(r.Line) + r.Problem.Detail}
	}
	offences := r.Problem.Errors
	if len(offences) == 0 {
		offences = []client.FieldError{{Message: r.Problem.Detail}}
	}
	for _, offence := range offences {
		offence.Message = lineName(r.Line) + offence.Message
		failed.Fields = append(failed.Fields, offence)
	}
	return failed
}
