package engine

import (
	"strings"

	"github.com/accountsd/accountsd/server/store/db"
)

// mostRows is how many rows a statement adds at most. It is a power of two, as are the
// fewer rows that others add: so there are few statements to prepare.
const mostRows = 32

// values begins the one row of a statement that adds one.
const values = " VALUES ("

// inRows returns statements that add the rows of all, which are of one statement: several
// rows take a fraction of the time of as many statements. What does not add a row stays.
func inRows(all []late) []late {
	if len(all) < 2 || !addsRow(all[0].st) {
		return all
	}
	var some []late
	for n := mostRows; len(all) > 0; {
		if n > len(all) {
			n /= 2
			continue
		}
		together := late{st: withRows(all[0].st, n)}
		for _, l := range all[:n] {
			together.args = append(together.args, l.args...)
		}
		some, all = append(some, together), all[n:]
	}
	return some
}

// addsRow tells whether a statement adds one row, of its parameters in their order.
func addsRow(st db.Statement) bool {
	_, row, found := strings.Cut(st.Text, values)
	row, _, _ = strings.Cut(row, ")")
	return found && strings.HasPrefix(st.Text, "INSERT") && strings.Trim(row, "?, ") == ""
}

// withRows is a statement that adds n rows as another one adds one.
func withRows(st db.Statement, n int) db.Statement {
	before, after, _ := strings.Cut(st.Text, values)
	row, after, _ := strings.Cut(after, ")")
	st.Text = before + values + strings.Repeat(row+"), (", n-1) + row + ")" + after
	return st
}
