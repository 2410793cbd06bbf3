package server

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/jsonvalue"
)

// decodedBody is a request body that was read and decoded. The operation's
// bodyReader has made of it what the handler gets, so there is nothing left for
// the generated code to bind.
type decodedBody struct {
	io.Reader
	size   int // in bytes, as it was sent
	value  any
	absent bool // whether none was sent, to an operation that can do without
}

// ValidatedValue returns nothing, of which the generated code makes an empty
// body.
func (b decodedBody) ValidatedValue() any { return nil }

// Close does nothing: the connection's body was read to its end.
func (b decodedBody) Close() error { return nil }

// decodeBody decodes the body of r, which must be of one of the operation's
// media types. All of them mean the same JSON, and there is nothing left to bind:
// the Content-Type goes, by which the generated code would choose what it binds
// an empty body to. The value holds numbers as json.Number; strings
// that hold a NUL come back as offences.
//
// Where the body is optional, an empty one is none, whatever its Content-Type:
// clients that send nothing name any type or no type.
func decodeBody(r *http.Request, op *operation, data []byte) (decodedBody, fault.Offences, error) {
	if op.optional && len(data) == 0 {
		return decodedBody{Reader: http.NoBody, absent: true}, nil, nil
	}
	if err := checkMediaType(r, op.mediaTypes); err != nil {
		return decodedBody{}, nil, err
	}
	value, offences, err := decodeJSON(data)
	if err != nil {
		return decodedBody{}, nil, err
	}
	return decodedBody{Reader: http.NoBody, size: len(data), value: value}, offences, nil
}

func checkMediaType(r *http.Request, mediaTypes []string) error {
	sent := r.Header.Get("Content-Type")
	mediaType, params, err := sent, map[string]string(nil), error(nil)
	if !slices.Contains(mediaTypes, sent) {
		mediaType, params, err = mime.ParseMediaType(sent)
	}
	if err != nil || !slices.Contains(mediaTypes, mediaType) {
		return unsupported("Content-Type must be one of %s; got %s", strings.Join(mediaTypes, ", "), fault.Quote(sent))
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return unsupported("the charset of the body must be utf-8; got Content-Type %s", fault.Quote(sent))
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return unsupported("the body must not be compressed; got Content-Encoding %s", fault.Quote(coding))
	}
	r.Header.Del("Content-Type")
	return nil
}

func unsupported(format string, args ...any) *problem {
	return &problem{
		status: http.StatusUnsupportedMediaType,
		code:   api.ProblemCodeUnsupportedMediaType,
		detail: fmt.Sprintf(format, args...),
	}
}

// decodeJSON decodes the one JSON value that data must be (RFC 8259, and the
// stricter RFC 7493 in that it refuses duplicate names and lone surrogates). A
// byte order mark ahead of it is passed over.
func decodeJSON(data []byte) (any, fault.Offences, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil, invalidJSON("", "the body is empty; send a JSON object")
	}
	value, nuls, err := jsonvalue.Decode(data)
	if err != nil {
		words, at := jsonvalue.Explain(err)
		if n := validPrefix(data); n < len(data) {
			words = fmt.Sprintf("is not valid JSON: it is not UTF-8 at byte %d", n+1)
		}
		return nil, nil, invalidJSON(string(at), "the body "+words)
	}
	var offences fault.Offences
	for _, path := range nuls {
		offences.Add(path, "must not contain a NUL character")
	}
	return value, offences, nil
}

// validPrefix is how many bytes of data are UTF-8, up to the first that is not.
func validPrefix(data []byte) int {
	n := 0
	for n < len(data) {
		r, size := utf8.DecodeRune(data[n:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		n += size
	}
	return n
}

func invalidJSON(pointer, detail string) *problem {
	return &problem{
		status: http.StatusBadRequest,
		code:   api.ProblemCodeInvalidJSON,
		detail: detail,
		fields: []api.FieldProblem{{
			Field:   strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", "."),
			Pointer: &pointer,
			In:      api.FieldProblemInBody,
			Code:    api.ProblemCodeInvalidJSON,
			Message: detail,
		}},
	}
}
