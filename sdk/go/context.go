package plugin

import (
	"context"
	"encoding/json"
	"time"
)

// Context is the daemon, as a plugin sees it. It is a context.Context too: that of Start ends when the plugin stops, that of a
// call when nobody waits for the call any more, that of a job when the job shall stop.
type Context struct {
	context.Context
	// NodeID is the peer id of this node.
	NodeID string
	// NodeName is its name, for people.
	NodeName string
	// DataDir is the plugin's own folder for data; it exists.
	DataDir string
	// Log writes into the daemon's log.
	Log Log
	// Store is the plugin's own keys and values.
	Store Store
	// Payloads are messages to plugins on other nodes.
	Payloads Payloads
	// Services are the slots of the daemon that the plugin has in Uses.
	Services Services

	session *session
	config  []byte
}

// With is the same for another context.Context.
func (c *Context) With(ctx context.Context) *Context {
	other := *c
	other.Context = ctx
	return &other
}

// Config reads the configuration into a struct. It was checked against the schema, and defaults are filled in.
func (c *Context) Config(into any) error {
	if len(c.config) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.config, into); err != nil {
		return NewError("ERR_PLUGIN_CONFIG", "The configuration cannot be read: %w", err)
	}
	return nil
}

// Go runs work of the plugin in a goroutine until it returns or the plugin stops. A panic is contained and logged; `shoal tasks` shows the work
// by its name.
func (c *Context) Go(name string, work func(ctx *Context, task *Task) error) {
	whole := c.session.ctx
	if !c.session.addTask() {
		return
	}
	task := c.Task(name)
	go func() {
		defer c.session.tasks.Done()
		err := contain(func() error { return work(whole, task) })
		switch {
		case whole.Err() != nil:
			task.end("stopped", "")
		case err != nil:
			whole.Log.Error("a task failed", "task", name, "reason", err)
			task.Failed(err)
		default:
			task.Done()
		}
	}()
}

// Task tells the daemon of a piece of work, which is running from now on.
func (c *Context) Task(name string) *Task {
	task := &Task{connection: c.session.connection, name: cut(name, 100)}
	task.report(task.state("running", ""), true)
	return task
}

// Sign is this node's signature over the bytes.
func (c *Context) Sign(ctx context.Context, data []byte) ([]byte, error) {
	given, err := c.session.connection.call(ctx, partSign, func(e *encoder) { e.bytes(1, data) }, nil)
	if err != nil {
		return nil, err
	}
	return given.body, nil
}

// Wait waits for a while; false when the context ended before.
func (c *Context) Wait(length time.Duration) bool {
	if length <= 0 {
		return c.Err() == nil
	}
	willWait(c)
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.Done():
		return false
	}
}

// Publish opens a stream for writing. Errors: ERR_PATH_INVALID, ERR_STREAM_TAKEN, ERR_LIMIT.
func (c *Context) Publish(ctx context.Context, path string, tracks []Track, options ...PublishOptions) (*Publication, error) {
	chosen := PublishOptions{}
	if len(options) > 0 {
		chosen = options[0]
	}
	return c.session.publish(ctx, func(e *encoder) {
		e.text(1, path)
		encodeTracks(e, 2, tracks)
		chosen.encode(e)
	})
}

// Subscribe opens a stream for reading. Errors: ERR_STREAM_NOT_FOUND, ERR_PATH_INVALID, ERR_LIMIT.
func (c *Context) Subscribe(ctx context.Context, path string, options ...SubscribeOptions) (*Subscription, error) {
	return c.session.subscribe(ctx, func(e *encoder) {
		e.text(1, path)
		encodeReading(e, options)
	})
}

// PublishOptions are what may be said of a publication.
type PublishOptions struct {
	// Takeover ends another publication of the path.
	Takeover bool
	// PublishTimeout is how long it may be without a frame; 0 = the daemon's default.
	PublishTimeout time.Duration
	// IdleTimeout is how long it may be without a reader; 0 = the daemon's default.
	IdleTimeout time.Duration
}

func (o PublishOptions) encode(e *encoder) {
	e.bool(3, o.Takeover)
	e.uint(4, milliseconds(o.PublishTimeout))
	e.uint(5, milliseconds(o.IdleTimeout))
}

// SubscribeOptions are what may be said of a subscription.
type SubscribeOptions struct {
	// NextKey waits for a key frame; else reading begins with the newest one kept.
	NextKey bool
	// Buffered begins so far back, where it is not 0.
	Buffered time.Duration
	// Kinds of tracks: video, audio, data; none = all.
	Kinds []string
	// MaxLatency is how late this reader may be before frames are skipped; 0 = the daemon's default.
	MaxLatency time.Duration
	// Wait is how long to wait for a publisher.
	Wait time.Duration
}

func encodeReading(e *encoder, options []SubscribeOptions) {
	if len(options) == 0 {
		return
	}
	o := options[0]
	if o.Buffered > 0 {
		e.uint(2, 2)
		e.uint(3, uint64(o.Buffered.Microseconds()))
	} else if o.NextKey {
		e.uint(2, 1)
	}
	e.items(4, o.Kinds)
	e.uint(5, milliseconds(o.MaxLatency))
	e.uint(6, milliseconds(o.Wait))
}

// milliseconds of a duration; one that is not 0 does not become 0.
func milliseconds(length time.Duration) uint64 {
	if length <= 0 {
		return 0
	}
	return uint64((length + time.Millisecond - 1) / time.Millisecond)
}
