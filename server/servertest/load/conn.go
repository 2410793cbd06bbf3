package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// conn is one connection, kept alive. It is much lighter than an http.Client,
// which would take from the server on the same machine.
type conn struct {
	net.Conn
	key     string
	reader  *bufio.Reader
	request []byte
}

// patience is how long an answer may take.
const patience = 2 * time.Minute

func dial(addr, key string) (*conn, error) {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, key: key, reader: bufio.NewReaderSize(c, 16<<10)}, nil
}

// answer is what came back.
type answer struct {
	status int
	tag    string // the ETag
	body   []byte
}

// send sends a request, and returns the answer.
func (c *conn) send(method, path string, body []byte) (answer, error) {
	c.request = fmt.Appendf(c.request[:0], "%s %s HTTP/1.1\r\nHost: load\r\nX-Api-Key: %s\r\n", method, path, c.key)
	if body != nil {
		c.request = fmt.Appendf(c.request, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	c.request = append(append(c.request, "\r\n"...), body...)
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return answer{}, err
	}
	if _, err := c.Write(c.request); err != nil {
		return answer{}, err
	}
	resp, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return answer{}, err
	}
	got, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header.Get("Etag"), got}, err
}
