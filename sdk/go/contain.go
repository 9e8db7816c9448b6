package plugin

import (
	"fmt"
	"os"
	"runtime/debug"
)

// contain runs a handler and makes a panic of it an error. The stack goes to the log.
func contain(handle func() error) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			fmt.Fprintf(os.Stderr, "panic: %v\n%s", reason, debug.Stack())
			err = &Error{Code: "ERR_PLUGIN_FAILED", Message: fmt.Sprintf("The plugin panicked: %v", reason)}
		}
	}()
	return handle()
}
