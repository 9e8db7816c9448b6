package plugin

import (
	"context"
	"sync/atomic"
	"time"
)

// patience is how long a handler may take in the goroutine that reads before another one reads.
const patience = time.Millisecond

// slowCalls is for how many calls a handler counts as slow after it took longer than that.
const slowCalls = 64

// turn is a call that is served in the goroutine that reads, because waking another one costs more than most calls. When the handler waits
// or takes long, another goroutine goes on reading.
type turn struct {
	session *session
	over    atomic.Bool
}

// turnKey finds the turn in the context of a handler.
type turnKey struct{}

// turnContext is the context of a handler that is served by the reader.
type turnContext struct {
	context.Context
	turn *turn
}

func (c turnContext) Value(key any) any {
	if _, is := key.(turnKey); is {
		return c.turn
	}
	return c.Context.Value(key)
}

// willWait lets another goroutine read, if this is the one that does: it is going to wait.
func willWait(ctx context.Context) {
	if mine, is := ctx.Value(turnKey{}).(*turn); is {
		mine.handOver()
	}
}

func (t *turn) handOver() {
	if t.over.CompareAndSwap(false, true) {
		go t.session.read()
	}
}

// readers is who reads, and who watches over it.
type readers struct {
	turn    atomic.Pointer[turn]
	slow    atomic.Int32
	resting atomic.Bool
	called  chan struct{}
	ended   chan error
}

// read reads until the daemon closes the pipe, or until another goroutine does so. ended gets the one result.
func (s *session) read() {
	for {
		body, err := s.connection.read()
		var m message
		if err == nil {
			m, err = decodeMessage(body)
		}
		if err == nil && s.servesHere(m.part) {
			if !s.serveHere(m) {
				return
			}
			continue
		}
		if err == nil {
			err = s.take(m)
		}
		if err != nil {
			s.connection.end()
			s.readers.ended <- err
			return
		}
	}
}

// servesHere says whether a call is one that handlers answer at once, as far as one can know.
func (s *session) servesHere(part int) bool {
	if part != partPayload && part != partHTTP && part != partService {
		return false
	}
	if s.readers.slow.Load() > 0 {
		s.readers.slow.Add(-1)
		return false
	}
	// when more has come already, it is not to wait
	return s.connection.input.Buffered() == 0
}

// serveHere serves a call; false when another goroutine reads now.
func (s *session) serveHere(m message) bool {
	mine := &turn{session: s}
	s.readers.turn.Store(mine)
	if s.readers.resting.Load() {
		select {
		case s.readers.called <- struct{}{}:
		default:
		}
	}
	if scope := s.open(m.id); scope != nil {
		s.serve(turnContext{scope, mine}, m)
	} else {
		s.serve(nil, m)
	}
	s.readers.turn.CompareAndSwap(mine, nil)
	return mine.over.CompareAndSwap(false, true)
}

// watch lets another goroutine read when a handler takes long. It rests while nothing is called.
func (s *session) watch() {
	quiet := 0
	for !s.connection.over() {
		before := s.readers.turn.Load()
		time.Sleep(patience)
		if before == nil {
			quiet++
		} else {
			quiet = 0
			if s.readers.turn.Load() == before {
				s.readers.slow.Store(slowCalls)
				before.handOver()
			}
		}
		if quiet < 100 {
			continue
		}
		s.readers.resting.Store(true)
		if s.readers.turn.Load() == nil {
			select {
			case <-s.readers.called:
			case <-s.connection.done:
			}
		}
		s.readers.resting.Store(false)
		quiet = 0
	}
}
