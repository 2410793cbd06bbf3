// Package mcp lets an agent work with the accounts of an accountsd server, over the Model
// Context Protocol, so that it can do no harm: what it writes it has been shown before,
// word for word, and whatever it sends again is done once.
package mcp

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/accountsd/accountsd/client"
)

const (
	instructions      = "Customer accounts of one company. Begin with describe. "
	writeInstructions = `To change an account, call preview_update, read the
difference, and give its token to update; to create one, call create_or_match twice in the same way. A token carries out exactly
what was previewed, once. Say truthfully why you write: people read it in the history.`
	readInstructions = "You can read them, and change nothing."
)

// agent is what the tools of a server share.
type agent struct {
	client   *client.Client
	self     *client.Self
	previews *previews
}

// New returns a server with the tools that the client's key may use: one that only reads
// gets none to write.
func New(ctx context.Context, c *client.Client, version string) (*sdk.Server, error) {
	self, err := c.Users.Self(ctx)
	if err != nil {
		return nil, fmt.Errorf("find out whose key it is: %w", err)
	}
	a := &agent{client: c, self: self, previews: newPreviews()}
	tools, how := a.readers(), readInstructions
	if a.mayWrite() {
		tools, how = append(tools, a.writers()...), writeInstructions
	}
	server := sdk.NewServer(&sdk.Implementation{Name: "accountsd", Title: "Customer accounts", Version: version}, &sdk.ServerOptions{Instructions: instructions + how})
	for _, t := range tools {
		server.AddTool(&sdk.Tool{Name: t.name, Description: t.about, InputSchema: json.RawMessage(t.input), Annotations: t.annotations()}, t.handler())
	}
	return server, nil
}

func (a *agent) mayWrite() bool {
	return slices.ContainsFunc(a.self.Key.Scopes, func(s client.Scope) bool { return s == client.ScopeWrite || s == client.ScopeAdmin })
}

// tool is one that the agent can call.
type tool struct {
	name, about string
	input       string // a JSON schema
	writes      bool
	call        func(ctx context.Context, req *sdk.CallToolRequest) (any, error)
}

func (t tool) annotations() *sdk.ToolAnnotations {
	closed := false
	return &sdk.ToolAnnotations{ReadOnlyHint: !t.writes, DestructiveHint: &closed, IdempotentHint: true, OpenWorldHint: &closed}
}

// handler answers with what the call returns, as JSON; an error is told to the agent, who
// can do better then.
func (t tool) handler() sdk.ToolHandler {
	return func(ctx context.Context, req *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		value, err := t.call(ctx, req)
		if err != nil {
			return &sdk.CallToolResult{IsError: true, Content: []sdk.Content{&sdk.TextContent{Text: explain(err)}}}, nil
		}
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(value); err != nil {
			return nil, fmt.Errorf("write the result: %w", err)
		}
		return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: text.String()}}}, nil
	}
}

// explain says all that is wrong, in the server's words.
func explain(err error) string {
	e, ok := errors.AsType[*client.Error](err)
	if !ok || e.Message == "" {
		return err.Error()
	}
	text := e.Message
	for i, field := range e.Fields {
		if i == 0 {
			text = field.Message
		} else {
			text += "; " + field.Message
		}
	}
	return text
}

// arguments reads those of a call. What a tool does not take is refused, and not passed
// over.
func arguments[T any](req *sdk.CallToolRequest) (args T, err error) {
	text := req.Params.Arguments
	if len(bytes.TrimSpace(text)) == 0 {
		return args, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&args); err != nil {
		return args, fmt.Errorf("the arguments are not those of the tool: %w", plainly(err))
	}
	return args, nil
}

// kinds are what arguments can be, by the types that they are read into.
var kinds = map[reflect.Kind]string{
	reflect.Int: "an integer", reflect.Int64: "an integer", reflect.String: "a string", reflect.Bool: "true or false", reflect.Struct: "an object",
}

// plainly says of an argument of another type what it must be.
func plainly(err error) error {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return err
	}
	name := cmp.Or(strings.ToLower(wrong.Field), "they") // ID is id, as every field without a tag is.
	return fmt.Errorf("%s must be %s; got %s", name, kinds[wrong.Type.Kind()], wrong.Value)
}

// within returns how many records are asked for.
func within(asked, standard, most int) (int, error) {
	switch {
	case asked == 0:
		return standard, nil
	case asked < 1 || asked > most:
		return 0, fmt.Errorf("limit must be from 1 to %d; got %d", most, asked)
	}
	return asked, nil
}
