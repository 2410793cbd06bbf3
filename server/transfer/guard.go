package transfer

import "strings"

// A spreadsheet runs a cell that begins with one of these, in the name of
// whoever opens the file.
const formulaStarts = "=+-@\t\r"

// guard puts an apostrophe before a text that a spreadsheet would run, which
// makes it a text there. One that looks guarded gets another, so that unguard
// gives each text back as it was.
func guard(text string) string {
	if isFormula(strings.TrimLeft(text, "'")) {
		return "'" + text
	}
	return text
}

// unguard takes off what guard has put on.
func unguard(cell string) string {
	if strings.HasPrefix(cell, "'") && isFormula(strings.TrimLeft(cell, "'")) {
		return cell[1:]
	}
	return cell
}

func isFormula(text string) bool {
	return text != "" && strings.IndexByte(formulaStarts, text[0]) >= 0
}
