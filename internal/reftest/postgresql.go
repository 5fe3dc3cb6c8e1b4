//go:build unix

package reftest

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// PostgreSQL starts a PostgreSQL server with a new cluster, which listens on a
// socket in a temporary folder and nowhere else, and ends with the test. It
// returns how to connect to it. The server refuses to run as root, who runs it
// as the user postgres, or nobody where there is none.
func PostgreSQL(tb testing.TB) (conninfo string) {
	tb.Helper()
	bin := "" // Debian does not have it in the path
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 {
		slices.Sort(found)
		bin = filepath.Dir(found[len(found)-1])
	} else {
		bin = filepath.Dir(Tool(tb, "initdb"))
	}
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	dir, err := os.MkdirTemp("", "postgresql") // short, for its socket
	must(err)
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	var run syscall.SysProcAttr
	if os.Getuid() == 0 {
		owner, err := user.Lookup("postgres")
		if err != nil {
			owner, err = user.Lookup("nobody")
		}
		must(err)
		uid, _ := strconv.Atoi(owner.Uid)
		gid, _ := strconv.Atoi(owner.Gid)
		must(os.Chown(dir, uid, gid))
		run.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "certmail", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
	initdb.Dir, initdb.SysProcAttr = dir, &run
	if out, err := initdb.CombinedOutput(); err != nil {
		tb.Fatalf("initdb: %v\n%s", err, out)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	must(err)
	server := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "max_connections=100", "-c", "fsync=off")
	server.Dir, server.SysProcAttr, server.Stdout, server.Stderr = dir, &run, log, log
	must(server.Start())
	ended := make(chan struct{})
	go func() { _ = server.Wait(); close(ended) }()
	tb.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGINT) // disconnects all and shuts down
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = server.Process.Kill()
			<-ended
		}
		_ = log.Close()
		if tb.Failed() {
			said, _ := os.ReadFile(log.Name())
			tb.Logf("PostgreSQL: %s", said)
		}
	})
	for end := time.Now().Add(time.Minute); exec.Command(filepath.Join(bin, "pg_isready"), "-q", "-h", dir).Run() != nil; time.Sleep(20 * time.Millisecond) {
		select {
		case <-ended:
			tb.Fatal("PostgreSQL ended")
		default:
		}
		if time.Now().After(end) {
			tb.Fatal("PostgreSQL does not answer")
		}
	}
	return "host=" + dir + " user=certmail dbname=postgres"
}
