package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"
)

func echo(ctx *Context, peer, kind string, body []byte) ([]byte, error) {
	switch string(body) {
	case "refuse":
		return nil, NewError("ERR_FORBIDDEN", "not you")
	case "fail":
		return nil, errors.New("oops")
	case "panic":
		panic("oops")
	case "store":
		value, _, err := ctx.Store.Get(ctx, "key")
		return value, err
	case "wait":
		<-ctx.Done()
	}
	return []byte("did " + string(body)), nil
}

func TestDescribesItself(t *testing.T) {
	p := &Plugin{
		Name: "example", Version: "2", Kinds: []string{"a.b", "c.d"}, ConfigSchema: map[string]any{"type": "object"},
		Pullers: []Puller{{Protocol: "x"}}, Routes: []Route{{Method: "GET", Path: "/y"}}, Events: []string{"peers"},
		Provides: []Provider{{Slot: "cache"}}, Uses: []string{"locks"},
	}
	schema, err := schemaOf(p.ConfigSchema)
	if err != nil {
		t.Fatal(err)
	}
	var e encoder
	p.describe(schema)(&e)
	seen := map[int][]string{}
	if err := eachField(e.b, func(f field) error {
		seen[f.number] = append(seen[f.number], string(f.body))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	wanted := map[int][]string{
		1: {"example"}, 2: {"2"}, 5: {"a.b", "c.d"}, 6: {`{"type":"object"}`}, 7: {"\n\x01x"}, 9: {"\n\x03GET\x12\x02/y"},
		10: {"cache"}, 11: {"peers"}, 12: {"locks"},
	}
	same(t, "description", seen, wanted)
	if _, err := schemaOf("{"); err == nil {
		t.Fatal("a schema that is no JSON was taken")
	}
}

func TestStarts(t *testing.T) {
	var config struct{ A int }
	d := play(t, &Plugin{Start: func(ctx *Context) error { return ctx.Config(&config) }}, `{"a":7}`)
	id, given := d.answer()
	same(t, "answer", []any{id, given.code, config.A, d.ctx.NodeID, d.ctx.NodeName, d.ctx.DataDir}, []any{1, "", 7, "me", "node", "/nowhere"})
}

func TestCannotStart(t *testing.T) {
	d := play(t, &Plugin{Start: func(ctx *Context) error { return errors.New("no disk") }}, "{}")
	_, given := d.answer()
	same(t, "answer", []string{given.code, given.message}, []string{"ERR_PLUGIN_FAILED", "no disk"})
}

func TestAnswersPayloadsAndErrors(t *testing.T) {
	d := play(t, &Plugin{HandlePayload: echo}, "{}")
	d.answer()
	for _, one := range [][3]string{
		{"x", "", "did x"}, {"refuse", "ERR_FORBIDDEN", ""}, {"fail", "ERR_PLUGIN_FAILED", ""}, {"panic", "ERR_PLUGIN_FAILED", ""}, {"y", "", "did y"},
	} {
		d.payload(2, one[0])
		_, given := d.answer()
		same(t, one[0], []string{given.code, string(given.body)}, []string{one[1], one[2]})
	}
}

func TestCallsTheDaemonWithinHandlers(t *testing.T) {
	d := play(t, &Plugin{HandlePayload: echo}, "{}")
	d.answer()
	for id := uint64(2); id < 30; id++ {
		d.payload(id, "store")
		call := d.expect(partStore)
		d.reply(call.id, answer{flag: true, body: []byte("value")})
		answered, given := d.answer()
		same(t, "answer", []any{answered, string(given.body)}, []any{id, "value"})
	}
}

func TestAHandlerThatWaitsHoldsNobodyUp(t *testing.T) {
	d := play(t, &Plugin{HandlePayload: echo}, "{}")
	d.answer()
	for id := uint64(2); id < 12; id++ {
		d.payload(id, "wait")
	}
	d.payload(50, "quick")
	id, _ := d.answer()
	same(t, "first", id, 50)
	sum := uint64(0)
	for id := uint64(2); id < 12; id++ {
		d.send(id, partCancel, nil)
		answered, _ := d.answer()
		sum += answered
	}
	same(t, "others", sum, 65)
}

func TestTooManyCallsAreRefused(t *testing.T) {
	d := play(t, &Plugin{HandlePayload: echo}, "{}")
	d.answer()
	for id := uint64(2); id < 22; id++ {
		d.payload(id, "wait")
	}
	d.payload(30, "one more")
	id, given := d.answer()
	same(t, "answer", []any{id, given.code}, []any{30, "ERR_OVERLOADED"})
}

func TestACallOfThePluginIsCancelled(t *testing.T) {
	d := play(t, &Plugin{}, "{}")
	d.answer()
	ctx, cancel := context.WithCancel(context.Background())
	result := within(t, "the call", func() error { return d.ctx.Store.Set(ctx, "k", nil) })
	call := d.expect(partStore)
	cancel()
	same(t, "cancelled", d.expect(partCancel).id, call.id)
	err := result()
	if CodeOf(err) != "ERR_ABORTED" || !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	late := within(t, "another", func() error {
		brief, end := context.WithTimeout(context.Background(), time.Millisecond)
		defer end()
		return d.ctx.Store.Set(brief, "k", nil)
	})
	d.expect(partCancel)
	same(t, "code", CodeOf(late()), "ERR_TIMEOUT")
}

func TestEventsRoutesLogAndShutdown(t *testing.T) {
	seen := make(chan string, 10)
	d := play(t, &Plugin{
		Events:   []string{"peers"},
		OnEvent:  func(_ *Context, event Event) { seen <- event.Topic + " " + event.Type },
		Shutdown: func(*Context) error { seen <- "shutdown"; return nil },
		Routes: []Route{{Method: "POST", Path: "/:x", Handle: func(_ *Context, r *Request) (any, error) {
			return []any{r.Params["x"], r.Query["q"], r.Body}, nil
		}}},
	}, "{}")
	d.answer()
	d.send(0, partEvent, func(e *encoder) { e.text(1, "peers"); e.text(2, `{"type":"connected","time":1.5}`) })
	same(t, "event", within(t, "the event", func() string { return <-seen })(), "peers connected")
	d.send(2, partHTTP, func(e *encoder) { e.text(2, `{"params":{"x":"a"},"query":{"q":7},"body":{"z":[]}}`) })
	_, given := d.answer()
	same(t, "route", json.RawMessage(given.body), []any{"a", 7, map[string]any{"z": []int{}}})
	go d.ctx.Log.Warn("careful", "count", 3, "why", errors.New("x"))
	same(t, "log", string(d.expect(partLog).body), "\n\x04warn\x12\x07careful\x1a\x15"+`{"count":3,"why":"x"}`)
	d.send(3, partShutdown, nil)
	id, _ := d.answer()
	same(t, "shutdown", []any{id, <-seen, d.ctx.Err() != nil}, []any{3, "shutdown", true})
}

func TestTasksAreTold(t *testing.T) {
	d := play(t, &Plugin{}, "{}")
	d.answer()
	work := make(chan error)
	go d.ctx.Go("copy", func(_ *Context, task *Task) error {
		task.Progress(10, 10, "all of it")
		return <-work
	})
	same(t, "begin", string(d.expect(partTask).body), "\n\x04copy\x12\x07running")
	same(t, "progress", string(d.expect(partTask).body), "\n\x04copy\x12\x07running\x1a\x09all of it\x20\x0a\x28\x0a")
	go func() { work <- errors.New("bad disk") }()
	same(t, "end", string(d.expect(partTask).body), "\n\x04copy\x12\x06failed\x1a\x08bad disk\x20\x0a\x28\x0a")
}

func TestBytesThatAreNoMessageEndIt(t *testing.T) {
	d := play(t, &Plugin{}, "{}")
	d.answer()
	go func() { _, _ = d.pipe.Write([]byte{3, 0xff, 0xff, 0xff}) }()
	err := within(t, "the end", func() error { return <-d.ended })()
	if !errors.Is(err, errWire) {
		t.Fatal(err)
	}
	d.ended <- nil
}

func TestErrors(t *testing.T) {
	inner := errors.New("inner")
	err := fmt.Errorf("outer: %w", NewError("ERR_LIMIT", "so: %w", inner))
	same(t, "code", []any{CodeOf(err), errors.Is(err, inner), CodeOf(inner), err.Error()}, []any{"ERR_LIMIT", true, "", "outer: so: inner"})
	same(t, "cut", cut("aäb", 2), "a")
}
