package plugin

import (
	"context"
	"net"
)

// Bytes and frames that are sent in one message; a larger frame goes alone.
const (
	batchBytes  = 192 * 1024
	batchFrames = 1024
)

// Publication is the writing end of a stream. Its methods may be called from several goroutines.
type Publication struct {
	stream
	// order is held by who writes, so that frames stay in order while one waits for credit.
	order  chan struct{}
	credit int
	window int
	// more has an item when credit came.
	more chan struct{}
	// wishes has an item when a reader wants a key frame.
	wishes chan struct{}
}

func newPublication(window int) *Publication {
	return &Publication{order: make(chan struct{}, 1), credit: window, window: window, more: make(chan struct{}, 1), wishes: make(chan struct{}, 1)}
}

// Write writes one frame, in decode order, and waits while the daemon is behind. An error means that the stream is over, or the context.
func (p *Publication) Write(ctx context.Context, frame Frame) error {
	return p.WriteBatch(ctx, []Frame{frame})
}

// WriteBatch writes frames together, which is cheaper than one by one.
func (p *Publication) WriteBatch(ctx context.Context, frames []Frame) error {
	if err := p.lock(ctx); err != nil {
		return err
	}
	defer func() { <-p.order }()
	for len(frames) > 0 {
		count, size := 1, headSize+len(frames[0].Data)
		for count < len(frames) && count < batchFrames && size+headSize+len(frames[count].Data) <= batchBytes {
			size += headSize + len(frames[count].Data)
			count++
		}
		if err := p.writeSome(ctx, frames[:count], size); err != nil {
			return err
		}
		frames = frames[count:]
	}
	return nil
}

// KeyWanted has an item when a reader cannot go on without a key frame, every half second at most: make one soon, if you can.
func (p *Publication) KeyWanted() <-chan struct{} { return p.wishes }

// Update announces a track that is new or has changed, before the first frame that needs it.
func (p *Publication) Update(ctx context.Context, track Track) error {
	if err := p.lock(ctx); err != nil {
		return err
	}
	defer func() { <-p.order }()
	p.mutex.Lock()
	if p.over {
		defer p.mutex.Unlock()
		return p.ended()
	}
	tracks := []Track{track}
	for _, known := range p.tracks {
		if known.ID != track.ID {
			tracks = append(tracks, known)
		}
	}
	p.tracks = tracks
	p.mutex.Unlock()
	return p.connection.sendWithin(ctx, p.id, partTracks, func(e *encoder) { e.message(1, track.encode) })
}

func (p *Publication) lock(ctx context.Context) error {
	select {
	case p.order <- struct{}{}:
		return nil
	case <-ctx.Done():
		return contextError(ctx)
	}
}

func (p *Publication) writeSome(ctx context.Context, frames []Frame, size int) error {
	heads := make([]byte, 0, headSize*len(frames))
	parts := make(net.Buffers, 0, 2*len(frames))
	for i := range frames {
		frame := &frames[i]
		if len(frame.Data) > maxFrame || frame.Track < 0 || frame.Track > 65535 {
			return NewError("ERR_FRAME_INVALID", "A frame has %d bytes and the track %d; the daemon takes 8 MiB and tracks up to 65,535.", len(frame.Data), frame.Track)
		}
		heads = appendHead(heads, frame)
		parts = append(parts, heads[len(heads)-headSize:])
		if len(frame.Data) > 0 {
			parts = append(parts, frame.Data)
		}
	}
	if err := p.spend(ctx, size); err != nil {
		return err
	}
	return p.connection.sendFrames(ctx, p.id, parts, size)
}

// spend takes credit, and waits for it.
func (p *Publication) spend(ctx context.Context, size int) error {
	if size > p.window {
		return NewError("ERR_FRAME_INVALID", "A frame of %d bytes is larger than what may be under way.", size)
	}
	if err := ctx.Err(); err != nil {
		return contextError(ctx)
	}
	for {
		p.mutex.Lock()
		if p.over {
			defer p.mutex.Unlock()
			return p.ended()
		}
		if p.credit >= size {
			p.credit -= size
			p.mutex.Unlock()
			return nil
		}
		p.mutex.Unlock()
		willWait(ctx)
		select {
		case <-p.more:
		case <-p.done:
		case <-ctx.Done():
			return contextError(ctx)
		}
	}
}

// ended is what writing to a stream that is over fails with. Who calls it holds the mutex.
func (p *Publication) ended() error {
	if p.err != nil {
		return p.err
	}
	return &Error{Code: "ERR_STREAM_STOPPED", Message: "The stream is over."}
}

// wish is a reader's, for a key frame; it does not wait. One that is still there says as much as two.
func (p *Publication) wish() {
	select {
	case p.wishes <- struct{}{}:
	default:
	}
}

// credited takes credit of the daemon; it does not wait.
func (p *Publication) credited(count int) {
	p.mutex.Lock()
	p.credit += count
	p.mutex.Unlock()
	select {
	case p.more <- struct{}{}:
	default:
	}
}
