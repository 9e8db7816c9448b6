package plugin

import "syscall"

// redirect makes one descriptor lead where another does. Not every Linux has dup2.
func redirect(from, to int) error { return syscall.Dup3(from, to, 0) }
