package plugin

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"
)

func (d *daemon) service(id uint64, slot, method, arguments string, blobs ...string) *answer {
	d.t.Helper()
	d.send(id, partService, func(e *encoder) {
		e.text(1, slot)
		e.text(2, method)
		e.text(3, arguments)
		for _, blob := range blobs {
			e.item(4, blob)
		}
	})
	_, given := d.answer()
	return given
}

type oneValue struct{ key, value string }

func (o *oneValue) Get(_ context.Context, key string) ([]byte, bool, error) {
	return []byte(o.value), key == o.key, nil
}

func (o *oneValue) Set(_ context.Context, key string, value []byte, ttl time.Duration) error {
	o.key, o.value = key, string(value)+" "+ttl.String()
	return nil
}

func (o *oneValue) Delete(context.Context, string) error { return errors.New("no") }

func (o *oneValue) Clear(context.Context) error { panic("oops") }

func TestASlotIsFilled(t *testing.T) {
	d := play(t, &Plugin{Provides: []Provider{CacheProvider(&oneValue{})}}, "{}")
	d.answer()
	same(t, "set", d.service(2, "cache", "set", `["k",{"$blob":0},1500]`, "value").code, "")
	got := d.service(3, "cache", "get", `["k"]`)
	same(t, "get", []any{string(got.body), string(got.blobs[0])}, []any{`{"$blob":0}`, "value 1.5s"})
	same(t, "absent", len(d.service(4, "cache", "get", `["other"]`).body), 0)
	for arguments, method := range map[string]string{`["k"]`: "delete", `[]`: "clear", `["k",{"$blob":1},0]`: "set", `[7]`: "get", `[""]`: "nothing"} {
		if given := d.service(5, "cache", method, arguments); given.code == "" {
			t.Errorf("%s%s was done", method, arguments)
		}
	}
	same(t, "other slot", d.service(6, "storage", "get", `["a","b"]`).code, "ERR_PROTOCOL")
}

func TestALockIsReleasedThatCameTooLate(t *testing.T) {
	d := play(t, &Plugin{Uses: []string{"locks"}}, "{}")
	d.answer()
	ctx, cancel := context.WithCancel(context.Background())
	result := within(t, "the lock", func() error {
		_, err := d.ctx.Services.Lock(ctx, "one", 0)
		return err
	})
	id := d.expect(partService).id
	cancel()
	d.expect(partCancel)
	same(t, "given up", CodeOf(result()), "ERR_ABORTED")
	d.reply(id, answer{body: []byte(`{"token":"1"}`)})
	call, err := decodeCall(d.expect(partService).body)
	if err != nil {
		t.Fatal(err)
	}
	var released uint64
	if err := call.Arg(0, &released); err != nil {
		t.Fatal(err)
	}
	same(t, "released", []any{call.Method, released}, []any{"release", id})
}

func TestEventsThatNobodyReadsAreCounted(t *testing.T) {
	d := play(t, &Plugin{Uses: []string{"clusterRegistry"}}, "{}")
	d.answer()
	ctx := context.Background()
	id, listener := openedStream(d, partService, func() (*Listener[MemberEvent], error) { return d.ctx.Services.MemberEvents(ctx) })
	for i := 0; i < inboxCount+5; i++ {
		d.send(id, partNotice, func(e *encoder) { e.text(3, `{"type":"joined","peer":"p"}`) })
	}
	d.send(id, partClose, nil)
	within(t, "the end", func() struct{} { return <-listener.Done() })()
	for i := 0; i < inboxCount; i++ {
		if event, err := listener.Next(ctx); err != nil || event.Type != "joined" {
			t.Fatal(i, event, err)
		}
	}
	event, err := listener.Next(ctx)
	same(t, "lagged", []any{event.Type, event.Missed, err}, []any{"lagged", 5, nil})
	if _, err := listener.Next(ctx); err != io.EOF {
		t.Fatal(err)
	}
}
