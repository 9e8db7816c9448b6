package plugin

import (
	"context"
	"io"
)

// Subscription is the reading end of a stream.
type Subscription struct {
	stream
	// queue holds at most the window: the daemon has no credit for more.
	queue   []batch
	queued  int
	window  int
	next    []Track
	dropped uint64
	// more has an item when something came.
	more chan struct{}
}

// batch is what came in one message.
type batch struct {
	// tracks that are new before the first of its frames; nil = as before
	tracks  []Track
	records []byte
	dropped uint64
}

func newSubscription(window int) *Subscription {
	return &Subscription{window: window, more: make(chan struct{}, 1)}
}

// Read gives the next frames, at least one, and waits for them. io.EOF means that the stream ended by itself.
func (s *Subscription) Read(ctx context.Context) ([]Frame, error) {
	for {
		if one, there := s.take(); there {
			frames, err := s.unpack(one)
			if err != nil || len(frames) > 0 {
				return frames, err
			}
			continue
		}
		select {
		case <-s.more:
			continue
		default:
		}
		willWait(ctx)
		select {
		case <-s.more:
		case <-ctx.Done():
			return nil, contextError(ctx)
		case <-s.done:
			if s.waiting() {
				continue
			}
			if err := s.Err(); err != nil {
				return nil, err
			}
			return nil, io.EOF
		}
	}
}

// Batches is an iterator over what Read gives, for `range` in Go 1.23 and newer. Its last item is the error, if the stream did not end by itself.
func (s *Subscription) Batches(ctx context.Context) func(yield func([]Frame, error) bool) {
	return func(yield func([]Frame, error) bool) {
		for {
			frames, err := s.Read(ctx)
			if err == io.EOF || !yield(frames, err) || err != nil {
				return
			}
		}
	}
}

// WantKey asks the publisher for a key frame, soon; nothing happens where it cannot make one.
func (s *Subscription) WantKey() {
	s.mutex.Lock()
	over := s.over
	s.mutex.Unlock()
	if !over {
		s.connection.send(s.id, partKeyWanted, func(*encoder) {})
	}
}

// Dropped is the number of frames that were skipped so far because this reader was late.
func (s *Subscription) Dropped() uint64 {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.dropped
}

// Close ends it; what was not read yet is thrown away. Idempotent; never an error.
func (s *Subscription) Close() error {
	_ = s.stream.Close()
	s.mutex.Lock()
	s.queue = nil
	s.mutex.Unlock()
	return nil
}

func (s *Subscription) take() (batch, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.queue) == 0 {
		return batch{}, false
	}
	one := s.queue[0]
	s.queue[0] = batch{}
	s.queue = s.queue[1:]
	s.queued -= len(one.records)
	if one.tracks != nil {
		s.tracks = one.tracks
	}
	s.dropped = one.dropped
	return one, true
}

func (s *Subscription) waiting() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return len(s.queue) > 0
}

// unpack reads a batch and gives its credit back.
func (s *Subscription) unpack(one batch) ([]Frame, error) {
	frames, err := decodeRecords(one.records)
	if err != nil {
		return nil, NewError("ERR_PROTOCOL", "The daemon sent frames that cannot be read: %w", err)
	}
	s.connection.send(s.id, partCredit, func(e *encoder) { e.uint(1, uint64(len(one.records))) })
	return frames, nil
}

// received takes frames of the daemon; it does not wait.
func (s *Subscription) received(body []byte) error {
	var one batch
	if err := texts(body, map[int]any{1: &one.records, 2: &one.dropped}); err != nil {
		return err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.over {
		return nil
	}
	if s.queued+len(one.records) > s.window {
		return wireError("the daemon sent more frames than it had credit for")
	}
	one.tracks, s.next = s.next, nil
	s.queue = append(s.queue, one)
	s.queued += len(one.records)
	select {
	case s.more <- struct{}{}:
	default:
	}
	return nil
}

// retracked takes all tracks, as they are from the next frames on.
func (s *Subscription) retracked(body []byte) error {
	tracks := []Track{}
	err := eachField(body, func(f field) (err error) {
		if f.number == 1 {
			tracks, err = takeTrack(tracks, f)
		}
		return err
	})
	s.mutex.Lock()
	s.next = tracks
	s.mutex.Unlock()
	return err
}
