package mail

import (
	"embed"
	"fmt"
	"html/template"
	"net/url"
	"strings"
	plain "text/template"
	"time"
	"unicode"

	"github.com/accountsd/accountsd/gen/plural"
	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/fault"
)

//go:embed notice.txt notice.html
var files embed.FS

// A time is written in UTC, since the server does not know where its users are.
const timeLayout = "2 January 2006, 15:04 UTC"

var functions = map[string]any{
	"when":  func(t time.Time) string { return t.UTC().Format(timeLayout) },
	"line":  line,
	"times": func(n int64) string { return plural.Of(n, "time", "times") },
}

var (
	noticeText = plain.Must(plain.New("notice.txt").Funcs(functions).ParseFS(files, "notice.txt"))
	noticeHTML = template.Must(template.New("notice.html").Funcs(functions).ParseFS(files, "notice.html"))
)

// Composer writes the letters of notices. It is an account.Composer.
type Composer struct {
	base string // the server's URL, without a slash at its end
}

var _ alias.Composer = (*Composer)(nil)

// NewComposer returns a composer of letters that name the server by its public
// URL, as in https://accounts.example.com.
func NewComposer(public string) (*Composer, error) {
	u, err := url.Parse(public)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("the server's public URL must look like https://accounts.example.com; got %s", fault.Quote(public))
	}
	return &Composer{base: strings.TrimRight(public, "/")}, nil
}

// notice is what the templates show.
type notice struct {
	Base    string
	Report  alias.Report
	Message string
	Sunset  time.Time // zero: none
	Over    bool      // whether the sunset is past
	By      string
}

// Compose writes the letter that carries a notice: the message, the user's own
// calls of 30 days, and the URLs to use instead.
func (c *Composer) Compose(r alias.Report, step alias.Step) (alias.Letter, error) {
	n := notice{Base: c.base, Report: r, Message: step.Message, Sunset: step.Sunset, By: step.ByEmail}
	letter := alias.Letter{Subject: "/clients will end: please move to /accounts"}
	if !n.Sunset.IsZero() {
		n.Over = !step.At.Before(n.Sunset)
		ends := "ends"
		if n.Over {
			ends = "was to end"
		}
		letter.Subject = fmt.Sprintf("/clients %s on %s: please move to /accounts", ends, n.Sunset.UTC().Format("2 January 2006"))
	}
	var text, html strings.Builder
	if err := noticeText.Execute(&text, n); err != nil {
		return alias.Letter{}, err
	}
	if err := noticeHTML.Execute(&html, n); err != nil {
		return alias.Letter{}, err
	}
	letter.Text, letter.HTML = text.String(), html.String()
	return letter, nil
}

// line makes one line of a text that users chose, so that it cannot pass for
// another part of the letter.
func line(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}
