package plugin

import (
	"errors"
	"time"
)

// Principal is who acts.
type Principal struct {
	// Kind is owner (this machine's user), peer (a trusted node) or client (a player, an encoder, a browser).
	Kind string `json:"kind"`
	// ID is a peer id, a user name, or anonymous.
	ID string `json:"id"`
	// Address of a client, without port.
	Address string `json:"address,omitempty"`
	// Local says that the client is on this machine.
	Local bool `json:"local,omitempty"`
}

// Action is what is asked of Permission.
type Action struct {
	// Action is stream.read, stream.publish, payload.send or api.call.
	Action string `json:"action"`
	// Target is a stream path, a payload kind, or the name of an API route.
	Target string `json:"target"`
}

// Credentials are what a client showed.
type Credentials struct {
	// Via is the door: http, rtmp …
	Via string `json:"via"`
	// Token that was shown, if one was.
	Token string `json:"token,omitempty"`
	// User name.
	User string `json:"user,omitempty"`
	// Password.
	Password string `json:"password,omitempty"`
	// Address of the client.
	Address string `json:"address,omitempty"`
	// Local says that the client is on this machine.
	Local bool `json:"local,omitempty"`
}

// LogLine is a line of the daemon's log.
type LogLine struct {
	// Level is trace, debug, info, warn, error or fatal.
	Level string `json:"level"`
	// Time is a wall clock, ms since 1970.
	Time float64 `json:"time"`
	// Module that wrote it.
	Module string `json:"module"`
	// Message of the line.
	Message string `json:"msg"`
	// Fields beside the message.
	Fields map[string]any `json:"fields"`
}

// Page is some entries of a listing, in order of the bytes of their keys.
type Page struct {
	// Entries of the page: at most 500 and, beyond one entry, 1 MiB.
	Entries []Entry
	// More says that there are more after the last one.
	More bool
}

// ErrWrong is what Authenticate returns for credentials that are its own to judge, and wrong.
var ErrWrong = errors.New("the credentials are wrong")

// ErrLocked is what Locks.Get returns when somebody else has the lock.
var ErrLocked = errors.New("somebody else has the lock")

// fromMilliseconds of a JSON number.
func fromMilliseconds(value float64) time.Duration {
	return time.Duration(value * float64(time.Millisecond))
}
