package plugin

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
)

// Limits until the daemon has said its own.
const (
	firstMessage = 8*1024*1024 + 192*1024
	firstWindow  = 16 * 1024 * 1024
	firstCalls   = 1024
)

// keepBuffer is the largest buffer for writing that is kept for the next message, in bytes.
const keepBuffer = 256 * 1024

// connection is the plugin's end of the pipe: messages cut and written, calls to the daemon and their answers.
type connection struct {
	input  *bufio.Reader
	output io.Writer
	// lock is held by who writes; a channel, so that waiting for it can be given up.
	lock chan struct{}
	// slots has room for the calls that may be open.
	slots      chan struct{}
	buffer     []byte
	last       uint64
	maxMessage int
	done       chan struct{}
	mutex      sync.Mutex
	calls      map[uint64]*call
}

// call is a call to the daemon until it is answered.
type call struct {
	answered chan *answer
	opens    *opening
	// abandoned by its caller: what it opens is given back at once
	abandoned bool
}

// opening is what becomes of a call that has opened something.
type opening struct {
	// opened is called before any later message is read.
	opened func(id uint64, given *answer)
	// unwanted is called instead, in a goroutine, where nobody waits any more; nil = a Close is sent.
	unwanted func(id uint64)
}

func newConnection(input io.Reader, output io.Writer) *connection {
	return &connection{
		input:      bufio.NewReaderSize(input, 256*1024),
		output:     output,
		lock:       make(chan struct{}, 1),
		slots:      make(chan struct{}, firstCalls),
		maxMessage: firstMessage,
		done:       make(chan struct{}),
		calls:      map[uint64]*call{},
	}
}

// read gives the body of the next message; io.EOF at the end.
func (c *connection) read() ([]byte, error) {
	length, err := binary.ReadUvarint(c.input)
	if err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, wireError("a length cannot be read: %v", err)
	}
	if length > uint64(firstMessage) {
		return nil, wireError("a message has %d bytes", length)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(c.input, body); err != nil {
		return nil, io.EOF
	}
	return body, nil
}

// send writes a message without an answer. After the end it does nothing.
func (c *connection) send(id uint64, part int, fill func(*encoder)) {
	c.lock <- struct{}{}
	defer c.unlock()
	c.write(id, part, fill)
}

// sendWithin is send for one who may give up waiting for others that write.
func (c *connection) sendWithin(ctx context.Context, id uint64, part int, fill func(*encoder)) error {
	if err := c.acquire(ctx); err != nil {
		return err
	}
	defer c.unlock()
	return c.write(id, part, fill)
}

// sendFrames writes frames of a stream; parts are the records, of so many bytes in all, and are not copied.
func (c *connection) sendFrames(ctx context.Context, id uint64, parts net.Buffers, size int) error {
	if err := c.acquire(ctx); err != nil {
		return err
	}
	defer c.unlock()
	if c.over() {
		return nil
	}
	inner := encoder{make([]byte, 0, 64)}
	inner.tag(1, formBytes)
	inner.b = binary.AppendUvarint(inner.b, uint64(size))
	outer := encoder{make([]byte, 0, 64)}
	outer.uint(1, id)
	outer.tag(partFrames, formBytes)
	outer.b = binary.AppendUvarint(outer.b, uint64(len(inner.b)+size))
	outer.b = append(outer.b, inner.b...)
	head := binary.AppendUvarint(make([]byte, 0, 80), uint64(len(outer.b)+size))
	head = append(head, outer.b...)
	whole := append(net.Buffers{head}, parts...)
	// an error is seen by the reader too
	_, _ = whole.WriteTo(c.output)
	return nil
}

