package history

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

// limit is how long the histories of all accounts may be looked at. A second is
// enough for thousands of operations.
const limit = time.Minute

// model is an account as porcupine has it.
var model = porcupine.Model{
	Init: func() any { return Account{} },
	Step: func(state, input, _ any) (bool, any) { return step(state.(Account), input.(Operation)) },
	DescribeOperation: func(input, _ any) string {
		return input.(Operation).String()
	},
	DescribeState: func(state any) string { return state.(Account).String() },
}

// Check returns an error for each account whose operations no order explains. What
// they were, and how far an order gets, is drawn into a file of the folder that the
// error names.
func Check(operations []Operation, folder string) error {
	var accounts []string
	of := make(map[string][]Operation)
	for _, o := range operations {
		if of[o.Account] == nil {
			accounts = append(accounts, o.Account)
		}
		of[o.Account] = append(of[o.Account], o)
	}
	var errs []error
	end := time.Now().Add(limit)
	for _, account := range accounts {
		errs = append(errs, checkAccount(account, of[account], end, folder))
	}
	return few(errs)
}

func checkAccount(account string, operations []Operation, end time.Time, folder string) error {
	result, info := porcupine.CheckOperationsVerbose(model, timed(operations), max(time.Until(end), time.Second))
	switch result {
	case porcupine.Ok:
		return nil
	case porcupine.Unknown:
		return fmt.Errorf("%s: its %d operations take too long to judge", account, len(operations))
	}
	err := fmt.Errorf("%s: no order of its %d operations explains all answers", account, len(operations))
	file, failed := draw(info, folder)
	if failed != nil {
		return errors.Join(err, fmt.Errorf("draw its history: %w", failed))
	}
	return fmt.Errorf("%w; see %s", err, file)
}

// draw draws a history for a browser, and returns the file.
func draw(info porcupine.LinearizationInfo, folder string) (name string, err error) {
	file, err := os.CreateTemp(folder, "history-*.html")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return file.Name(), porcupine.Visualize(model, info, file)
}

// timed are operations as porcupine has them. What has an unknown outcome may take
// effect until the end, and so also never.
func timed(operations []Operation) []porcupine.Operation {
	end := time.Duration(0)
	for _, o := range operations {
		end = max(end, o.Called, o.Returned)
	}
	timed := make([]porcupine.Operation, len(operations))
	for i, o := range operations {
		returned := o.Returned
		if o.Outcome == Unknown {
			returned = end + 1
		}
		timed[i] = porcupine.Operation{ClientId: o.Client, Input: o, Call: int64(o.Called), Return: int64(returned)}
	}
	return timed
}
