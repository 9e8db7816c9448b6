package plugin

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain is a plugin when a test runs this program as one.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_AS_PLUGIN") == "" {
		os.Exit(m.Run())
	}
	fmt.Println("before")
	Run(&Plugin{
		Name:     "self",
		Start:    func(*Context) error { fmt.Println("within"); return nil },
		Shutdown: func(*Context) error { fmt.Println("stopped"); return nil },
	})
}

func self(t *testing.T, environment ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(environment, "TEST_AS_PLUGIN=1")
	errors := &bytes.Buffer{}
	command.Stderr = errors
	return command, errors
}

func TestIsNotRunByHand(t *testing.T) {
	command, said := self(t)
	_ = command.Run()
	if command.ProcessState.ExitCode() != 2 || !strings.Contains(said.String(), "run by the Shoal daemon") {
		t.Fatal(command.ProcessState, said)
	}
}

func framed(id uint64, part int) []byte {
	var e encoder
	e.sized(func(e *encoder) {
		e.uint(1, id)
		e.message(part, nil)
	})
	return e.b
}

func TestEndsWithItsStdinAndPrintsToStderr(t *testing.T) {
	command, said := self(t, "SHOAL_PLUGIN_PROTOCOL=1-1")
	command.Stdin = bytes.NewReader(append(append(framed(0, partHello), framed(1, partStart)...), framed(2, partShutdown)...))
	output, err := command.Output()
	if err != nil || bytes.Contains(output, []byte("within")) || !bytes.Contains(output, []byte("self")) {
		t.Fatalf("%v %q", err, output)
	}
	for _, line := range []string{"within\n", "stopped\n"} {
		if strings.Count(said.String(), line) != 1 {
			t.Fatalf("stderr: %q", said)
		}
	}
}

func TestGarbageEndsIt(t *testing.T) {
	command, said := self(t, "SHOAL_PLUGIN_PROTOCOL=1-1")
	command.Stdin = bytes.NewReader(bytes.Repeat([]byte{0xff}, 100))
	_ = command.Run()
	if command.ProcessState.ExitCode() != 1 || !strings.Contains(said.String(), "length") {
		t.Fatal(command.ProcessState, said)
	}
}

func TestEndsWithSIGTERM(t *testing.T) {
	command, said := self(t, "SHOAL_PLUGIN_PROTOCOL=1-1")
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = input.Write(append(framed(0, partHello), framed(1, partStart)...))
	// it has answered when its second message comes
	for answered := []byte{}; !bytes.Contains(answered, framed(1, partAnswer)); {
		some := make([]byte, 1000)
		count, err := output.Read(some)
		if err != nil {
			t.Fatal(err, said)
		}
		answered = append(answered, some[:count]...)
	}
	_ = command.Process.Signal(syscall.SIGTERM)
	if err := command.Wait(); err != nil || !strings.Contains(said.String(), "stopped") {
		t.Fatal(err, said)
	}
}

func TestAttachesToASocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	command, said := self(t, "SHOAL_PLUGIN_SOCKET="+path)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	_ = listener.(*net.UnixListener).SetDeadline(time.Now().Add(patienceOfTests))
	socket, err := listener.Accept()
	if err != nil {
		t.Fatal(err, said)
	}
	_, _ = socket.Write(framed(0, partHello))
	some := make([]byte, 1000)
	count, err := socket.Read(some)
	if err != nil || !bytes.Contains(some[:count], []byte("self")) {
		t.Fatal(err, some[:count])
	}
	_ = socket.Close()
	if err := command.Wait(); err != nil {
		t.Fatal(err, said)
	}
}
