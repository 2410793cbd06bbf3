package transfer

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/accountsd/accountsd/server/fault"
)

// Dialect says how a file is written, where that is not to be told from the
// file.
type Dialect struct {
	Delimiter string // of CSV: a character, or "tab"
	Encoding  string // a name of the WHATWG's list, as windows-1252; a mark in the file comes before it
}

// byteOrderMark begins a file to tell its encoding.
const byteOrderMark = "\ufeff"

// marks are what texts may begin with, by their encodings.
var marks = []struct {
	mark     string
	encoding encoding.Encoding
}{
	{byteOrderMark, unicode.UTF8},
	{"\xff\xfe", utf16LE},
	{"\xfe\xff", utf16BE},
}

var (
	utf16LE = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	utf16BE = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
)

// noTexts are the beginnings of files that are no text, and what to do with them.
var noTexts = []struct{ start, words string }{
	{"PK\x03\x04", "a workbook (XLSX or ODS); save it as CSV"},
	{"\xd0\xcf\x11\xe0", "a workbook of old (XLS); save it as CSV"},
	{"\x1f\x8b", "compressed (gzip); unpack it"},
}

// text returns the text of a file, and whether it is in another encoding than
// UTF-8. Reading it ends with errEncoding where it is not in the encoding that
// it seems to be in.
func (d Dialect) text(r io.Reader) (text *bufio.Reader, foreign bool, err error) {
	raw := bufio.NewReaderSize(r, 64<<10)
	start, err := raw.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, err
	}
	for _, b := range noTexts {
		if bytes.HasPrefix(start, []byte(b.start)) {
			return nil, false, refuse("the file is %s, and import that", b.words)
		}
	}
	enc, mark, err := d.encodingOf(start)
	if err != nil {
		return nil, false, err
	}
	if _, err := raw.Discard(mark); err != nil {
		return nil, false, err
	}
	var whole io.Reader = raw
	if mark == 0 && d.Encoding != "" {
		whole = &notUTF8{r: raw}
	}
	if enc == unicode.UTF8 {
		return bufio.NewReaderSize(transform.NewReader(raw, encoding.UTF8Validator), 64<<10), false, nil
	}
	return bufio.NewReaderSize(transform.NewReader(whole, transform.Chain(enc.NewDecoder(), strict{})), 64<<10), true, nil
}

// encodingOf tells the encoding by a mark, by what was said, or by the zeros
// between the letters of UTF-16. It returns the length of the mark.
func (d Dialect) encodingOf(start []byte) (enc encoding.Encoding, mark int, err error) {
	for _, m := range marks {
		if bytes.HasPrefix(start, []byte(m.mark)) {
			return m.encoding, len(m.mark), nil
		}
	}
	if d.Encoding != "" {
		enc, err := htmlindex.Get(d.Encoding)
		if err != nil || enc == encoding.Replacement {
			return nil, 0, refuse("--encoding must be one such as utf-8, windows-1252 or utf-16le; got %s", fault.Quote(d.Encoding))
		}
		return enc, 0, nil
	}
	if len(start) < 4 {
		return unicode.UTF8, 0, nil
	}
	switch [4]bool{start[0] == 0, start[1] == 0, start[2] == 0, start[3] == 0} {
	case [4]bool{false, true, false, true}:
		return utf16LE, 0, nil
	case [4]bool{true, false, true, false}:
		return utf16BE, 0, nil
	}
	return unicode.UTF8, 0, nil
}

var (
	errEncoding = errors.New("not in the encoding")
	errUTF8     = errors.New("in UTF-8")
)

// notUTF8 ends a file with errUTF8 that has characters beyond ASCII, and all of
// them in UTF-8: hardly a text in another encoding ever looks so.
type notUTF8 struct {
	r      io.Reader
	cut    []byte // the beginning of a character
	beyond bool   // there was one beyond ASCII
	not    bool   // there was something else
}

func (u *notUTF8) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if !u.not {
		u.look(append(u.cut, p[:n]...))
	}
	if errors.Is(err, io.EOF) && u.beyond && !u.not && len(u.cut) == 0 {
		err = errUTF8
	}
	return n, err
}

func (u *notUTF8) look(text []byte) {
	for len(text) > 0 && utf8.FullRune(text) {
		r, size := utf8.DecodeRune(text)
		u.not = u.not || r == utf8.RuneError && size == 1
		u.beyond = u.beyond || size > 1
		text = text[size:]
	}
	u.cut = text
}

// strict ends where a decoder met what its encoding does not have. Tables have
// control characters there, or the sign of replacement.
type strict struct{ transform.NopResetter }

func (strict) Transform(dst, src []byte, _ bool) (nDst, nSrc int, err error) {
	wrong := bytes.IndexFunc(src, func(r rune) bool { return r == utf8.RuneError || r >= 0x80 && r < 0xa0 })
	if wrong >= 0 {
		src, err = src[:wrong], errEncoding
	}
	n := copy(dst, src)
	if n < len(src) {
		err = transform.ErrShortDst
		for n > 0 && !utf8.RuneStart(src[n]) {
			n--
		}
	}
	return n, n, err
}

// explainEncoding names the line of what is not in the file's encoding. Other
// errors stay as they are.
func explainEncoding(err error, line int) error {
	switch {
	case errors.Is(err, encoding.ErrInvalidUTF8):
		return refuse("line %d is not UTF-8; the file is probably Windows-1252: give --encoding windows-1252, or save it as UTF-8", line)
	case errors.Is(err, errUTF8):
		return refuse("the file is UTF-8, which is recognised: leave --encoding out")
	case errors.Is(err, errEncoding):
		return refuse("line %d is not in the encoding of --encoding or of the file's mark; give another, or save the file as UTF-8", line)
	}
	return err
}

// delimiters are those that are recognised. Where a header has as many of one as
// of another, the first one counts.
const delimiters = ",;\t|"

// delimiter is the one that was said, or else the one that a line sep= names, or
// else the one of the header.
func (d Dialect) delimiter(said rune, header []byte) (rune, error) {
	switch comma, size := utf8.DecodeRuneInString(d.Delimiter); {
	case strings.EqualFold(d.Delimiter, "tab") || d.Delimiter == `\t`:
		return '\t', nil
	case d.Delimiter != "" && (size != len(d.Delimiter) || strings.ContainsRune("\"\r\n\ufffd", comma)):
		return 0, refuse("--delimiter must be one character, or tab; got %s", fault.Quote(d.Delimiter))
	case d.Delimiter != "":
		return comma, nil
	case said != 0:
		return said, nil
	}
	best, most := ',', 0
	for _, comma := range delimiters {
		if n := bytes.Count(header, []byte(string(comma))); n > most {
			best, most = comma, n
		}
	}
	return best, nil
}

// firstLine returns the first line without what is quoted, and whether a
// carriage return alone ends it.
func firstLine(sample []byte) (line []byte, carriage bool) {
	quoted := false
	for i, c := range sample {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\n':
			return line, false
		case c == '\r':
			return line, i+1 == len(sample) || sample[i+1] != '\n'
		default:
			line = append(line, c)
		}
	}
	return line, false
}
