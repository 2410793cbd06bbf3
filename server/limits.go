package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/semaphore"

	"github.com/accountsd/accountsd/gen/api"
)

// smallBody is up to how many bytes a body is small: it need not wait for room,
// and is all that callers without a key may send.
const smallBody = 16 << 10

// roomWait is how long a body waits for room before its caller is sent away.
const roomWait = 2 * time.Second

// room bounds the memory of bodies. What arrives is held as bytes, and a decoded
// body takes many times as much, so that few are decoded at once. Small bodies
// have a room of their own: none of them waits for a large one.
type room struct {
	reading       *semaphore.Weighted // bytes of large bodies that arrive
	large, small  *semaphore.Weighted // bytes of bodies that are decoded, until they are answered
	readingBytes  int64
	decodingBytes int64
}

// newRoom returns room for large bodies of size bytes, and for decoding the
// largest one, or all that is small.
func newRoom(size, largest int64) *room {
	size = max(size, largest)
	return &room{
		reading: semaphore.NewWeighted(size), readingBytes: size,
		large: semaphore.NewWeighted(largest), decodingBytes: largest,
		small: semaphore.NewWeighted(max(size/8, smallBody)),
	}
}

// take waits for room of n bytes, and returns what gives it back.
func take(ctx context.Context, from *semaphore.Weighted, n int64) (func(), error) {
	release := func() { from.Release(n) }
	if from.TryAcquire(n) {
		return release, nil
	}
	ctx, cancel := context.WithTimeout(ctx, roomWait)
	defer cancel()
	if err := from.Acquire(ctx, n); err != nil {
		return nil, &problem{
			status:     http.StatusServiceUnavailable,
			code:       api.ProblemCodeUnavailable,
			detail:     "the server is busy with the bodies of other requests; nothing was written, try again",
			retryAfter: "2",
		}
	}
	return release, nil
}

// decode waits until a body may be decoded.
func (r *room) decode(ctx context.Context, size int64) (func(), error) {
	if size <= smallBody {
		return take(ctx, r.small, size)
	}
	return take(ctx, r.large, min(size, r.decodingBytes))
}

// bodyLimit is how many bytes a body of the operation may have.
func (s *Server) bodyLimit(op *operation) int64 {
	if op.security == byKey {
		return s.config.MaxBodyBytes
	}
	return min(smallBody, s.config.MaxBodyBytes)
}

// receive reads the body of a request, and returns what ends its claim on
// memory, to be called when the request is answered. One that is said to be too
// large is refused before any of it is asked for ("Expect: 100-continue").
func (s *Server) receive(c *gin.Context, op *operation) (data []byte, release func(), err error) {
	r, limit := c.Request, s.bodyLimit(op)
	if r.ContentLength > limit {
		return nil, nil, &http.MaxBytesError{Limit: limit}
	}
	control := http.NewResponseController(c.Writer)
	// An error means that there is no connection, as in a test.
	_ = control.SetReadDeadline(time.Now().Add(s.config.BodyTimeout))
	body := http.MaxBytesReader(c.Writer, r.Body, limit)
	data, err = readAll(nil, io.LimitReader(body, smallBody+1), min(max(r.ContentLength, 0), smallBody+1))
	if err == nil && len(data) > smallBody {
		size := min(limit, s.room.readingBytes)
		if r.ContentLength > 0 {
			size = min(size, r.ContentLength)
		}
		arrived, full := take(r.Context(), s.room.reading, size)
		if full != nil {
			return nil, nil, full
		}
		defer arrived()
		data, err = readAll(data, body, size)
	}
	if err != nil {
		return nil, nil, s.unreadable(err)
	}
	_ = control.SetReadDeadline(time.Time{}) // It would end the request while it is carried out.
	release, err = s.room.decode(r.Context(), int64(len(data)))
	return data, release, err
}

// readAll reads what goes on from first, which is probably size bytes together.
func readAll(first []byte, rest io.Reader, size int64) ([]byte, error) {
	buffer := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	buffer.Write(first)
	_, err := buffer.ReadFrom(rest)
	return buffer.Bytes(), err
}

// unreadable says why a body could not be read, which is the caller's doing.
func (s *Server) unreadable(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &problem{
			status: http.StatusRequestTimeout,
			code:   api.ProblemCodeRequestTimeout,
			detail: fmt.Sprintf("the body did not arrive within %s s", seconds(s.config.BodyTimeout)),
		}
	}
	return invalidJSON("", "the body broke off: its chunks are malformed, or the connection ended before it did")
}
