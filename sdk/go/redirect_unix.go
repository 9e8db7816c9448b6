//go:build unix && !linux

package plugin

import "syscall"

// redirect makes one descriptor lead where another does.
func redirect(from, to int) error { return syscall.Dup2(from, to) }
