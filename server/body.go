package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/jsonvalue"
)

// body is a request body that has been decoded and validated. The generated
// binder takes its value from ValidatedValue, so that handlers see exactly what
// the validator saw.
type body struct {
	io.Reader
	data   []byte
	value  any
	absent bool // whether none was sent, to an operation that can do without
}

// ValidatedValue returns the decoded body.
func (b body) ValidatedValue() any { return b.value }

// Close does nothing: the connection's body was read to its end.
func (b body) Close() error { return nil }

// readBody reads and decodes the body of r, which must be of one of the
// operation's media types. All of them mean the same JSON, so the Content-Type becomes plain
// application/json: the generated binder compares it as it stands, and would
// pass over "Application/JSON". The value holds numbers as json.Number; strings
// that hold a NUL come back as offences.
//
// Where the body is optional, an empty one is none, whatever its Content-Type:
// clients that send nothing name any type or no type.
func readBody(r *http.Request, op *operation) (body, []account.FieldError, error) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return body{}, nil, fmt.Errorf("read body: %w", err)
	}
	if op.optional && len(data) == 0 {
		return body{Reader: bytes.NewReader(nil), absent: true}, nil, nil
	}
	if err := checkMediaType(r, op.mediaTypes); err != nil {
		return body{}, nil, err
	}
	value, offences, err := decodeJSON(data)
	if err != nil {
		return body{}, nil, err
	}
	return body{Reader: bytes.NewReader(data), data: data, value: value}, offences, nil
}

func checkMediaType(r *http.Request, mediaTypes []string) error {
	sent := r.Header.Get("Content-Type")
	mediaType, params, err := mime.ParseMediaType(sent)
	charset := params["charset"]
	if err != nil || !slices.Contains(mediaTypes, mediaType) || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
		return &problem{
			status: http.StatusUnsupportedMediaType,
			code:   api.ProblemCodeUnsupportedMediaType,
			detail: fmt.Sprintf("Content-Type must be one of %s; got %s", strings.Join(mediaTypes, ", "), account.Quote(sent)),
		}
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return &problem{
			status: http.StatusUnsupportedMediaType,
			code:   api.ProblemCodeUnsupportedMediaType,
			detail: fmt.Sprintf("the body must not be compressed; got Content-Encoding %s", account.Quote(coding)),
		}
	}
	r.Header.Set("Content-Type", "application/json")
	return nil
}

// decodeJSON decodes the one JSON value that data must be (RFC 8259, and the
// stricter RFC 7493 in that it refuses duplicate names and lone surrogates).
func decodeJSON(data []byte) (any, []account.FieldError, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil, invalidJSON("", "the body is empty; send a JSON object")
	}
	value, nuls, err := jsonvalue.Decode(data)
	if err != nil {
		return nil, nil, explainJSON(err)
	}
	var offences []account.FieldError
	for _, path := range nuls {
		offences = append(offences, bodyOffence(path, "must not contain a NUL character"))
	}
	return value, offences, nil
}

// explainJSON says in our own words why data is not JSON.
func explainJSON(err error) error {
	if errors.Is(err, jsonvalue.ErrTooDeep) {
		return invalidJSON("", "the body is not acceptable JSON: it nests deeper than "+strconv.Itoa(jsonvalue.MaxDepth)+" levels")
	}
	if errors.Is(err, jsonvalue.ErrTrailing) {
		return invalidJSON("", "the body is not valid JSON: there is more text after the value")
	}
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	if !ok {
		return invalidJSON("", "the body is not valid JSON: it ends too early")
	}
	pointer := string(syntax.JSONPointer)
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return invalidJSON(pointer, fmt.Sprintf("the body is not valid JSON: member %s appears twice in one object",
			account.Quote(syntax.JSONPointer.LastToken())))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return invalidJSON(pointer, "the body is not valid JSON: it ends too early")
	}
	return invalidJSON(pointer, fmt.Sprintf("the body is not valid JSON: syntax error at byte %d", syntax.ByteOffset+1))
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
