package plugin

import "context"

// publish opens a stream for writing.
func (s *session) publish(ctx context.Context, fill func(*encoder)) (*Publication, error) {
	publication := newPublication(s.window)
	_, err := s.connection.call(ctx, partPublish, fill, &opening{opened: func(id uint64, given *answer) {
		publication.attach(s.connection, id, given, func() { s.forget(id) })
		s.keep(id, publication)
	}})
	if err != nil {
		return nil, err
	}
	return publication, nil
}

// subscribe opens a stream for reading.
func (s *session) subscribe(ctx context.Context, fill func(*encoder)) (*Subscription, error) {
	subscription := newSubscription(s.window)
	_, err := s.connection.call(ctx, partSubscribe, fill, &opening{opened: func(id uint64, given *answer) {
		subscription.attach(s.connection, id, given, func() { s.forget(id) })
		s.keep(id, subscription)
	}})
	if err != nil {
		return nil, err
	}
	return subscription, nil
}

func (s *session) keep(id uint64, stream opened) {
	s.mutex.Lock()
	s.streams[id] = stream
	s.mutex.Unlock()
	if s.ctx.Err() != nil {
		stream.finish(errStopping)
	}
}

func (s *session) forget(id uint64) {
	s.mutex.Lock()
	delete(s.streams, id)
	s.mutex.Unlock()
}

func (s *session) stream(id uint64) opened {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.streams[id]
}

// takeStream handles a message of a stream; late ones, of streams that are over, are ignored.
func (s *session) takeStream(m message) error {
	stream := s.stream(m.id)
	if stream == nil {
		return nil
	}
	if m.part == partClose {
		return stream.closed(m.body)
	}
	switch stream := stream.(type) {
	case *Publication:
		if m.part == partKeyWanted {
			stream.wish()
		}
		if m.part == partCredit {
			var count uint64
			if err := texts(m.body, map[int]any{1: &count}); err != nil {
				return err
			}
			stream.credited(int(count))
		}
	case *Subscription:
		if m.part == partFrames {
			return stream.received(m.body)
		}
		if m.part == partTracks {
			return stream.retracked(m.body)
		}
	}
	return nil
}
