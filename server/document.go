package server

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/schema"
)

// documentsBytes is how much of companies' documents is kept in memory.
const documentsBytes = 32 << 20

// documents remembers the documents of companies under the tags that they were
// answered with.
type documents struct {
	mu    sync.Mutex
	known map[int64]document // by company
	bytes int                // of all texts
}

type document struct {
	tag  string
	text []byte
}

func (d *documents) find(companyID int64, tag string) ([]byte, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := d.known[companyID]
	return known.text, known.tag == tag
}

// keep remembers a document. If there is no room left it forgets the others.
func (d *documents) keep(companyID int64, made document) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bytes -= len(d.known[companyID].text)
	delete(d.known, companyID)
	if d.known == nil || d.bytes+len(made.text) > documentsBytes {
		d.known, d.bytes = make(map[int64]document), 0
	}
	if len(made.text) <= documentsBytes {
		d.known[companyID] = made
		d.bytes += len(made.text)
	}
}

// specJSON is the spec as JSON. It is made when it is first asked for: reading
// the spec again takes longer than all else at the start.
var specJSON = sync.OnceValues(func() ([]byte, error) {
	doc, err := openapi3.NewLoader().LoadFromData(gen.OpenAPI)
	if err != nil {
		return nil, fmt.Errorf("load the spec: %w", err)
	}
	return writeSpec(doc)
})

func writeSpec(doc *openapi3.T) ([]byte, error) {
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the spec as JSON: %w", err)
	}
	return text, nil
}

func specYAML() ([]byte, error) { return gen.OpenAPI, nil }

// specHash tells this program's spec from that of another version.
var specHash = sync.OnceValue(func() uint64 {
	hash := fnv.New64a()
	hash.Write(gen.OpenAPI)
	return hash.Sum64()
})

// specHandler answers with the spec, or with that of the company whose key asks
// for it. All JSON is YAML too.
func (s *Server) specHandler(mediaType string, general func() ([]byte, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		custom, err := asksCustom(c.Request.URL.Query()["custom"])
		answer := general
		if err == nil && custom {
			answer = func() ([]byte, error) { return s.ownSpec(c) }
		}
		var text []byte
		if err == nil {
			text, err = answer()
		}
		switch {
		case err != nil:
			s.fail(c, err)
		case c.IsAborted(): // A limit has answered.
		case text == nil:
			c.Status(http.StatusNotModified)
		default:
			c.Data(http.StatusOK, mediaType, text)
		}
	}
}

// asksCustom reads the parameter custom, as those of operations are read.
func asksCustom(sent []string) (bool, error) {
	offence := fault.Offence{In: fault.InQuery, Path: []string{"custom"}, Message: "custom must be sent once"}
	switch {
	case len(sent) == 0:
		return false, nil
	case len(sent) == 1 && (sent[0] == "true" || sent[0] == "false"):
		return sent[0] == "true", nil
	case len(sent) == 1:
		parameter := openapi3.NewQueryParameter("custom").WithSchema(openapi3.NewBoolSchema())
		offence = parameterOffence(parameter, sent[0], nil)
	}
	return false, fault.Invalid([]fault.Offence{offence})
}

// ownSpec returns the spec of the caller's company; nil if the caller has it. The
// tag is of the version from before the properties were read: a document that is
// newer is made again at worst.
func (s *Server) ownSpec(c *gin.Context) ([]byte, error) {
	actor, err := s.identifyActor(c, &operation{security: byKey})
	if err != nil {
		return nil, err
	}
	ctx := c.Request.Context()
	sessionOf(ctx).actor = actor
	if s.limitRate(c); c.IsAborted() {
		return nil, nil
	}
	version, err := s.Properties.Version(ctx, actor)
	if err != nil {
		return nil, err
	}
	tag := fmt.Sprintf(`"spec-%d-%d-%x"`, actor.CompanyID, version, specHash())
	c.Header("ETag", tag)
	if sent := strings.Join(c.Request.Header.Values("If-None-Match"), ","); sent != "" && !noneMatch(&sent, tag) {
		return nil, nil
	}
	if text, ok := s.documents.find(actor.CompanyID, tag); ok {
		return text, nil
	}
	properties, err := s.Properties.List(ctx, actor)
	if err != nil {
		return nil, err
	}
	text, err := typedSpec(properties)
	if err == nil {
		s.documents.keep(actor.CompanyID, document{tag, text})
	}
	return text, err
}

// typedSpec is the spec in which custom values have the types of the properties.
func typedSpec(properties []schema.Property) ([]byte, error) {
	general, err := specJSON()
	if err != nil {
		return nil, err
	}
	var doc openapi3.T
	if err := json.Unmarshal(general, &doc); err != nil {
		return nil, fmt.Errorf("read the spec: %w", err)
	}
	schemas := doc.Components.Schemas
	schemas["CustomValues"] = customValues(properties).NewRef()
	schemas["CustomPatch"] = customPatch(properties).NewRef()
	samples := map[string]map[string]any{"": sampleValues(properties)}
	for _, part := range customParts {
		taken := slices.DeleteFunc(slices.Clone(properties), func(p schema.Property) bool { return !part.takes(p) })
		schemas[part.schema] = customPart(taken).NewRef()
		samples[part.member] = sampleValues(taken)
	}
	for body, custom := range map[string]string{
		"AccountPatch": "CustomPatch", "AccountCreate": "CustomPatch",
		"AccountAddition": "CustomAddition", "AccountRemoval": "CustomRemoval", "AccountFill": "CustomFill",
	} {
		schemas[body].Value.Properties["custom"].Ref = "#/components/schemas/" + custom
	}
	for _, example := range doc.Components.Examples {
		replaceCustom(example.Value.Value, samples, "")
	}
	return writeSpec(&doc)
}
