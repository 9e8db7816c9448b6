package plugin

import (
	"context"
	"encoding/json"
)

// Route is a JSON route under /PLUGIN/.
type Route struct {
	// Method is GET, POST, PUT or DELETE.
	Method string
	// Path under /PLUGIN/: /items/:id.
	Path string
	// Summary in a sentence.
	Summary string
	// Public routes are answered without a token.
	Public bool
	// Handle answers a request; what it returns is the JSON answer.
	Handle func(ctx *Context, request *Request) (any, error)
}

// Request is a request to a route.
type Request struct {
	// Params are the parts of the path that begin with a colon there.
	Params map[string]string `json:"params"`
	// Query are the parameters after the question mark.
	Query map[string]any `json:"query"`
	// Body is the JSON that was sent; nil where there was none.
	Body json.RawMessage `json:"body"`
}

func (r *Route) encode(e *encoder) {
	e.text(1, r.Method)
	e.text(2, r.Path)
	e.text(3, r.Summary)
	e.bool(4, r.Public)
}

func (s *session) answerHTTP(ctx context.Context, body []byte) (*answer, error) {
	var index uint64
	var text []byte
	if err := texts(body, map[int]any{1: &index, 2: &text}); err != nil {
		return nil, err
	}
	if index >= uint64(len(s.plugin.Routes)) {
		return nil, NewError("ERR_PROTOCOL", "There is no route %d.", index)
	}
	request := &Request{}
	if err := json.Unmarshal(text, request); err != nil {
		return nil, NewError("ERR_REQUEST_INVALID", "The request cannot be read: %w", err)
	}
	var result any
	err := contain(func() (err error) {
		result, err = s.plugin.Routes[index].Handle(s.ctx.With(ctx), request)
		return err
	})
	if err != nil {
		return nil, err
	}
	reply, err := json.Marshal(result)
	if err != nil {
		return nil, NewError("ERR_PLUGIN_FAILED", "The answer of the route is no JSON: %w", err)
	}
	return &answer{body: reply}, nil
}
