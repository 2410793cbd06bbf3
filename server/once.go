package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/account"
)

// The headers of a request that is carried out once, and of its answer.
const (
	idempotencyKeyHeader = "Idempotency-Key"
	replayedHeader       = "Idempotency-Replayed"
)

// carryOutOnce answers a request with an Idempotency-Key as the same one was
// answered before. What a handler answers is kept in the transaction of what it
// writes, so that there is never one without the other. A dry run writes
// nothing, and may be repeated.
func (s *Server) carryOutOnce(next apiserver.StrictHandlerFunc, operationID string) apiserver.StrictHandlerFunc {
	return func(c *gin.Context, request any) (any, error) {
		name := c.GetHeader(idempotencyKeyHeader)
		if op := s.operations.of(c); name == "" || !op.once || c.Query("dry_run") == "true" {
			return next(c, request)
		}
		id := account.AnswerID{KeyID: actorOf(c.Request.Context()).KeyID, Name: name}
		answer, replayed, err := s.accounts.Once(c.Request.Context(), id, fingerprint(c.Request), func(ctx context.Context) (account.Answer, error) {
			inner := c.Copy()
			inner.Request = inner.Request.WithContext(ctx)
			response, err := next(inner, request)
			if err != nil {
				return account.Answer{}, err
			}
			return render(response, operationID)
		})
		if err != nil {
			return nil, err
		}
		if replayed {
			c.Header(replayedHeader, "true")
		}
		return nil, writeAnswer(c.Writer, answer)
	}
}

// fingerprint tells requests apart: by method, path, query and body.
func fingerprint(r *http.Request) [sha256.Size]byte {
	hash := sha256.New()
	fmt.Fprintf(hash, "%s\n%s\n%s\n", r.Method, r.URL.Path, r.URL.Query().Encode())
	if sent, ok := r.Body.(body); ok {
		hash.Write(sent.data)
	}
	return [sha256.Size]byte(hash.Sum(nil))
}

// render writes what a handler returned as it would be sent.
func render(response any, operationID string) (account.Answer, error) {
	w := &recorder{header: make(http.Header)}
	var err error
	switch r := response.(type) {
	case apiserver.CreateAccountResponseObject:
		err = r.VisitCreateAccountResponse(w)
	case apiserver.UpdateAccountResponseObject:
		err = r.VisitUpdateAccountResponse(w)
	case apiserver.BatchUpdateAccountsResponseObject:
		err = r.VisitBatchUpdateAccountsResponse(w)
	case apiserver.CreateContactResponseObject:
		err = r.VisitCreateContactResponse(w)
	case apiserver.UpdateContactResponseObject:
		err = r.VisitUpdateContactResponse(w)
	case apiserver.CreatePropertyResponseObject:
		err = r.VisitCreatePropertyResponse(w)
	case apiserver.UpdatePropertyResponseObject:
		err = r.VisitUpdatePropertyResponse(w)
	default:
		err = fmt.Errorf("%s takes an %s, but its answer cannot be kept", operationID, idempotencyKeyHeader)
	}
	header := make(map[string]string, len(w.header))
	for name := range w.header {
		header[name] = w.header.Get(name)
	}
	return account.Answer{Status: w.status, Header: header, Body: w.body.Bytes()}, err
}

// recorder keeps an answer instead of sending it.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header returns the headers, to be set.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader keeps the status.
func (r *recorder) WriteHeader(status int) { r.status = status }

// Write keeps a part of the body.
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

func writeAnswer(w http.ResponseWriter, answer account.Answer) error {
	for name, value := range answer.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(answer.Status)
	_, err := w.Write(answer.Body)
	return err
}
