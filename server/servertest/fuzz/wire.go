package fuzz

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// patience is how long an answer may take.
const patience = 20 * time.Second

// answer is what a request was answered.
type answer struct {
	status int
	header http.Header
	body   []byte // as it was before it was compressed
	closes bool
}

// wire is a connection, over which requests go as they are: net/http would mend them.
type wire struct {
	address string
	conn    net.Conn
	reader  *bufio.Reader
}

func (w *wire) close() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}

func (w *wire) dial() error {
	if w.conn != nil {
		return nil
	}
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		return err
	}
	w.conn, w.reader = conn, bufio.NewReader(conn)
	return nil
}

// bytes are the request as it goes over the wire.
func (r *request) bytes() []byte {
	var to bytes.Buffer
	fmt.Fprintf(&to, "%s %s HTTP/1.1\r\n", r.method, r.target)
	for _, h := range r.header {
		fmt.Fprintf(&to, "%s: %s\r\n", h[0], h[1])
	}
	if r.hasBody {
		to.WriteString("Content-Length: " + strconv.Itoa(len(r.body)) + "\r\n")
	}
	to.WriteString("\r\n")
	to.Write(r.body)
	return to.Bytes()
}

// send sends a request, and returns its answer.
func (w *wire) send(r *request) (*answer, error) {
	if err := w.dial(); err != nil {
		return nil, err
	}
	_ = w.conn.SetDeadline(time.Now().Add(patience))
	conn, data := w.conn, r.bytes()
	// The answer can come before the server has read all, and can end the connection.
	go func() { _, _ = conn.Write(data) }()
	a, err := w.read(r.method)
	if err == nil && !a.closes && w.reader.Buffered() > 0 {
		err = errors.New("more comes than the answer")
	}
	if err != nil || a.closes {
		w.close()
	}
	return a, err
}

// read reads an answer. Interim ones are passed over.
func (w *wire) read(method string) (*answer, error) {
	for {
		resp, err := http.ReadResponse(w.reader, &http.Request{Method: method})
		if err != nil {
			return nil, fmt.Errorf("no answer: %w", err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, fmt.Errorf("broken answer: %w", err)
		}
		if resp.StatusCode < http.StatusOK {
			continue
		}
		a := &answer{status: resp.StatusCode, header: resp.Header, body: body, closes: resp.Close}
		if resp.Header.Get("Content-Encoding") == "gzip" && len(body) > 0 {
			a.body, err = unzip(body)
		}
		return a, err
	}
}

func unzip(data []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("answer that is no gzip: %w", err)
	}
	return io.ReadAll(r)
}

// heard is what comes back for broken bytes.
type heard struct {
	answers []*answer
	err     error // why the last one could not be read; nil: the server ended the connection, or waits
}

// How long this program listens on after all answers that must come, and where none
// must: longer than the server waits for a body.
const (
	afterwards = 30 * time.Millisecond
	silence    = 700 * time.Millisecond
)

// sendAlone sends bytes over a connection of their own, and hears all answers.
func (w *wire) sendAlone(raw *broken) heard {
	alone := &wire{address: w.address}
	defer alone.close()
	if err := alone.dial(); err != nil {
		return heard{err: err}
	}
	conn := alone.conn
	go func() {
		for _, piece := range raw.pieces {
			if _, err := conn.Write(piece); err != nil {
				return
			}
		}
		if half, ok := conn.(*net.TCPConn); ok && raw.ends {
			_ = half.CloseWrite()
		}
	}()
	var h heard
	for i := 0; ; i++ {
		_ = conn.SetReadDeadline(time.Now().Add(raw.wait(i)))
		if _, err := alone.reader.Peek(1); err != nil {
			return h // It hung up, or waits.
		}
		a, err := alone.read(raw.method(i))
		if err != nil {
			h.err = err
			return h
		}
		h.answers = append(h.answers, a)
		if a.closes {
			return h
		}
	}
}

// wait is how long to wait for an answer.
func (b *broken) wait(i int) time.Duration {
	switch {
	case i < b.answers:
		return patience
	case b.answers == 0:
		return silence
	}
	return afterwards
}

// curl is a command that sends the request again.
func (r *request) curl(address string) string {
	var to strings.Builder
	to.WriteString("curl -sSi --path-as-is -X " + shell(r.method))
	for _, h := range r.header[1:] {
		switch {
		case h[1] == "": // without the semicolon curl drops it
			to.WriteString(" -H " + shell(h[0]+";"))
		default:
			to.WriteString(" -H " + shell(h[0]+": "+h[1]))
		}
	}
	if r.hasBody {
		to.WriteString(" --data-binary " + shell(string(r.body)))
	}
	return to.String() + " " + shell("http://"+address+r.target)
}

// shell quotes a text for bash.
func shell(text string) string {
	plain := func(r rune) bool { return r >= ' ' && r < 0x7f && r != '\'' && r != '\\' }
	if strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return "'" + text + "'"
	}
	var to strings.Builder
	to.WriteString("$'")
	for i := range len(text) {
		if c := text[i]; plain(rune(c)) {
			to.WriteByte(c)
		} else {
			fmt.Fprintf(&to, `\x%02x`, c)
		}
	}
	return to.String() + "'"
}
