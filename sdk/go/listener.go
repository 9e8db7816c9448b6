package plugin

import (
	"context"
	"encoding/json"
	"io"
)

// Listener is a stream of events of a service.
type Listener[T any] struct {
	*events
	decode func(call *ServiceCall, text []byte) (T, error)
}

// events is what all listeners have in common.
type events struct {
	ending
	inbox *inbox
}

// listen opens a stream of events.
func listen[T any](
	ctx context.Context, s Services, slot, method string, decode func(*ServiceCall, []byte) (T, error), arguments ...any,
) (*Listener[T], error) {
	made := &events{inbox: newInbox()}
	if _, err := s.call(ctx, slot, method, &opening{opened: s.session.attach(made)}, arguments...); err != nil {
		return nil, err
	}
	return &Listener[T]{made, decode}, nil
}

// attach makes events known under the id of the call that opens them.
func (s *session) attach(made *events) func(uint64, *answer) {
	return func(id uint64, _ *answer) {
		made.ending.attach(s.connection, id, func() { s.forget(id) })
		s.keep(id, made)
	}
}

// Next gives the next event, and waits for it. io.EOF means that the stream ended by itself.
func (l *Listener[T]) Next(ctx context.Context) (event T, err error) {
	for {
		if m, there, missed := l.inbox.take(); there || missed > 0 {
			return l.read(m, missed)
		}
		select {
		case <-l.inbox.more:
			continue
		default:
		}
		willWait(ctx)
		select {
		case <-l.inbox.more:
		case <-ctx.Done():
			return event, contextError(ctx)
		case <-l.done:
			if l.inbox.empty() {
				if err = l.Err(); err == nil {
					err = io.EOF
				}
				return event, err
			}
		}
	}
}

func (l *Listener[T]) read(m message, missed int) (event T, err error) {
	if m.part == 0 {
		text, _ := json.Marshal(map[string]any{"type": "lagged", "missed": missed})
		return l.decode(&ServiceCall{}, text)
	}
	call, text, err := decodeService(m.body)
	if err != nil {
		return event, err
	}
	return l.decode(call, text)
}

// notice takes a notice of the daemon: an event of a stream, or a method of a slot.
func (s *session) notice(m message) error {
	if m.id == 0 {
		s.notices.put(m)
		return nil
	}
	if stream, is := s.stream(m.id).(*events); is {
		stream.inbox.put(m)
	}
	return nil
}
