package db

import "strings"

// Dialect says what a database has for the words that statements have in braces,
// each with what follows the word there.
//
//	{ids ?}     the ids of a List, as a query
//	{texts ?}   its texts
//	{among ?}   is one of its texts, each of which is looked up in an index
//	{amid ?}    is one of its ids, in the same way
//	{array}     the function that makes a JSON array of rows
//	{object}    the function that makes a JSON object
//	{least}     the function that returns the least of its arguments
//	{greatest}  the function that returns the greatest
//	{instr}     the function that tells where a text has another one; 0: nowhere
//	{holds c}   whether a folded text of a column, without its accents, has that of
//	            a parameter; a database may not have it
//	{same c ?}  whether a long text of a column is that of a parameter
//	{within c ?}  whether it is one of the texts of a List
//	{beyond c ?}  whether it comes behind that of a parameter
//	{sorted c}  what such texts are ordered by
//	{join}      a join whose left table is read first
//	{each t a b}  a join to each row of b, which is read first, of that of the table t, as
//	            a, with its company and id, or {each t a b c} with what its column c has as id
//	{by i}      what makes a table be read by the index i, where that can be said
//	{-}         what keeps the column behind it from being looked up in an index
type Dialect map[string]func(rest string) string

// Word is of a word that nothing follows.
func Word(text string) func(string) string { return func(string) string { return text } }

// Each parts what follows the word each. The column is id if none is named.
func Each(rest string) (table, as, of, column string) {
	words := append(strings.Fields(rest), "id")
	return words[0], words[1], words[2], words[3]
}

// Expand writes a text in a dialect. Braces that hold no word of it stay.
func (d Dialect) Expand(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		inner, after, _ := strings.Cut(rest, "}")
		word, more, _ := strings.Cut(inner, " ")
		if say := d[word]; say != nil {
			b.WriteString(say(more))
			text = after
			continue
		}
		b.WriteByte('{')
		text = rest
	}
}
