package server

import (
	"bytes"
	"io"
	"strings"

	"github.com/gin-gonic/gin"
)

// plainJSON keeps & < > as they are in answers of JSON. The generated code has
// them escaped for HTML, and so have the types that write themselves, which an
// encoder's settings do not reach.
func plainJSON(c *gin.Context) { c.Writer = plainWriter{c.Writer} }

// unescape steps over an escaped backslash, so that what follows one stays.
var unescape = strings.NewReplacer(`\\`, `\\`, `\u0026`, `&`, `\u003c`, `<`, `\u003e`, `>`)

// plainWriter takes a JSON document in one piece.
type plainWriter struct{ gin.ResponseWriter }

// Write writes body without its escapes for HTML.
func (w plainWriter) Write(body []byte) (int, error) {
	if !bytes.Contains(body, []byte(`\u00`)) || !strings.HasSuffix(w.Header().Get("Content-Type"), "json") {
		return w.ResponseWriter.Write(body)
	}
	if _, err := io.WriteString(w.ResponseWriter, unescape.Replace(string(body))); err != nil {
		return 0, err
	}
	return len(body), nil
}
