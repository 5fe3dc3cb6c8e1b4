// Package pgtest runs a PostgreSQL server of its own for tests: a new cluster
// in a temporary folder, which listens on a socket in it and nowhere else, and
// is removed afterwards.
//
// The server refuses to run as root. Root therefore runs it as the user
// postgres, or nobody where there is none.
package pgtest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/reftest"
)

var server struct {
	once sync.Once
	err  error
	dir  string
	log  *os.File
	cmd  *exec.Cmd
	done chan struct{}
}

// Conninfo returns how to connect to the server, which is started when a
// process asks first; Stop stops it.
func Conninfo(tb testing.TB) string {
	tb.Helper()
	bin := programs(tb)
	server.once.Do(func() { server.err = start(bin) })
	if server.err != nil {
		tb.Fatalf("pgtest: %v\n%s", server.err, logged())
	}
	return "host=" + server.dir + " user=certmail dbname=postgres"
}

// Here is Conninfo for Examples, which cannot be skipped: ok is false where no
// server is installed, or can be started.
func Here() (conninfo string, ok bool) {
	bin := installed()
	if bin == "" {
		return "", false
	}
	server.once.Do(func() { server.err = start(bin) })
	return "host=" + server.dir + " user=certmail dbname=postgres", server.err == nil
}

// installed returns the folder of the server's programs where Debian has them,
// "" for none there.
func installed() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return ""
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1])
}

// programs returns the folder of the server's programs: Debian does not have
// them in the path.
func programs(tb testing.TB) string {
	tb.Helper()
	if bin := installed(); bin != "" {
		return bin
	}
	initdb, err := filepath.EvalSymlinks(reftest.Tool(tb, "initdb"))
	if err != nil {
		tb.Fatal(err)
	}
	return filepath.Dir(initdb)
}

func start(bin string) error {
	var err error
	if server.dir, err = os.MkdirTemp("", "pgtest"); err != nil {
		return err
	}
	id, err := owner(server.dir)
	if err != nil {
		return err
	}
	if server.log, err = os.Create(filepath.Join(server.dir, "log")); err != nil {
		return err
	}
	data := filepath.Join(server.dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "certmail", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
	initdb.Dir, initdb.SysProcAttr = server.dir, attributes(id)
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	server.cmd = exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", server.dir, "-c", "listen_addresses=", "-c", "max_connections=150")
	server.cmd.Dir, server.cmd.SysProcAttr = server.dir, attributes(id)
	server.cmd.Stdout, server.cmd.Stderr = server.log, server.log
	server.done = make(chan struct{})
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the server ends with the thread that started it
		err := server.cmd.Start()
		started <- err
		if err == nil {
			_ = server.cmd.Wait() // Stop, or a crash that the log tells of
		}
		close(server.done)
	}()
	if err := <-started; err != nil {
		return err
	}
	return ready(bin)
}

// ready waits until the server answers.
func ready(bin string) error {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		select {
		case <-server.done:
			return fmt.Errorf("the server ended")
		default:
		}
		if exec.Command(filepath.Join(bin, "pg_isready"), "-q", "-h", server.dir).Run() == nil {
			return nil
		}
	}
	return fmt.Errorf("the server does not answer")
}

// identity is who runs the server; nil for whoever runs the test.
type identity struct{ uid, gid uint32 }

// owner gives the folder to who runs the server.
func owner(dir string) (*identity, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &identity{uint32(uid), uint32(gid)}, os.Chown(dir, int(uid), int(gid))
}

// Stop stops the server, if one runs, and removes what it kept. Call it at the
// end of TestMain.
func Stop() {
	if server.cmd != nil && server.cmd.Process != nil {
		_ = server.cmd.Process.Signal(syscall.SIGINT) // disconnects all and shuts down
		select {
		case <-server.done:
		case <-time.After(20 * time.Second):
			_ = server.cmd.Process.Kill()
			<-server.done
		}
	}
	if server.dir != "" {
		_ = os.RemoveAll(server.dir)
	}
}

func logged() []byte {
	if server.log == nil {
		return nil
	}
	data, _ := os.ReadFile(server.log.Name())
	if i := bytes.LastIndexByte(data[:max(0, len(data)-4000)], '\n'); i > 0 {
		return data[i:]
	}
	return data
}
