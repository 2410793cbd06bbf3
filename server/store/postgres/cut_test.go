package postgres_test

import (
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// cut says when a proxy cuts a connection that commits.
type cut int32

const (
	cutNothing   cut = iota
	cutBefore        // the database has heard of the commit
	cutUnderWay      // it has, and has not answered yet
	cutAfter         // it has answered, and nobody has heard of that
	cutAndKeepUp     // as cutBefore, and the database does not learn that nobody is there any more
)

// cutter is a proxy in front of a database that can cut the connection which commits
// next.
type cutter struct {
	listener net.Listener
	database string // its address
	next     atomic.Int32
	cuts     atomic.Int32

	group sync.WaitGroup
	mu    sync.Mutex
	conns []net.Conn
}

// newCutter returns a proxy in front of the database of a URL, and the URL through it.
func newCutter(t *testing.T, database string) (*cutter, string) {
	t.Helper()
	location, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{listener: listener, database: location.Host}
	c.group.Go(c.serve)
	t.Cleanup(c.close)
	location.Host = listener.Addr().String()
	query := location.Query()
	query.Set("sslmode", "disable")
	location.RawQuery = query.Encode()
	return c, location.String()
}

func (c *cutter) close() {
	_ = c.listener.Close()
	c.mu.Lock()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.mu.Unlock()
	c.group.Wait()
}

// cutNext cuts the next connection that commits.
func (c *cutter) cutNext(when cut) { c.next.Store(int32(when)) }

func (c *cutter) serve() {
	for {
		client, err := c.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", c.database)
		if err != nil {
			_ = client.Close()
			continue
		}
		c.mu.Lock()
		c.conns = append(c.conns, client, server)
		c.mu.Unlock()
		s := &session{cutter: c, client: client, server: server, statements: make(map[string]string)}
		c.group.Go(s.forward)
	}
}

// session is a connection through the proxy.
type session struct {
	*cutter
	client, server net.Conn
	statements     map[string]string // that are prepared, by name
	mute           atomic.Bool       // the client hears nothing any more
}

// forward sends on what the client sends, each group of messages at once.
func (s *session) forward() {
	defer s.client.Close()
	from := pgproto3.NewBackend(s.client, s.client)
	first, err := from.ReceiveStartupMessage()
	if err != nil || s.send(first) != nil {
		_ = s.server.Close()
		return
	}
	s.group.Go(s.answer)
	var group []byte
	commits := false
	for {
		message, err := from.Receive()
		if err != nil {
			_ = s.server.Close()
			return
		}
		commits = s.isCommit(message) || commits
		if group, err = message.Encode(group); err != nil {
			return
		}
		switch message.(type) {
		case *pgproto3.Sync, *pgproto3.Query, *pgproto3.Terminate, *pgproto3.Flush, *pgproto3.PasswordMessage:
			if !s.deliver(group, commits) {
				return
			}
			group, commits = group[:0], false
		}
	}
}

func (s *session) send(message pgproto3.FrontendMessage) error {
	encoded, err := message.Encode(nil)
	if err == nil {
		_, err = s.server.Write(encoded)
	}
	return err
}

// isCommit tells whether a message has a commit carried out.
func (s *session) isCommit(message pgproto3.FrontendMessage) bool {
	switch m := message.(type) {
	case *pgproto3.Parse:
		s.statements[m.Name] = m.Query
	case *pgproto3.Bind:
		return s.statements[m.PreparedStatement] == "COMMIT"
	case *pgproto3.Query:
		return m.String == "COMMIT"
	}
	return false
}

// deliver sends a group of messages on, unless the connection is to be cut before.
// It returns whether the connection goes on.
func (s *session) deliver(group []byte, commits bool) bool {
	when := cutNothing
	if commits {
		when = cut(s.next.Swap(int32(cutNothing)))
	}
	if when != cutNothing {
		s.cuts.Add(1)
	}
	switch when {
	case cutBefore:
		_ = s.server.Close()
		return false
	case cutAndKeepUp:
		return false
	}
	s.mute.Store(when == cutAfter || s.mute.Load())
	if _, err := s.server.Write(group); err != nil {
		return false
	}
	if when == cutUnderWay {
		_ = s.server.Close()
		return false
	}
	return true
}

// answer sends on what the database answers. Where nobody is to hear that a commit
// was carried out, it waits for that, and cuts the connection.
func (s *session) answer() {
	defer s.client.Close()
	from := pgproto3.NewFrontend(s.server, s.server)
	for {
		message, err := from.Receive()
		if err != nil {
			return
		}
		if s.mute.Load() {
			if done, ok := message.(*pgproto3.ReadyForQuery); ok && done.TxStatus == 'I' {
				_ = s.server.Close()
				return
			}
			continue
		}
		encoded, err := message.Encode(nil)
		if err == nil {
			_, err = s.client.Write(encoded)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return
		}
	}
}
