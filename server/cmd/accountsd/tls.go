package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server"
)

// tlsFlags are the settings without which nothing is encrypted.
func tlsFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "tls-cert", Usage: "serve HTTPS with the certificate in `FILE` (PEM, with those that lead to it); it is read again when it has changed", Sources: fromEnv("TLS_CERT")},
		&cli.StringFlag{Name: "tls-key", Usage: "the key of that certificate in `FILE` (PEM)", Sources: fromEnv("TLS_KEY")},
	}
}

// configureTLS returns how connections are encrypted; nil if they are not.
func configureTLS(cmd *cli.Command, logger *slog.Logger) (*tls.Config, error) {
	cert, key := cmd.String("tls-cert"), cmd.String("tls-key")
	if cert == "" && key == "" {
		return nil, nil
	}
	if cert == "" || key == "" {
		return nil, usageError(cmd, "--tls-cert and --tls-key go together; got one of them")
	}
	c := &certificate{certFile: cert, keyFile: key, logger: logger, now: time.Now}
	if err := c.load(); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current(), nil },
	}, nil
}

// lookEvery is how often the files of a certificate are looked at, as long as
// somebody connects.
const lookEvery = time.Second

// certificate is one that is read again when its files have changed. One that
// cannot be read leaves the former in use.
type certificate struct {
	certFile, keyFile string
	logger            *slog.Logger
	now               func() time.Time

	mu     sync.Mutex
	pair   *tls.Certificate
	looked time.Time
	state  string // of the files, as they were when they were last read
}

// current returns the certificate.
func (c *certificate) current() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.looked) >= lookEvery {
		c.looked = now
		c.renew()
	}
	return c.pair
}

// renew reads the files if they have changed.
func (c *certificate) renew() {
	before := c.state
	if fileState(c.certFile, c.keyFile) == before {
		return
	}
	if err := c.load(); err != nil {
		// Once for each change: half of it may be written yet.
		c.logger.Error("the new certificate cannot be used; the former stays", "error", err)
		return
	}
	c.logger.Info("certificate read again", "notAfter", c.pair.Leaf.NotAfter)
}

// load reads the files. Their state is taken first: what changes meanwhile is read
// the next time.
func (c *certificate) load() error {
	c.state = fileState(c.certFile, c.keyFile)
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("read the certificate in %s with the key in %s: %w", c.certFile, c.keyFile, err)
	}
	c.pair = &pair
	return nil
}

// fileState tells files apart from what they were.
func fileState(names ...string) string {
	state := ""
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			state += err.Error() + ";"
			continue
		}
		state += fmt.Sprint(info.ModTime().UnixNano(), info.Size(), ";")
	}
	return state
}

// listenOn opens what the server accepts connections from.
func listenOn(addr string, config *tls.Config, logger *slog.Logger) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	if config == nil {
		return server.ProblemListener(listener), nil
	}
	return server.TLSListener(listener, config, func(peer net.Addr, err error) {
		logger.Debug("no TLS connection", "remoteAddr", peer.String(), "error", err)
	}), nil
}
