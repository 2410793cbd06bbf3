package normal

import (
	"net/mail"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Email returns the form in which an address is stored: trimmed, in lower case,
// in Unicode NFC, and without invisible characters. The answer is false if it is
// not a bare address (RFC 5322, addr-spec) of at most maxEmail bytes.
func Email(s string) (string, bool) {
	s = email(s)
	return s, s != "" && len(s) <= maxEmail && isAddress(s)
}

func email(s string) string {
	if s = Trim(s); isASCII(s) {
		return strings.ToLower(s)
	}
	return norm.NFC.String(strings.ToLower(visible(s)))
}

// EmailKey returns the form in which addresses are compared: as Fold, and an
// international domain is in Punycode, however it was written (RFC 5891). Of an
// address of ASCII it is the one in which it is stored.
func EmailKey(s string) string {
	s = email(s)
	if isASCII(s) {
		return s
	}
	if local, domain, ok := punycoded(s); ok {
		return Fold(local) + "@" + domain
	}
	return Fold(s)
}

// MailAddress returns the form of an address that every mail server reads: as it is
// stored, with an international domain in Punycode.
func MailAddress(s string) string {
	if local, domain, ok := punycoded(s); ok {
		return local + "@" + domain
	}
	return s
}

// punycoded splits an address, and writes its domain in Punycode; false if that
// cannot be done.
func punycoded(s string) (local, domain string, ok bool) {
	local, domain = splitAddress(s)
	domain, err := idna.Lookup.ToASCII(domain)
	return local, domain, err == nil && domain != ""
}

// splitAddress returns what is on the sides of the @; no domain if there is
// none.
func splitAddress(s string) (local, domain string) {
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return s, ""
	}
	return s[:at], s[at+1:]
}

// isAddress tells whether a text is an addr-spec and no more. The parser would
// take a name and a comment beside it, and knows no IPv6.
func isAddress(s string) bool {
	local, domain := splitAddress(s)
	if isIPv6(domain) {
		domain = "[127.0.0.1]"
	}
	parsed, err := mail.ParseAddress(local + "@" + domain)
	switch {
	case err != nil || parsed.Name != "":
		return false
	case strings.HasPrefix(local, `"`):
		return strings.HasSuffix(local, `"`) && strings.HasSuffix(parsed.Address, "@"+domain)
	}
	return parsed.Address == local+"@"+domain
}

// isIPv6 tells whether a domain, in lower case, is an address literal of IPv6
// (RFC 5321, section 4.1.3).
func isIPv6(domain string) bool {
	literal, tagged := strings.CutPrefix(domain, "[ipv6:")
	literal, closed := strings.CutSuffix(literal, "]")
	ip, err := netip.ParseAddr(literal)
	return tagged && closed && err == nil && ip.Is6() && ip.Zone() == ""
}

// SpaceInEmail is what is wrong with a part of an e-mail address to search for
// that holds a space. Forms read a bare + as one.
const SpaceInEmail = "must not contain a space, which no e-mail address has; write + as %2B"

// HasSpaceInEmail tells whether a part of an address holds a space within, which
// only a quoted one can.
func HasSpaceInEmail(part string) bool {
	return strings.Contains(Trim(part), " ") && !strings.Contains(part, `"`)
}
