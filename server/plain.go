package server

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/server/jsonvalue"
)

// plainJSON keeps & < > as they are in answers of JSON. The generated code has
// them escaped for HTML.
func plainJSON(c *gin.Context) { c.Writer = plainWriter{c.Writer} }

// plainWriter takes a JSON document in one piece.
type plainWriter struct{ gin.ResponseWriter }

// Unwrap returns the writer beneath, for http.ResponseController.
func (w plainWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Write writes body without its escapes for HTML.
func (w plainWriter) Write(body []byte) (int, error) {
	if !strings.HasSuffix(w.Header().Get("Content-Type"), "json") {
		return w.ResponseWriter.Write(body)
	}
	if _, err := w.ResponseWriter.Write(jsonvalue.Plain(body)); err != nil {
		return 0, err
	}
	return len(body), nil
}
