package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
)

// Run talks to the daemon until it is over, and ends the process. What the program prints goes to the daemon's log.
//
// The daemon starts the program with stdin and stdout as the pipe. With SHOAL_PLUGIN_SOCKET in the environment, as in a debugger,
// it connects to that unix socket instead.
func Run(p *Plugin) {
	input, output, err := pipe()
	if err != nil {
		fmt.Fprintf(os.Stderr, "The Shoal plugin %s cannot start: %v\n", p.Name, err)
		os.Exit(2)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	if err := Serve(ctx, p, input, output); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// goroutines of handlers that hang do not keep the process
	os.Exit(0)
}

// Serve is Run over any pipe: it returns when input ends or the context does, and the plugin has stopped. An error tells of bytes that
// are no messages, or of a ConfigSchema that is no JSON. It does not close input and output, unless they end with the context.
func Serve(ctx context.Context, p *Plugin, input io.Reader, output io.Writer) error {
	schema, err := schemaOf(p.ConfigSchema)
	if err != nil {
		return err
	}
	s := newSession(p, schema, input, output)
	go s.read()
	select {
	case err = <-s.readers.ended:
		s.stop()
		if errors.Is(err, io.EOF) {
			return nil
		}
	case <-ctx.Done():
		s.stop()
		s.connection.hangUp(input, output)
	}
	return err
}

// pipe is what leads to the daemon.
func pipe() (io.Reader, io.Writer, error) {
	if path := os.Getenv("SHOAL_PLUGIN_SOCKET"); path != "" {
		socket, err := net.Dial("unix", path)
		return socket, socket, err
	}
	if os.Getenv("SHOAL_PLUGIN_PROTOCOL") == "" {
		return nil, nil, fmt.Errorf("it is run by the Shoal daemon, not by hand")
	}
	return claimStdio()
}

func schemaOf(given any) ([]byte, error) {
	var schema []byte
	switch given := given.(type) {
	case nil:
		return nil, nil
	case string:
		schema = []byte(given)
	case []byte:
		schema = given
	default:
		made, err := json.Marshal(given)
		if err != nil {
			return nil, fmt.Errorf("the config schema is no JSON: %w", err)
		}
		schema = made
	}
	if !json.Valid(schema) {
		return nil, fmt.Errorf("the config schema is no JSON")
	}
	return schema, nil
}
