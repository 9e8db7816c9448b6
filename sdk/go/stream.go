package plugin

import "sync"

// stream is what publications and subscriptions have in common.
type stream struct {
	ending
	path   string
	tracks []Track
}

func (s *stream) attach(c *connection, id uint64, given *answer, forget func()) {
	s.path, s.tracks = given.path, given.tracks
	s.ending.attach(c, id, forget)
}

// Path of the stream, as the daemon writes it.
func (s *stream) Path() string { return s.path }

// Tracks of the stream.
func (s *stream) Tracks() []Track {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.tracks
}

// ending is what all have in common that a call opens and either side may end.
type ending struct {
	connection *connection
	id         uint64
	mutex      sync.Mutex
	err        error
	over       bool
	done       chan struct{}
	// forget is called once, at the end.
	forget func()
}

func (s *ending) attach(c *connection, id uint64, forget func()) {
	s.connection, s.id, s.forget, s.done = c, id, forget, make(chan struct{})
}

// Done is closed when it is over.
func (s *ending) Done() <-chan struct{} { return s.done }

// Err is why the daemon ended it; nil before, and when it ended by itself.
func (s *ending) Err() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.err
}

// Close ends it. Idempotent; never an error.
func (s *ending) Close() error {
	s.CloseWith(nil)
	return nil
}

// CloseWith ends it for a reason, which the other side is told. Idempotent.
func (s *ending) CloseWith(reason error) {
	if !s.finish(nil) {
		return
	}
	s.connection.send(s.id, partClose, func(e *encoder) {
		if reason != nil {
			code, message := toldError(reason, "ERR_SOURCE_FAILED")
			e.text(1, code)
			e.text(2, message)
		}
	})
}

// finish is true for the one who ends it.
func (s *ending) finish(reason error) bool {
	s.mutex.Lock()
	if s.over {
		s.mutex.Unlock()
		return false
	}
	s.over = true
	s.err = reason
	close(s.done)
	s.mutex.Unlock()
	s.forget()
	return true
}

// closed takes a Close of the daemon.
func (s *ending) closed(body []byte) error {
	var told answer
	if err := told.decodeClose(body); err != nil {
		return err
	}
	s.finish(told.failure())
	return nil
}

func (a *answer) decodeClose(body []byte) error {
	return texts(body, map[int]any{1: &a.code, 2: &a.message})
}
