package plugin

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"testing"
	"time"
)

// patienceOfTests is how long a test waits for what has to happen.
const patienceOfTests = 20 * time.Second

// daemon is the other end of a plugin, played by a test.
type daemon struct {
	t      *testing.T
	pipe   net.Conn
	input  *bufio.Reader
	ended  chan error
	plugin *Plugin
	ctx    *Context
}

// play runs the plugin and says Hello and Start.
func play(t *testing.T, p *Plugin, config string) *daemon {
	t.Helper()
	ours, theirs := net.Pipe()
	d := &daemon{t: t, pipe: ours, input: bufio.NewReader(ours), ended: make(chan error, 1), plugin: p}
	begin := p.Start
	started := make(chan struct{})
	p.Start = func(ctx *Context) error {
		d.ctx = ctx
		close(started)
		if begin != nil {
			return begin(ctx)
		}
		return nil
	}
	go func() { d.ended <- Serve(context.Background(), p, theirs, theirs) }()
	t.Cleanup(d.close)
	d.send(0, partHello, func(e *encoder) { e.uint(1, 1); e.uint(2, 1) })
	d.expect(partHello)
	d.send(1, partStart, func(e *encoder) {
		e.text(1, config)
		e.text(2, "me")
		e.text(3, "node")
		e.text(4, "/nowhere")
		e.message(5, func(e *encoder) { e.uint(1, 1<<23); e.uint(2, 1000); e.uint(3, 20); e.uint(4, 10) })
	})
	<-started
	return d
}

func (d *daemon) close() {
	_ = d.pipe.Close()
	select {
	case <-d.ended:
	case <-time.After(patienceOfTests):
		d.t.Error("the plugin did not end with its pipe")
	}
}

func (d *daemon) send(id uint64, part int, fill func(*encoder)) {
	d.t.Helper()
	var e encoder
	e.sized(func(e *encoder) {
		e.uint(1, id)
		e.message(part, fill)
	})
	_ = d.pipe.SetWriteDeadline(time.Now().Add(patienceOfTests))
	if _, err := d.pipe.Write(e.b); err != nil {
		d.t.Fatal(err)
	}
}

// expect reads messages until one has that part.
func (d *daemon) expect(part int) message {
	d.t.Helper()
	_ = d.pipe.SetReadDeadline(time.Now().Add(patienceOfTests))
	for {
		length, err := binary.ReadUvarint(d.input)
		if err != nil {
			d.t.Fatalf("waited in vain for a message with part %d: %v", part, err)
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(d.input, body); err != nil {
			d.t.Fatal(err)
		}
		m, err := decodeMessage(body)
		if err != nil {
			d.t.Fatal(err)
		}
		if m.part == part {
			return m
		}
	}
}

func (d *daemon) answer() (uint64, *answer) {
	d.t.Helper()
	m := d.expect(partAnswer)
	given := &answer{}
	if err := given.decode(m.body); err != nil {
		d.t.Fatal(err)
	}
	return m.id, given
}

// reply answers a call of the plugin.
func (d *daemon) reply(id uint64, given answer) {
	d.t.Helper()
	d.send(id, partAnswer, given.encode)
}

func (d *daemon) payload(id uint64, body string) {
	d.t.Helper()
	d.send(id, partPayload, func(e *encoder) {
		e.text(1, "far")
		e.text(2, "x.y")
		e.text(3, body)
	})
}

// within runs what must come to an end.
func within[T any](t *testing.T, what string, run func() T) func() T {
	t.Helper()
	result := make(chan T, 1)
	go func() { result <- run() }()
	return func() T {
		t.Helper()
		select {
		case value := <-result:
			return value
		case <-time.After(patienceOfTests):
			t.Fatalf("waited in vain for %s", what)
			panic("unreachable")
		}
	}
}

func same(t *testing.T, what string, got, wanted any) {
	t.Helper()
	left, _ := json.Marshal(got)
	right, _ := json.Marshal(wanted)
	if string(left) != string(right) {
		t.Fatalf("%s: got %s, wanted %s", what, left, right)
	}
}
