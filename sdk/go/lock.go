package plugin

import (
	"context"
	"time"
)

// Lock is a lock over all members that this plugin holds.
type Lock struct {
	// Name of the lock.
	Name string
	// Token is greater, compared as strings, than those of all earlier grants. Give it to what the lock guards.
	Token string

	services Services
	held     *events
}

// Lock gets a lock, and waits for it at most so long; 0 = the daemon's default. ErrLocked = somebody else has it.
func (s Services) Lock(ctx context.Context, name string, timeout time.Duration) (*Lock, error) {
	lock := &Lock{Name: name, services: s, held: &events{inbox: newInbox()}}
	attach := s.session.attach(lock.held)
	opened := func(id uint64, given *answer) {
		if hasToken(given) {
			attach(id, given)
		}
	}
	given, err := s.call(ctx, "locks", "get", &opening{opened, s.release}, name, milliseconds(timeout))
	if err != nil {
		return nil, err
	}
	if !hasToken(given) {
		return nil, ErrLocked
	}
	var told struct {
		Token string `json:"token"`
	}
	err = readValue(given.body, nil, &told)
	lock.Token = told.Token
	return lock, err
}

// release gives a lock back that was granted after its caller had given up.
func (s Services) release(id uint64) {
	_, _ = s.call(s.session.ctx, "locks", "release", nil, id)
}

// Lost is closed when the lock is not held any more.
func (l *Lock) Lost() <-chan struct{} { return l.held.done }

// Release gives the lock back. Idempotent.
func (l *Lock) Release(ctx context.Context) error {
	if !l.held.finish(nil) {
		return nil
	}
	_, err := l.services.call(ctx, "locks", "release", nil, l.held.id)
	return err
}

func hasToken(given *answer) bool { return len(given.body) > 0 && string(given.body) != "null" }
