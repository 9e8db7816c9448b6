//go:build unix

package plugin

import (
	"io"
	"net"
	"os"
	"syscall"
)

// claimStdio takes stdin and stdout for the daemon. What the program prints goes to stderr from now on, and it reads nothing from stdin.
func claimStdio() (io.Reader, io.Writer, error) {
	input, err := claim(0, "stdin")
	if err != nil {
		return nil, nil, err
	}
	output, err := claim(1, "stdout")
	if err != nil {
		return nil, nil, err
	}
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return nil, nil, err
	}
	defer nothing.Close()
	if err := redirect(int(nothing.Fd()), 0); err != nil {
		return nil, nil, err
	}
	if err := redirect(2, 1); err != nil {
		return nil, nil, err
	}
	return socketOf(input), socketOf(output), nil
}

// claim is a copy of a descriptor that programs started by this one do not get.
func claim(descriptor int, name string) (*os.File, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	copied, err := syscall.Dup(descriptor)
	if err != nil {
		return nil, os.NewSyscallError("dup", err)
	}
	syscall.CloseOnExec(copied)
	return os.NewFile(uintptr(copied), name), nil
}

// socketOf is the file as a socket, where it is one: that writes several parts in one call, and waits without a thread of its own.
func socketOf(file *os.File) io.ReadWriter {
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeSocket == 0 {
		return file
	}
	if socket, err := net.FileConn(file); err == nil {
		_ = file.Close()
		return socket
	}
	return file
}
