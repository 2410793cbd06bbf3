package server

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
)

// minCompressed is how many bytes an answer must have to be worth compressing.
const minCompressed = 1 << 10

// gzipTag ends the entity tag of a compressed answer, whose bytes are others
// (RFC 9110, section 8.8.3.3).
const gzipTag = "-gzip"

// compressors bounds how many answers are compressed at once: each compressor
// takes more than half a megabyte.
var compressors = make(chan *gzip.Writer, 4)

func init() {
	for range cap(compressors) {
		compressors <- nil // made when it is first used
	}
}

// answerWriter sends an answer, whose body comes in one piece but for a stream: without that body
// to HEAD, and compressed to who accepts it.
type answerWriter struct {
	http.ResponseWriter
	head, gzip bool
	noneMatch  string // the header If-None-Match
	status     int
	begun      bool
}

func newAnswerWriter(w http.ResponseWriter, r *http.Request) *answerWriter {
	return &answerWriter{
		ResponseWriter: w, head: r.Method == http.MethodHead, gzip: acceptsGzip(r.Header),
		noneMatch: r.Header.Get("If-None-Match"), status: http.StatusOK,
	}
}

// Unwrap returns the writer beneath, for http.ResponseController.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush sends what was written of an answer in parts.
func (w *answerWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// WriteHeader keeps the status until the body is known.
func (w *answerWriter) WriteHeader(status int) { w.status = status }

// Write sends the body.
func (w *answerWriter) Write(body []byte) (int, error) {
	sent := body
	if !w.begun {
		sent = w.begin(body)
	}
	if w.head {
		return len(body), nil
	}
	_, err := w.ResponseWriter.Write(sent)
	return len(body), err
}

// end sends an answer that has no body.
func (w *answerWriter) end() {
	if !w.begun {
		w.begun = true
		if tag := compressedTag(w.Header()); w.status == http.StatusNotModified && strings.Contains(w.noneMatch, tag) {
			w.Header().Set("ETag", tag) // It is that one that is current.
		}
		w.ResponseWriter.WriteHeader(w.status)
	}
}

// compressedTag is the entity tag of an answer when it is compressed; empty if it
// has none.
func compressedTag(header http.Header) string {
	tag, ok := strings.CutSuffix(header.Get("ETag"), `"`)
	if !ok {
		return ""
	}
	return tag + gzipTag + `"`
}

// begin sends the header, and returns the body as it goes over the line.
func (w *answerWriter) begin(body []byte) []byte {
	w.begun = true
	header := w.Header()
	if header.Get("Content-Type") == eventStream { // It has parts that are not known yet.
		w.ResponseWriter.WriteHeader(w.status)
		return body
	}
	if w.gzip && !w.head && len(body) > minCompressed && header.Get("Content-Encoding") == "" {
		body = compress(body)
		header.Set("Content-Encoding", "gzip")
		if tag := compressedTag(header); tag != "" {
			header.Set("ETag", tag)
		}
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.ResponseWriter.WriteHeader(w.status)
	return body
}

func compress(body []byte) []byte {
	var compressed bytes.Buffer
	compressor := <-compressors
	defer func() { compressors <- compressor }()
	if compressor == nil {
		compressor, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // fails for an unknown level
	}
	compressor.Reset(&compressed)
	_, _ = compressor.Write(body) // A buffer takes everything.
	_ = compressor.Close()
	return compressed.Bytes()
}

// acceptsGzip reads Accept-Encoding (RFC 9110, section 12.5.3).
func acceptsGzip(header http.Header) bool {
	accepted := false
	for coding := range strings.SplitSeq(strings.Join(header.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(coding, ";")
		_, q, _ := strings.Cut(weight, "=")
		switch refused := q != "" && isZero(strings.TrimSpace(q)); strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "x-gzip":
			return !refused
		case "*":
			accepted = !refused
		}
	}
	return accepted
}

func isZero(q string) bool {
	weight, err := strconv.ParseFloat(q, 64)
	return err == nil && weight == 0
}
