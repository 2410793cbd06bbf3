package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/feed"
)

// How a stream of changes goes on while nothing happens.
const (
	heartbeat     = 15 * time.Second // between two signs of life, which proxies want within half a minute or more
	keyCheck      = time.Second      // between two looks whether the key is still good
	reconnectTime = time.Second      // after which whoever lost the stream should connect again
	streamPage    = 100              // changes that are sent together
)

// changeStream is an answer that does not end by itself.
type changeStream struct {
	server *Server
	ctx    context.Context // of the request, until the server stops
	end    func()
	reader *feed.Reader
	after  int64
	first  []account.HistoryEntry
}

// streamChanges begins a stream. What can be refused is refused before it begins.
func (s *Server) streamChanges(ctx context.Context, after int64) (apiserver.ListChangesResponseObject, error) {
	first, err := s.Accounts.Changes(ctx, actorOf(ctx), after, streamPage)
	if err != nil {
		return nil, err
	}
	waiting, end, err := s.beginWaiting(ctx)
	if err != nil {
		return nil, err
	}
	return &changeStream{server: s, ctx: waiting, end: end, reader: s.Feed.Follow(actorOf(ctx)), after: after, first: first}, nil
}

// VisitListChangesResponse sends changes until the caller leaves, the key ends or the
// server stops. No error is one that could be told any more.
func (a *changeStream) VisitListChangesResponse(w http.ResponseWriter) error {
	defer a.end()
	defer a.reader.Close()
	header := w.Header()
	header.Set("Content-Type", eventStream)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would wait for more
	w.WriteHeader(http.StatusOK)
	out := &eventWriter{w: w, control: http.NewResponseController(w)}
	fmt.Fprintf(&out.text, "retry: %d\n\n", reconnectTime.Milliseconds())
	err := a.send(out, a.first)
	for sent := time.Now(); err == nil && a.ctx.Err() == nil; {
		var entries []account.HistoryEntry
		if entries, err = a.next(); err != nil {
			break
		}
		if len(entries) == 0 && time.Since(sent) >= heartbeat {
			out.text.WriteString(": nothing new\n\n")
		}
		if len(entries) > 0 || out.text.Len() > 0 {
			err, sent = a.send(out, entries), time.Now()
		}
	}
	if err != nil {
		a.server.log.DebugContext(a.ctx, "a stream of changes ended", "error", err)
	}
	return nil
}

// next waits for changes, but no longer than until the key is to be looked at.
func (a *changeStream) next() ([]account.HistoryEntry, error) {
	waiting, cancel := context.WithTimeout(a.ctx, keyCheck)
	defer cancel()
	entries, err := a.reader.Next(waiting, a.after, streamPage)
	return entries, errors.Join(err, a.server.checkKey(requestIn(a.ctx)))
}

// send sends changes, and moves the position behind them.
func (a *changeStream) send(out *eventWriter, entries []account.HistoryEntry) error {
	for _, e := range entries {
		change := ToAPIChange(e)
		data, err := json.Marshal(change)
		if err != nil {
			return err
		}
		fmt.Fprintf(&out.text, "id: %s\nevent: %s\ndata: %s\n\n", change.Sequence, change.Kind, data)
	}
	if len(entries) > 0 {
		a.after = entries[len(entries)-1].Sequence
	}
	return out.flush()
}

// eventWriter gathers events, and sends them together.
type eventWriter struct {
	text    bytes.Buffer
	w       http.ResponseWriter
	control *http.ResponseController
}

func (w *eventWriter) flush() error {
	// An error means that there is no connection, as in a test.
	_ = w.control.SetWriteDeadline(time.Now().Add(sendTime))
	_, err := w.text.WriteTo(w.w)
	return errors.Join(err, w.control.Flush())
}