// call calls the daemon and waits for the answer. opens is nil where it opens nothing.
func (c *connection) call(ctx context.Context, part int, fill func(*encoder), opens *opening) (*answer, error) {
	slots := c.slots
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return nil, contextError(ctx)
	case <-c.done:
		return nil, errStopping
	}
	made := &call{answered: make(chan *answer, 1), opens: opens}
	id, err := c.begin(ctx, made, part, fill)
	if err != nil {
		return nil, err
	}
	willWait(ctx)
	select {
	case given := <-made.answered:
		return given, given.failure()
	case <-c.done:
		return nil, errStopping
	case <-ctx.Done():
		if c.abandon(id) {
			return nil, contextError(ctx)
		}
		given := <-made.answered
		return given, given.failure()
	}
}

// begin writes a call. Ids have to rise on the wire, so the id is drawn where the message is written.
func (c *connection) begin(ctx context.Context, made *call, part int, fill func(*encoder)) (uint64, error) {
	if err := c.acquire(ctx); err != nil {
		return 0, err
	}
	defer c.unlock()
	if c.over() {
		return 0, errStopping
	}
	id := c.last + 1
	c.mutex.Lock()
	c.calls[id] = made
	c.mutex.Unlock()
	if err := c.write(id, part, fill); err != nil {
		c.forget(id)
		return 0, err
	}
	c.last = id
	return id, nil
}

// abandon tells the daemon that nobody waits any more; false when the answer is there already. A stream that opens all the same is closed.
func (c *connection) abandon(id uint64) bool {
	c.mutex.Lock()
	made := c.calls[id]
	if made != nil {
		made.abandoned = true
	}
	c.mutex.Unlock()
	if made == nil {
		return false
	}
	c.send(id, partCancel, nil)
	return true
}

// answered takes an answer of the daemon. It does not wait, for it is the reader who calls it.
func (c *connection) answered(id uint64, given *answer) {
	made := c.forget(id)
	if made == nil {
		return
	}
	if made.abandoned {
		c.giveBack(id, made.opens, given)
		return
	}
	if made.opens != nil && given.code == "" {
		made.opens.opened(id, given)
	}
	made.answered <- given
}

func (c *connection) giveBack(id uint64, opens *opening, given *answer) {
	switch {
	case opens == nil || given.code != "":
	case opens.unwanted != nil:
		go opens.unwanted(id)
	default:
		go c.send(id, partClose, nil)
	}
}

func (c *connection) forget(id uint64) *call {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	made := c.calls[id]
	delete(c.calls, id)
	return made
}

// limit takes the limits that the daemon says, before the first call.
func (c *connection) limit(maxMessage, calls int) {
	c.lock <- struct{}{}
	defer c.unlock()
	c.maxMessage = maxMessage
	if calls > 0 && calls < cap(c.slots) {
		c.slots = make(chan struct{}, calls)
	}
}

// hangUp ends the reading, where the pipe can be closed.
func (c *connection) hangUp(input io.Reader, output io.Writer) {
	for _, end := range []any{input, output} {
		if closer, can := end.(io.Closer); can {
			_ = closer.Close()
		}
	}
}

// end lets all go that wait for the daemon. Called once, by the reader.
func (c *connection) end() { close(c.done) }

func (c *connection) over() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

func (c *connection) acquire(ctx context.Context) error {
	select {
	case c.lock <- struct{}{}:
		return nil
	default:
	}
	willWait(ctx)
	select {
	case c.lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return contextError(ctx)
	case <-c.done:
		return errStopping
	}
}

func (c *connection) unlock() { <-c.lock }

// write writes a message as a whole. Who calls it holds the lock.
func (c *connection) write(id uint64, part int, fill func(*encoder)) error {
	if c.over() {
		return nil
	}
	e := encoder{c.buffer[:0]}
	e.sized(func(e *encoder) {
		e.uint(1, id)
		e.message(part, fill)
	})
	if cap(e.b) <= keepBuffer {
		c.buffer = e.b
	} else {
		c.buffer = nil
	}
	if len(e.b) > c.maxMessage {
		return NewError("ERR_PAYLOAD_TOO_LARGE", "A message of %d bytes is over the limit of %d bytes.", len(e.b), c.maxMessage)
	}
	// an error is seen by the reader too
	_, _ = c.output.Write(e.b)
	return nil
}
