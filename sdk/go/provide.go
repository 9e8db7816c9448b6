package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
)

// Provider fills a service slot. CacheProvider, StorageProvider and their like make one of a value with the right methods.
type Provider struct {
	// Slot is the name of the slot.
	Slot string
	// Call answers a method: a value for JSON, bytes, or nil.
	Call func(ctx *Context, call *ServiceCall) (any, error)
	// Notice takes a method that nobody answers, one at a time. What comes while very many wait is left out, and stderr tells of it.
	Notice func(ctx *Context, call *ServiceCall)
}

// ServiceCall is a method of a slot and its arguments.
type ServiceCall struct {
	// Slot is the name of the slot.
	Slot string
	// Method is the name of the method.
	Method string

	arguments []json.RawMessage
	blobs     [][]byte
}

// Arg reads the argument with this index, from 0, into a pointer; bytes where it is one to bytes. One that is not there leaves it as it is.
func (c *ServiceCall) Arg(index int, into any) error {
	if index >= len(c.arguments) {
		return nil
	}
	return readValue(c.arguments[index], c.blobs, into)
}

// Args reads the first arguments, one after the other.
func (c *ServiceCall) Args(into ...any) error {
	for i, each := range into {
		if err := c.Arg(i, each); err != nil {
			return err
		}
	}
	return nil
}

// blobMark stands for bytes in JSON.
type blobMark struct {
	Blob *int `json:"$blob"`
}

// readValue reads JSON, in which a mark may stand for bytes.
func readValue(text []byte, blobs [][]byte, into any) error {
	data, isBytes := into.(*[]byte)
	if !isBytes {
		if err := json.Unmarshal(text, into); err != nil {
			return NewError("ERR_PROTOCOL", "An argument or result cannot be read: %w", err)
		}
		return nil
	}
	var mark blobMark
	if string(text) == "null" {
		*data = nil
		return nil
	}
	if err := json.Unmarshal(text, &mark); err != nil || mark.Blob == nil || *mark.Blob < 0 || *mark.Blob >= len(blobs) {
		return NewError("ERR_PROTOCOL", "An argument or result is not bytes.")
	}
	*data = blobs[*mark.Blob]
	return nil
}

// marked is a value for JSON; bytes become a mark, and are appended to the blobs.
func marked(value any, blobs *[][]byte) any {
	data, isBytes := value.([]byte)
	if !isBytes {
		return value
	}
	if data == nil {
		return nil
	}
	index := len(*blobs)
	*blobs = append(*blobs, data)
	return blobMark{&index}
}

// decodeService reads a ServiceCall or ServiceNotice.
func decodeService(body []byte) (call *ServiceCall, arguments []byte, err error) {
	call = &ServiceCall{}
	err = texts(body, map[int]any{1: &call.Slot, 2: &call.Method, 3: &arguments, 4: &call.blobs})
	return call, arguments, err
}

func decodeCall(body []byte) (*ServiceCall, error) {
	call, arguments, err := decodeService(body)
	if err == nil && len(arguments) > 0 {
		err = json.Unmarshal(arguments, &call.arguments)
	}
	return call, err
}

// provider is who fills a slot; nil where the plugin does not.
func (s *session) provider(slot string) *Provider {
	for i := range s.plugin.Provides {
		if s.plugin.Provides[i].Slot == slot {
			return &s.plugin.Provides[i]
		}
	}
	return nil
}

// provide answers a method of a slot that the plugin fills.
func (s *session) provide(ctx context.Context, body []byte) (*answer, error) {
	call, err := decodeCall(body)
	if err != nil {
		return nil, err
	}
	provider := s.provider(call.Slot)
	if provider == nil || provider.Call == nil {
		return nil, NewError("ERR_PROTOCOL", "The plugin does not fill the slot %s.", call.Slot)
	}
	var result any
	err = contain(func() (err error) {
		result, err = provider.Call(s.ctx.With(ctx), call)
		return err
	})
	if err != nil {
		return nil, err
	}
	return resultOf(result)
}

func resultOf(result any) (*answer, error) {
	if page, is := result.(Page); is {
		return &answer{entries: page.Entries, flag: page.More}, nil
	}
	if result == nil {
		return nil, nil
	}
	given := &answer{}
	var err error
	if given.body, err = json.Marshal(marked(result, &given.blobs)); err != nil {
		return nil, NewError("ERR_PLUGIN_FAILED", "The result is no JSON: %w", err)
	}
	return given, nil
}

// notify hands a notice to its provider.
func (s *session) notify(m message, missed int) {
	if m.part == 0 {
		fmt.Fprintf(os.Stderr, "%d notices to service slots were left out: the plugin is too slow for them\n", missed)
		return
	}
	call, err := decodeCall(m.body)
	if err != nil {
		fmt.Fprintln(os.Stderr, "a notice cannot be read:", err)
		return
	}
	provider := s.provider(call.Slot)
	if provider == nil || provider.Notice == nil {
		return
	}
	_ = contain(func() error {
		provider.Notice(s.ctx, call)
		return nil
	})
}

// tell hands an event to the plugin.
func (s *session) tell(m message, missed int) {
	if s.plugin.OnEvent == nil {
		return
	}
	event := Event{Type: "lagged", Missed: missed}
	if m.part != 0 {
		var text []byte
		event = Event{}
		if err := texts(m.body, map[int]any{1: &event.Topic, 2: &text}); err != nil || json.Unmarshal(text, &event) != nil {
			return
		}
	}
	_ = contain(func() error {
		s.plugin.OnEvent(s.ctx, event)
		return nil
	})
}
