package server

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// handshakeTimeout is how long a peer may take to agree on a connection's keys.
const handshakeTimeout = 10 * time.Second

// TLSListener is ProblemListener for connections that are encrypted, with HTTP/2 or
// HTTP/1.1 as the peer has it. Failed, if it is there, is told of those that came to
// nothing. The server that it is for must have the same TLSConfig.
func TLSListener(l net.Listener, config *tls.Config, failed func(peer net.Addr, err error)) net.Listener {
	ctx, cancel := context.WithCancel(context.Background())
	t := &tlsListener{Listener: l, config: config, failed: failed, ready: make(chan net.Conn), ended: make(chan error, 1), ctx: ctx, cancel: cancel}
	go t.acceptAll()
	return t
}

type tlsListener struct {
	net.Listener
	config *tls.Config
	failed func(net.Addr, error)
	ready  chan net.Conn
	ended  chan error // why there are no more
	ctx    context.Context
	cancel context.CancelFunc
	close  sync.Once
}

// acceptAll lets connections come to an agreement beside each other, so that a slow
// peer holds nobody up.
func (l *tlsListener) acceptAll() {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			l.ended <- err
			return
		}
		go l.agree(conn)
	}
}

// agree hands over a connection as net/http can use it. HTTP/2 it finds by the type;
// what it answers by itself over HTTP/1.1 is rewritten as on other connections.
func (l *tlsListener) agree(conn net.Conn) {
	secure := tls.Server(conn, l.config)
	ctx, cancel := context.WithTimeout(l.ctx, handshakeTimeout)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		if l.failed != nil && l.ctx.Err() == nil {
			l.failed(conn.RemoteAddr(), err)
		}
		return
	}
	var ready net.Conn = secure
	if secure.ConnectionState().NegotiatedProtocol != "h2" {
		ready = problemConn{secure}
	}
	select {
	case l.ready <- ready:
	case <-l.ctx.Done():
		_ = conn.Close()
	}
}

// Accept waits for a connection that has its keys.
func (l *tlsListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.ready:
		return conn, nil
	case err := <-l.ended:
		l.ended <- err // for who asks again
		return nil, err
	}
}

// Close ends the listener, and what has not come to an agreement.
func (l *tlsListener) Close() error {
	l.close.Do(l.cancel)
	return l.Listener.Close()
}
