package plugin

import (
	"context"
	"errors"
	"fmt"
)

// Error is an error with a stable code: one that the daemon answered, or one that a handler returns to choose its code.
type Error struct {
	// Code is one of the codes of docs/errors.md, such as ERR_NOT_FOUND.
	Code string
	// Message says what happened and why; for people.
	Message string
	cause   error
}

// NewError makes an error with a code. The message is formatted as by fmt.Errorf, and %w keeps the cause.
func NewError(code, format string, args ...any) *Error {
	made := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: made.Error(), cause: errors.Unwrap(made)}
}

// Error is the message, or the code where there is none.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Code
	}
	return e.Message
}

// Unwrap is the cause, if there is one. What ended because of its context wraps that context's error.
func (e *Error) Unwrap() error { return e.cause }

// CodeOf is the code of an error, or of the first one it wraps that has a code; empty where there is none.
func CodeOf(err error) string {
	var coded *Error
	if errors.As(err, &coded) {
		return coded.Code
	}
	return ""
}

// errStopping is what a call fails with when the daemon is gone.
var errStopping = &Error{Code: "ERR_STOPPING", Message: "The daemon is gone."}

// contextError is why a wait ended with its context.
func contextError(ctx context.Context) error {
	cause := ctx.Err()
	if errors.Is(cause, context.DeadlineExceeded) {
		return &Error{Code: "ERR_TIMEOUT", Message: "The time of the call is over.", cause: cause}
	}
	return &Error{Code: "ERR_ABORTED", Message: "The call was cancelled.", cause: cause}
}

// toldError is an error as it is told to the daemon: code and message, never an empty code.
func toldError(err error, otherwise string) (code, message string) {
	code = CodeOf(err)
	if code == "" {
		code = otherwise
	}
	return code, cut(err.Error(), 1000)
}

// cut is a text of at most so many bytes, still in UTF-8.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && text[most]&0xc0 == 0x80 {
		most--
	}
	return text[:most]
}
