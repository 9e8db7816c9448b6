//go:build !unix

package plugin

import (
	"io"
	"os"
)

// claimStdio takes stdin and stdout for the daemon. What the program prints with fmt goes to stderr from now on.
func claimStdio() (io.Reader, io.Writer, error) {
	input, output := os.Stdin, os.Stdout
	os.Stdout = os.Stderr
	return input, output, nil
}
