package server

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
)

// reasonHeader says why a request is made, for those who read the history.
const reasonHeader = "X-Reason"

// encodedText begins a text that is percent-encoded (RFC 8187, section 3.2.1), for
// who can send ASCII only.
const encodedText = "UTF-8''"

// readReason notes the reason of a request that writes, and leaves the text in place
// of its encoding, so that the spec's bounds are those of the text.
func (op *operation) readReason(c *gin.Context) fault.Offences {
	if !op.reasoned {
		return nil
	}
	lines := c.Request.Header.Values(reasonHeader)
	if len(lines) == 0 {
		return nil
	}
	reason, wrong := parseReason(lines[0])
	if len(lines) > 1 {
		wrong = "must be sent once"
	}
	if wrong != "" {
		return fault.Offences{{In: fault.InHeader, Path: []string{reasonHeader}, Message: reasonHeader + " " + wrong}}
	}
	c.Request.Header.Set(reasonHeader, reason)
	sessionOf(c.Request.Context()).actor.Reason = reason
	return nil
}

// parseReason returns the text of the header, or what is wrong with it beside its
// length.
func parseReason(sent string) (reason, wrong string) {
	reason = sent
	if len(sent) >= len(encodedText) && strings.EqualFold(sent[:len(encodedText)], encodedText) {
		var err error
		if reason, err = url.PathUnescape(sent[len(encodedText):]); err != nil {
			return "", "must be percent-encoded behind " + encodedText + "; got " + fault.Quote(sent)
		}
	}
	reason = normal.Trim(reason)
	switch {
	case !utf8.ValidString(reason):
		return "", "must be valid UTF-8, or " + encodedText + " and the text percent-encoded"
	case strings.ContainsFunc(reason, breaksLine):
		return "", "must not contain line breaks or other control characters"
	}
	return reason, ""
}

// breaksLine tells whether a text with the character is not on one line for everybody who
// shows it.
func breaksLine(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }
