package plugin

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// agent is what this SDK calls itself.
const agent = "shoal-go/0.1.0"

// stopPatience is how long Start, and then the tasks, may take to end when the plugin stops.
const stopPatience = time.Second

// session is a plugin and the daemon, from the first byte on.
type session struct {
	plugin     *Plugin
	schema     []byte
	connection *connection
	ctx        *Context
	window     int
	cancel     context.CancelFunc
	stopping   sync.Once
	started    atomic.Bool
	// ready is closed when Start has returned.
	ready   chan struct{}
	events  *inbox
	notices *inbox
	mutex   sync.Mutex
	// calls of the daemon that are open; a call has an end of its own.
	calls   map[uint64]context.CancelFunc
	most    int
	streams map[uint64]opened
	tasks   sync.WaitGroup
	readers readers
	stopped bool
}

// opened is a stream that the plugin has opened.
type opened interface {
	finish(reason error) bool
	closed(body []byte) error
}

func newSession(plugin *Plugin, schema []byte, input io.Reader, output io.Writer) *session {
	s := &session{
		plugin:     plugin,
		schema:     schema,
		connection: newConnection(input, output),
		window:     firstWindow,
		most:       firstCalls,
		ready:      make(chan struct{}),
		calls:      map[uint64]context.CancelFunc{},
		streams:    map[uint64]opened{},
	}
	whole, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.ctx = &Context{Context: whole, session: s, Log: Log{s.connection}, Store: Store{s.connection}, Payloads: Payloads{s.connection}}
	s.ctx.Services = Services{s}
	s.readers.called, s.readers.ended = make(chan struct{}, 1), make(chan error, 1)
	s.events, s.notices = newInbox(), newInbox()
	return s
}

// take handles a message. It must not wait: nothing is read meanwhile.
func (s *session) take(m message) error {
	switch m.part {
	case partHello:
		s.connection.send(0, partHello, s.hello)
	case partAnswer:
		given := &answer{}
		if err := given.decode(m.body); err != nil {
			return err
		}
		s.connection.answered(m.id, given)
	case partCancel:
		s.end(m.id)
	case partStart:
		if err := s.begin(m.body); err != nil {
			return err
		}
		s.serveApart(m)
	case partPayload, partForgotten, partShutdown, partJob, partHTTP, partService:
		s.serveApart(m)
	case partEvent:
		s.events.put(m)
	case partNotice:
		return s.notice(m)
	case partFrames, partTracks, partCredit, partClose, partKeyWanted:
		return s.takeStream(m)
	}
	return nil
}

func (s *session) hello(e *encoder) {
	e.uint(1, 1)
	e.uint(2, 1)
	e.text(3, agent)
	e.message(4, s.plugin.describe(s.schema))
}

// begin takes what Start says, before anything else is read.
func (s *session) begin(body []byte) error {
	var told start
	if err := told.decode(body); err != nil {
		return err
	}
	if s.started.Load() {
		return wireError("the plugin is started twice")
	}
	s.ctx.NodeID, s.ctx.NodeName, s.ctx.DataDir, s.ctx.config = told.nodeID, told.nodeName, told.dataDir, told.config
	if told.maxMessage > 0 {
		s.connection.limit(int(told.maxMessage), int(told.calls))
	}
	if told.window > 0 {
		s.window = int(told.window)
	}
	if told.calls > 0 {
		s.most = int(told.calls)
	}
	s.started.Store(true)
	go s.watch()
	go s.events.each(s.connection.done, s.tell)
	go s.notices.each(s.connection.done, s.notify)
	return nil
}

// open gives a call of the daemon a context. It is done where calls are read: a cancel may come right after one.
func (s *session) open(id uint64) context.Context {
	scope, end := context.WithCancel(s.ctx.Context)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.calls) >= s.most || !s.started.Load() {
		end()
		return nil
	}
	s.calls[id] = end
	return scope
}

// serveApart answers a call in a goroutine of its own.
func (s *session) serveApart(m message) {
	scope := s.open(m.id)
	go s.serve(scope, m)
}

