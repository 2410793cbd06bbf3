package lenient

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The values of parameters that have been read in any case.
var operators = []string{"eq", "neq", "gt", "gte", "lt", "lte", "contains", "in", "nin", "between", "exists"}

// defaultPageSize is the default of page_size in the specification.
const defaultPageSize = 20

// without takes a parameter away, if its value is one of the given ones; any, if
// none is given.
func without(name string, values ...string) func(url.Values) bool {
	return func(q url.Values) bool {
		ok := len(q[name]) > 0 && (len(values) == 0 || slices.Contains(values, q.Get(name)) && len(q[name]) == 1)
		if ok {
			q.Del(name)
		}
		return ok
	}
}

// renamed gives a parameter another name, which was not sent.
func renamed(from, to string) func(url.Values) bool {
	return func(q url.Values) bool {
		ok := q.Has(from) && !q.Has(to)
		if ok {
			q[to] = q[from]
			q.Del(from)
		}
		return ok
	}
}

// each reads a parameter that is sent once.
func each(name string, read func(string) (string, bool)) func(url.Values) bool {
	return func(q url.Values) bool {
		sent := q.Get(name)
		value, ok := read(sent)
		ok = ok && len(q[name]) == 1 && value != sent
		if ok {
			q.Set(name, value)
		}
		return ok
	}
}

func atMost(limit int) func(string) (string, bool) {
	return func(sent string) (string, bool) {
		n, err := strconv.Atoi(sent)
		return strconv.Itoa(limit), err == nil && n > limit
	}
}

// offsetAsPage reads an offset that is at the start of a page.
func offsetAsPage(q url.Values) bool {
	offset, err := strconv.ParseInt(q.Get("offset"), 10, 64)
	size := int64(defaultPageSize)
	if sent, err := strconv.ParseInt(q.Get("page_size"), 10, 64); err == nil && sent > 0 {
		size = sent
	}
	if err != nil || offset < 0 || offset%size != 0 || q.Has("page") || len(q["offset"]) != 1 {
		return false
	}
	q.Set("page", strconv.FormatInt(offset/size+1, 10))
	q.Del("offset")
	return true
}

// withZone reads a date, or a date-time without a zone, as one in UTC.
func withZone(sent string) (string, bool) {
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05", time.DateTime, "2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, sent); err == nil {
			return t.Format(time.RFC3339Nano), true
		}
	}
	return "", false
}

// oneOf reads one of the values in any case.
func oneOf(values ...string) func(string) (string, bool) {
	return func(sent string) (string, bool) {
		i := slices.IndexFunc(values, func(value string) bool { return strings.EqualFold(value, sent) })
		if i < 0 {
			return "", false
		}
		return values[i], true
	}
}

// boolean reads the words that languages and forms have for true and false.
func boolean(sent string) (string, bool) {
	switch strings.ToLower(sent) {
	case "true", "1", "yes", "on":
		return "true", true
	case "false", "0", "no", "off":
		return "false", true
	}
	return "", false
}

// joined makes one list of a parameter that was repeated.
func joined(name string) func(url.Values) bool {
	return func(q url.Values) bool {
		ok := len(q[name]) > 1
		if ok {
			q.Set(name, strings.Join(q[name], ","))
		}
		return ok
	}
}

// withoutItem takes an item out of a list; with the last one goes the parameter.
func withoutItem(name, item string) func(url.Values) bool {
	return func(q url.Values) bool {
		sent := strings.Split(q.Get(name), ",")
		left := slices.DeleteFunc(slices.Clone(sent), func(s string) bool { return s == item })
		switch {
		case len(left) == len(sent):
			return false
		case len(left) == 0:
			q.Del(name)
		default:
			q.Set(name, strings.Join(left, ","))
		}
		return true
	}
}
