package plugin

import (
	"context"
	"sync"
)

// Messages and bytes of them that wait to be handled, one after the other; what comes beyond is left out and counted.
const (
	inboxCount = 1024
	inboxBytes = 8 * 1024 * 1024
)

// inbox holds messages that nobody waits for. The reader puts them in and never waits.
type inbox struct {
	mutex  sync.Mutex
	queue  []message
	bytes  int
	missed int
	more   chan struct{}
	// in and out count what came and what was handled; handled is closed, and made anew, with each.
	in, out uint64
	handled chan struct{}
}

func newInbox() *inbox {
	return &inbox{more: make(chan struct{}, 1), handled: make(chan struct{})}
}

func (i *inbox) put(m message) {
	i.mutex.Lock()
	if len(i.queue) >= inboxCount || i.bytes+len(m.body) > inboxBytes {
		i.missed++
		i.mutex.Unlock()
		return
	}
	i.queue = append(i.queue, m)
	i.in++
	i.bytes += len(m.body)
	i.mutex.Unlock()
	select {
	case i.more <- struct{}{}:
	default:
	}
}

// take gives the next message and how many were left out after it, once there is nothing before them.
func (i *inbox) take() (m message, there bool, missed int) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if len(i.queue) == 0 {
		missed, i.missed = i.missed, 0
		return m, false, missed
	}
	m = i.queue[0]
	i.queue[0] = message{}
	i.queue = i.queue[1:]
	i.bytes -= len(m.body)
	return m, true, 0
}

// each handles messages until done is closed; of those that were left out it gets the number, with a message without a part.
func (i *inbox) each(done <-chan struct{}, handle func(m message, missed int)) {
	for {
		m, there, missed := i.take()
		if there || missed > 0 {
			handle(m, missed)
			if there {
				i.count()
			}
			continue
		}
		select {
		case <-i.more:
		case <-done:
			return
		}
	}
}

// count tells those who wait that one more was handled.
func (i *inbox) count() {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	i.out++
	close(i.handled)
	i.handled = make(chan struct{})
}

func (i *inbox) empty() bool {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	return len(i.queue) == 0 && i.missed == 0
}

// settled waits until all that is in there now is handled.
func (i *inbox) settled(ctx context.Context) error {
	i.mutex.Lock()
	until := i.in
	i.mutex.Unlock()
	for {
		i.mutex.Lock()
		settled := i.out >= until
		more := i.handled
		i.mutex.Unlock()
		if settled {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return contextError(ctx)
		}
	}
}
