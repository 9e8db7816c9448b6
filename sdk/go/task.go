package plugin

import (
	"sync"
	"time"
)

// progressPause is the shortest time between two reports of progress.
const progressPause = 100 * time.Millisecond

// Task is a piece of the plugin's work, as `shoal tasks` shows it. Its methods may be called from several goroutines.
type Task struct {
	connection *connection
	name       string
	mutex      sync.Mutex
	done       uint64
	total      uint64
	last       time.Time
	over       bool
	// later is progress that is told when the pause is over.
	later *taskReport
}

// taskReport is what is told of a task.
type taskReport struct {
	state, text string
	done, total uint64
}

// Progress tells that so much of total is done; a total of 0 is not known. It may be called often: what is told is the latest, ten times a second.
func (t *Task) Progress(done, total uint64, text string) {
	t.mutex.Lock()
	t.done, t.total = done, total
	t.mutex.Unlock()
	t.report(t.state("running", text), done == total)
}

// Backoff tells that it waits to be tried again, and why.
func (t *Task) Backoff(reason error) { t.report(t.state("backoff", reason.Error()), true) }

// Done tells that it is over and has done what it should.
func (t *Task) Done() { t.end("done", "") }

// Failed tells that it is over, and why.
func (t *Task) Failed(reason error) { t.end("failed", reason.Error()) }

// Stopped tells that it was ended before it was done.
func (t *Task) Stopped() { t.end("stopped", "") }

func (t *Task) end(state, text string) { t.report(t.state(state, text), true) }

func (t *Task) state(state, text string) taskReport {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return taskReport{state: state, text: cut(text, 200), done: t.done, total: t.total}
}

// report says it now, or when the pause is over.
func (t *Task) report(report taskReport, now bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	pause := progressPause - time.Since(t.last)
	if t.over {
		return
	}
	if !now && t.later != nil {
		t.later = &report
		return
	}
	if !now && pause > 0 {
		t.later = &report
		time.AfterFunc(pause, t.catchUp)
		return
	}
	t.later = nil
	t.over = report.state != "running" && report.state != "backoff"
	t.say(report)
}

// catchUp says the latest progress, unless something else was said meanwhile.
func (t *Task) catchUp() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.later != nil && !t.over {
		report := *t.later
		t.later = nil
		t.say(report)
	}
}

// say is called with the mutex held, so that reports stay in order.
func (t *Task) say(report taskReport) {
	t.last = time.Now()
	t.connection.send(0, partTask, func(e *encoder) {
		e.text(1, t.name)
		e.text(2, report.state)
		e.text(3, report.text)
		e.uint(4, report.done)
		e.uint(5, report.total)
	})
}
