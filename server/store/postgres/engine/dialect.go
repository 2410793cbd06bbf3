package engine

import (
	"strconv"
	"strings"
	"sync"

	"github.com/accountsd/accountsd/server/store/db"
)

// dialect is PostgreSQL's. It has no word for what looks into a text without its
// accents: Go tells what those are.
var dialect = db.Dialect{
	"ids":   ids,
	"texts": listed,
	// An array is one condition. A query in its place is joined, and before the statistics
	// are there, which is so all through the first import, each text is compared with each row.
	"among":    func(parameter string) string { return anyOf(listed(parameter)) },
	"amid":     func(parameter string) string { return anyOf(ids(parameter)) },
	"array":    db.Word("json_agg"),
	"object":   db.Word("json_build_object"),
	"least":    db.Word("least"),
	"greatest": db.Word("greatest"),
	"instr":    db.Word("strpos"),
	"same":     same,
	"within":   within,
	"beyond":   beyond,
	"sorted":   func(column string) string { return "left(" + column + ", 200), " + column },
	"join":     db.Word("JOIN"),
	"each":     eachOf,
	"by":       func(string) string { return "" },
	"-":        db.Word(""),
}

// eachOf looks each row up in the primary key, whatever is known of how many there are.
func eachOf(rest string) string {
	table, as, of, id := db.Each(rest)
	return "CROSS JOIN LATERAL (SELECT * FROM " + table + " WHERE company_id = " + of + ".company_id AND id = " + of + "." + id + " OFFSET 0) " + as
}

func ids(parameter string) string { return each("value::bigint", parameter) }

func listed(parameter string) string { return each("value", parameter) }

// each is an expression of each value of a List, as a query.
func each(expression, parameter string) string {
	return "SELECT " + expression + " FROM jsonb_array_elements_text(" + parameter + "::text::jsonb)"
}

func anyOf(query string) string { return "= ANY (ARRAY(" + query + "))" }

// same compares the beginnings first, of which there is an index.
func same(rest string) string {
	column, parameter, _ := strings.Cut(rest, " ")
	return "(left(" + column + ", 200) = left(" + parameter + ", 200) AND " + column + " = " + parameter + ")"
}

// within is as same.
func within(rest string) string {
	column, parameter, _ := strings.Cut(rest, " ")
	return "(left(" + column + ", 200) " + anyOf(each("left(value, 200)", parameter)) + " AND " + column + " " + anyOf(listed(parameter)) + ")"
}

// beyond is as same.
func beyond(rest string) string {
	column, parameter, _ := strings.Cut(rest, " ")
	return "(left(" + column + ", 200) >= left(" + parameter + ", 200) AND " + column + " > " + parameter + ")"
}

// texts are what statements are in PostgreSQL, by what they are.
var texts sync.Map

// textOf returns the text of a statement in PostgreSQL.
func textOf(st db.Statement) string {
	if st.Once {
		return number(dialect.Expand(st.Text), "$")
	}
	if text, ok := texts.Load(st.Text); ok {
		return text.(string)
	}
	text := number(dialect.Expand(st.Text), "$")
	texts.Store(st.Text, text)
	return text
}

// number writes the parameters of a text as numbers behind a prefix: each question
// mark is the next one, or that of the number behind it. A string has none.
func number(text, prefix string) string {
	var b strings.Builder
	next, quoted := 0, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		quoted = quoted != (c == '\'')
		if c != '?' || quoted {
			b.WriteByte(c)
			continue
		}
		b.WriteString(prefix)
		if i+1 < len(text) && '0' <= text[i+1] && text[i+1] <= '9' {
			continue
		}
		next++
		b.WriteString(strconv.Itoa(next))
	}
	return b.String()
}
