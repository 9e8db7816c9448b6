package plugin

import (
	"context"
	"encoding/json"
	"sync"
)

// Job is one try of a pull or a push. It is a context that ends when the job shall stop; what it opened is closed when the handler returns.
type Job struct {
	*Context
	// URL that is pulled from or pushed to.
	URL string
	// Path of the stream.
	Path string

	id      uint64
	options []byte
	mutex   sync.Mutex
	over    bool
	opened  []interface{ Close() error }
}

// Options reads the options of the pull or push into a struct or map.
func (j *Job) Options(into any) error {
	if len(j.options) == 0 {
		return nil
	}
	if err := json.Unmarshal(j.options, into); err != nil {
		return NewError("ERR_REQUEST_INVALID", "The options cannot be read: %w", err)
	}
	return nil
}

// Publish opens the stream of a pull, once its tracks are known.
func (j *Job) Publish(tracks ...Track) (*Publication, error) {
	publication, err := j.session.publish(j, func(e *encoder) {
		encodeTracks(e, 2, tracks)
		e.uint(6, j.id)
	})
	if err == nil {
		j.keep(publication)
	}
	return publication, err
}

// Subscribe reads the stream of a push.
func (j *Job) Subscribe(options ...SubscribeOptions) (*Subscription, error) {
	subscription, err := j.session.subscribe(j, func(e *encoder) {
		encodeReading(e, options)
		e.uint(7, j.id)
	})
	if err == nil {
		j.keep(subscription)
	}
	return subscription, err
}

// keep closes what was opened with the job.
func (j *Job) keep(opened interface{ Close() error }) {
	j.mutex.Lock()
	over := j.over
	j.opened = append(j.opened, opened)
	j.mutex.Unlock()
	if over {
		_ = opened.Close()
	}
}

// close closes all that was opened, and what is opened later.
func (j *Job) close() {
	j.mutex.Lock()
	j.over = true
	opened := j.opened
	j.mutex.Unlock()
	for _, each := range opened {
		_ = each.Close()
	}
}

// decodeJob reads a job that the daemon starts.
func decodeJob(body []byte) (job *Job, factory uint64, push bool, err error) {
	job = &Job{}
	err = texts(body, map[int]any{1: &factory, 2: &push, 3: &job.URL, 4: &job.Path, 5: &job.options})
	return job, factory, push, err
}

// runJob runs one try; the answer is its end.
func (s *session) runJob(ctx context.Context, m message) (*answer, error) {
	job, factory, push, err := decodeJob(m.body)
	if err != nil {
		return nil, err
	}
	handle, err := s.jobHandler(factory, push)
	if err != nil {
		return nil, err
	}
	job.id = m.id
	scope, end := context.WithCancel(ctx)
	job.Context = s.ctx.With(scope)
	go func() {
		<-scope.Done()
		job.close()
	}()
	err = contain(func() error { return handle(job) })
	if ctx.Err() != nil {
		// it was to stop: whatever it says, that is no failure
		err = nil
	}
	job.close()
	end()
	return nil, err
}

func (s *session) jobHandler(factory uint64, push bool) (func(*Job) error, error) {
	if push && factory < uint64(len(s.plugin.Pushers)) {
		return s.plugin.Pushers[factory].Push, nil
	}
	if !push && factory < uint64(len(s.plugin.Pullers)) {
		return s.plugin.Pullers[factory].Pull, nil
	}
	return nil, NewError("ERR_PROTOCOL", "There is no puller or pusher %d.", factory)
}
