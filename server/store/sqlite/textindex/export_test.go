package textindex

// Phrase is phrase.
func Phrase(text string) (p string, whole bool) { return phrase(text) }
