package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/accountsd/accountsd/gen/api"
)

// ProblemListener returns a listener on whose connections the errors that
// net/http answers before there is a request (a target or a Host that cannot be
// read, too long headers, an unknown transfer coding) are problem documents,
// as all others are.
func ProblemListener(l net.Listener) net.Listener { return problemListener{l} }

type problemListener struct{ net.Listener }

// Accept waits for a connection.
func (l problemListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return problemConn{conn}, nil
}

// problemConn rewrites what net/http writes of its own, which is always in one
// piece and never how the answer of a handler begins.
type problemConn struct{ net.Conn }

// rawHeader is the header of net/http's own answers.
var rawHeader = []byte("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")

// rawExpectation is how net/http's answer to an expectation that it does not know
// begins. It has no body.
var rawExpectation = []byte("HTTP/1.1 417 ")

// Write sends p, or the problem that it is.
func (c problemConn) Write(p []byte) (int, error) {
	line, _, ok := bytes.Cut(p, rawHeader)
	if bytes.HasPrefix(p, rawExpectation) {
		line, _, ok = bytes.Cut(p, []byte("\r\n"))
	}
	if !ok || !bytes.HasPrefix(p, []byte("HTTP/1.1 ")) || bytes.ContainsRune(line, '\n') {
		return c.Conn.Write(p)
	}
	code, reason, _ := strings.Cut(strings.TrimPrefix(string(line), "HTTP/1.1 "), " ")
	status, err := strconv.Atoi(code)
	if err != nil {
		return c.Conn.Write(p)
	}
	if _, err := c.Conn.Write(rawProblem(status, reason)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// CloseWrite lets the peer read the answer before the connection is closed.
func (c problemConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// rawDetails says what is wrong where net/http does not.
var rawDetails = map[int]string{
	http.StatusBadRequest:                  "the request line or a header is malformed",
	http.StatusExpectationFailed:           "Expect must be 100-continue, or be left out",
	http.StatusRequestHeaderFieldsTooLarge: "the request line and the headers are too large together",
	http.StatusNotImplemented:              "Transfer-Encoding must be chunked, or be left out",
}

func rawProblem(status int, reason string) []byte {
	code := api.ProblemCodeValidationError
	if status >= http.StatusInternalServerError {
		code = api.ProblemCodeNotImplemented
	}
	detail := rawDetails[status]
	if _, said, ok := strings.Cut(reason, ": "); ok || detail == "" {
		detail = strings.TrimSpace(said)
	}
	id := uuid.NewString()
	body, _ := json.Marshal(api.Problem{ // It has no value that cannot be written.
		Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, RequestID: id, Detail: detail, Message: detail,
	})
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n%s: %s\r\n"+
		"Content-Length: %d\r\nConnection: close\r\n\r\n", status, http.StatusText(status), requestIDHeader, id, len(body))
	return append([]byte(head), body...)
}
