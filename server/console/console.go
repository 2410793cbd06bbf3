// Package console serves what people look at in a browser: the console, a small
// web application on the public API, and the reference of the API. "make console"
// builds both from src into dist, which is embedded.
package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed dist
var dist embed.FS

// policy is what the pages may do: run and show what this origin serves, and call
// it. Nothing inline, nothing from elsewhere, and no other page around them.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// packed ends the names of files that are kept, and sent, compressed.
const packed = ".gz"

// file is one that is served.
type file struct {
	kind string // its media type
	tag  string // its entity tag, without the last quote
	body []byte // as it lies
	gzip bool   // whether that is compressed
}

// files are read when the first one is asked for: most commands serve none.
var files = sync.OnceValue(load)

// load reads what is embedded. The files are there or the program was not built.
func load() map[string]file {
	found := make(map[string]file)
	err := fs.WalkDir(dist, "dist", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := dist.ReadFile(name)
		sum := sha256.Sum256(body)
		plain, isPacked := strings.CutSuffix(strings.TrimPrefix(name, "dist"), packed)
		f := file{
			kind: mime.TypeByExtension(path.Ext(plain)), tag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]), body: body, gzip: isPacked,
		}
		if folder, ok := strings.CutSuffix(plain, "index.html"); ok {
			plain = folder
		}
		found[plain] = f
		return err
	})
	if err != nil {
		panic(err)
	}
	return found
}

// Serve answers a request for a page or one of its parts, and tells whether it is
// one. acceptsGzip says whether the caller takes what is kept compressed. A body
// is sent in one piece, which others may compress.
func Serve(w http.ResponseWriter, r *http.Request, acceptsGzip bool) bool {
	f, ok := files()[r.URL.Path]
	if !ok {
		return false
	}
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Content-Type", f.kind)
	header.Set("ETag", f.tag+`"`)
	if strings.Contains(r.Header.Get("If-None-Match"), f.tag) {
		w.WriteHeader(http.StatusNotModified)
		return true
	}
	_, _ = w.Write(f.as(header, acceptsGzip)) // Who has gone needs no answer.
	return true
}

// as returns the body as it is sent, and names its coding.
func (f file) as(header http.Header, acceptsGzip bool) []byte {
	if !f.gzip {
		return f.body
	}
	if acceptsGzip {
		header.Set("Content-Encoding", "gzip")
		header.Set("ETag", f.tag+`-gzip"`)
		return f.body
	}
	reader, err := gzip.NewReader(bytes.NewReader(f.body))
	if err != nil {
		panic(err) // The build has written it.
	}
	body, err := io.ReadAll(reader)
	if err != nil {
		panic(err)
	}
	return body
}

// Lead sends a browser to another path of this origin.
func Lead(w http.ResponseWriter, path string) {
	w.Header().Set("Location", path)
	w.WriteHeader(http.StatusFound)
}