// serve answers a call in its context; nil = it could not be opened.
func (s *session) serve(ctx context.Context, m message) {
	if ctx == nil {
		s.answer(m.id, nil, NewError("ERR_OVERLOADED", "The plugin is not started, or has too many calls open."))
		return
	}
	given, err := s.perform(ctx, m)
	s.answer(m.id, given, err)
}

// end ends the context of a call, if it is open.
func (s *session) end(id uint64) {
	s.mutex.Lock()
	end := s.calls[id]
	s.mutex.Unlock()
	if end != nil {
		end()
	}
}

func (s *session) answer(id uint64, given *answer, err error) {
	s.mutex.Lock()
	end := s.calls[id]
	delete(s.calls, id)
	s.mutex.Unlock()
	if end != nil {
		end()
	}
	if err == nil {
		fill := func(*encoder) {}
		if given != nil {
			fill = given.encode
		}
		if err = s.connection.sendWithin(context.Background(), id, partAnswer, fill); err == nil {
			return
		}
	}
	refusal := &answer{}
	refusal.code, refusal.message = toldError(err, "ERR_PLUGIN_FAILED")
	s.connection.send(id, partAnswer, refusal.encode)
}

func (s *session) perform(ctx context.Context, m message) (*answer, error) {
	switch m.part {
	case partPayload:
		return s.handlePayload(ctx, m.body)
	case partHTTP:
		return s.answerHTTP(ctx, m.body)
	case partJob:
		return s.runJob(ctx, m)
	case partService:
		return s.provide(ctx, m.body)
	case partForgotten:
		return nil, s.forgotten(ctx, m.body)
	case partStart:
		defer close(s.ready)
		if handle := s.plugin.Start; handle != nil {
			return nil, contain(func() error { return handle(s.ctx) })
		}
	case partShutdown:
		s.stop()
	}
	return nil, nil
}

func (s *session) handlePayload(ctx context.Context, body []byte) (*answer, error) {
	var peer, kind string
	var given answer
	var data []byte
	if err := texts(body, map[int]any{1: &peer, 2: &kind, 3: &data}); err != nil {
		return nil, err
	}
	handle := s.plugin.HandlePayload
	if handle == nil {
		return nil, NewError("ERR_PAYLOAD_REJECTED", "%s does not handle %s.", s.plugin.Name, kind)
	}
	err := contain(func() (err error) {
		given.body, err = handle(s.ctx.With(ctx), peer, kind, data)
		return err
	})
	return &given, err
}

func (s *session) forgotten(ctx context.Context, body []byte) error {
	var peer string
	if err := texts(body, map[int]any{1: &peer}); err != nil || s.plugin.OnPeerForgotten == nil {
		return err
	}
	return contain(func() error { return s.plugin.OnPeerForgotten(s.ctx.With(ctx), peer) })
}

// stop ends everything, once: the jobs, the plugin, its tasks, its streams. Who comes second waits until that is done.
func (s *session) stop() {
	s.stopping.Do(func() {
		if s.started.Load() {
			waitFor(s.ready)
		}
		if s.plugin.Shutdown != nil && s.started.Load() {
			if err := contain(func() error { return s.plugin.Shutdown(s.ctx) }); err != nil {
				fmt.Fprintln(os.Stderr, "shutdown:", err)
			}
		}
		s.cancel()
		s.mutex.Lock()
		streams := make([]opened, 0, len(s.streams))
		for _, each := range s.streams {
			streams = append(streams, each)
		}
		s.mutex.Unlock()
		for _, each := range streams {
			each.finish(errStopping)
		}
		s.awaitTasks()
	})
}

// addTask is false when the plugin stops; else Done of tasks has to follow.
func (s *session) addTask() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.stopped {
		s.tasks.Add(1)
	}
	return !s.stopped
}

func (s *session) awaitTasks() {
	s.mutex.Lock()
	s.stopped = true
	s.mutex.Unlock()
	done := make(chan struct{})
	go func() {
		s.tasks.Wait()
		close(done)
	}()
	waitFor(done)
}

// waitFor waits for what has to be over when the plugin stops, but not for ever.
func waitFor(done <-chan struct{}) {
	select {
	case <-done:
	case <-time.After(stopPatience):
	}
}
