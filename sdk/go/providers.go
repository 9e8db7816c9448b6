package plugin

import (
	"context"
	"errors"
	"time"
)

// Authentication fills the slot `authentication`. (nil, nil) = not mine to judge; ErrWrong = mine, and wrong.
type Authentication interface {
	// Authenticate tells who showed these.
	Authenticate(ctx context.Context, shown Credentials) (*Principal, error)
}

// AuthenticationProvider makes a provider of it.
func AuthenticationProvider(from Authentication) Provider {
	return Provider{Slot: "authentication", Call: func(ctx *Context, call *ServiceCall) (any, error) {
		var shown Credentials
		if err := call.Args(&shown); err != nil || call.Method != "authenticate" {
			return nil, unknownMethod(call, err)
		}
		principal, err := from.Authenticate(ctx, shown)
		if errors.Is(err, ErrWrong) {
			return false, nil
		}
		if err != nil || principal == nil {
			return nil, err
		}
		return principal, nil
	}}
}

// Permission fills the slot `permission`. A reason is a sentence for the person who is refused; an error is a refusal too.
// Context.PermissionChanged tells the daemon that answers may have changed.
type Permission interface {
	// Allows decides whether who may do what.
	Allows(ctx context.Context, who Principal, what Action) (allowed bool, reason string, err error)
}

// PermissionProvider makes a provider of it.
func PermissionProvider(from Permission) Provider {
	return Provider{Slot: "permission", Call: func(ctx *Context, call *ServiceCall) (any, error) {
		var who Principal
		var what Action
		if err := call.Args(&who, &what); err != nil || call.Method != "allows" {
			return nil, unknownMethod(call, err)
		}
		allowed, reason, err := from.Allows(ctx, who, what)
		if !allowed && reason != "" {
			return reason, err
		}
		return allowed, err
	}}
}

// Cache fills the slot `cache`, and is what Services.Cache gives. It is bounded; what is not there is found = false and no error.
type Cache interface {
	// Get gives a value that is there still.
	Get(ctx context.Context, key string) (value []byte, found bool, err error)
	// Set keeps a value for so long; with 0 it is gone at once.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Delete removes a key that may be there.
	Delete(ctx context.Context, key string) error
	// Clear removes everything.
	Clear(ctx context.Context) error
}

// CacheProvider makes a provider of it.
func CacheProvider(from Cache) Provider {
	return Provider{Slot: "cache", Call: func(ctx *Context, call *ServiceCall) (any, error) {
		var key string
		var value []byte
		var ttl float64
		if err := call.Args(&key, &value, &ttl); err != nil {
			return nil, err
		}
		switch call.Method {
		case "get":
			return foundValue(from.Get(ctx, key))
		case "set":
			return nil, from.Set(ctx, key, filled(value), fromMilliseconds(ttl))
		case "delete":
			return nil, from.Delete(ctx, key)
		case "clear":
			return nil, from.Clear(ctx)
		}
		return nil, unknownMethod(call, nil)
	}}
}

// Storage fills the slot `storage`: ordered maps from strings to bytes, one for each name space. Set returns when the value is durable.
type Storage interface {
	// Get gives the value of a key.
	Get(ctx context.Context, space, key string) (value []byte, found bool, err error)
	// Set keeps a value.
	Set(ctx context.Context, space, key string, value []byte) error
	// Delete removes a key that may be there.
	Delete(ctx context.Context, space, key string) error
	// Entries gives keys that start with prefix and come after the key after; empty = from the first.
	Entries(ctx context.Context, space, prefix, after string) (Page, error)
	// Clear removes everything of a name space.
	Clear(ctx context.Context, space string) error
}

// StorageProvider makes a provider of it.
func StorageProvider(from Storage) Provider {
	return Provider{Slot: "storage", Call: func(ctx *Context, call *ServiceCall) (any, error) {
		var space, key, after string
		var value []byte
		places := []any{&space, &key, &value}
		if call.Method == "entries" {
			places[2] = &after
		}
		if err := call.Args(places...); err != nil {
			return nil, err
		}
		switch call.Method {
		case "get":
			return foundValue(from.Get(ctx, space, key))
		case "set":
			return nil, from.Set(ctx, space, key, filled(value))
		case "delete":
			return nil, from.Delete(ctx, space, key)
		case "entries":
			return from.Entries(ctx, space, key, after)
		case "clear":
			return nil, from.Clear(ctx, space)
		}
		return nil, unknownMethod(call, nil)
	}}
}

// Locks fills the slot `locks`. Of two grants of one lock the later has the greater token, compared as strings. ErrLocked = somebody
// has it. Context.LockLost tells that a lock was lost.
type Locks interface {
	// Get grants a lock, or waits for it at most so long.
	Get(ctx context.Context, name string, timeout time.Duration) (token string, err error)
	// Release takes a lock back that was granted with this token.
	Release(ctx context.Context, name, token string) error
}

// LocksProvider makes a provider of it.
func LocksProvider(from Locks) Provider {
	return Provider{Slot: "locks", Call: func(ctx *Context, call *ServiceCall) (any, error) {
		var name, token string
		var timeout float64
		switch call.Method {
		case "get":
			if err := call.Args(&name, &timeout); err != nil {
				return nil, err
			}
			token, err := from.Get(ctx, name, fromMilliseconds(timeout))
			if errors.Is(err, ErrLocked) {
				return nil, nil
			}
			return map[string]string{"token": token}, err
		case "release":
			if err := call.Args(&name, &token); err != nil {
				return nil, err
			}
			return nil, from.Release(ctx, name, token)
		}
		return nil, unknownMethod(call, nil)
	}}
}

// LogSink fills the slot `logger`. Write gets one line at a time.
type LogSink interface {
	// Write keeps a line.
	Write(line LogLine)
	// Flush returns when everything is written.
	Flush(ctx context.Context) error
}

// LogProvider makes a provider of it. A plugin that writes to its own Log for each line it gets would never come to an end.
func LogProvider(from LogSink) Provider {
	return Provider{
		Slot: "logger",
		Call: func(ctx *Context, call *ServiceCall) (any, error) {
			if call.Method != "flush" {
				return nil, unknownMethod(call, nil)
			}
			// lines that came before it are written first
			if err := ctx.session.notices.settled(ctx); err != nil {
				return nil, err
			}
			return nil, from.Flush(ctx)
		},
		Notice: func(_ *Context, call *ServiceCall) {
			var line LogLine
			if call.Method == "write" && call.Arg(0, &line) == nil {
				from.Write(line)
			}
		},
	}
}

// MonitoringProvider fills the slot `monitoring`: observe gets each method and its arguments, one at a time.
func MonitoringProvider(observe func(ctx *Context, call *ServiceCall)) Provider {
	return Provider{Slot: "monitoring", Notice: observe}
}

func foundValue(value []byte, found bool, err error) (any, error) {
	if err != nil || !found {
		return nil, err
	}
	return filled(value), nil
}

// filled is bytes that are not nil: there are none, which is something else than no value.
func filled(value []byte) []byte {
	if value == nil {
		return []byte{}
	}
	return value
}

func unknownMethod(call *ServiceCall, err error) error {
	if err != nil {
		return err
	}
	return NewError("ERR_PROTOCOL", "The slot %s has no method %s.", call.Slot, call.Method)
}
