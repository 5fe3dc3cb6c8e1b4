package imap_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/transport/imap"
)

// dovecot is a real IMAP server on loopback, with a folder of its own that goes
// with the test. The password of all its users is dovecotPassword.
type dovecot struct {
	testing.TB
	dir             string
	pool            *x509.CertPool
	leaf            *x509.Certificate
	imaps, startTLS int
	owner           [2]int // of the mail
}

const dovecotPassword = `pässwörd"1\`

// startDovecot starts a server. capability replaces what it says that it can,
// after the login; empty for what is true.
func startDovecot(t testing.TB, capability string) *dovecot {
	t.Helper()
	return startDovecotAt(t, capability, func() []int { return freePorts(t, 2) })
}

// startDovecotAt starts a server at two ports, and at others when somebody else
// has taken one of them meanwhile.
func startDovecotAt(t testing.TB, capability string, ports func() []int) *dovecot {
	t.Helper()
	program := reftest.Tool(t, "dovecot")
	config := dovecotConfig(t, program)
	dir, err := os.MkdirTemp("", "dovecot") // short, for its sockets, and open to its users
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	d := &dovecot{TB: t, dir: dir, pool: x509.NewCertPool(), owner: [2]int{os.Getuid(), os.Getgid()}}

	n, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	d.pool.AddCert(n.Authority().Certificate())
	cert, err := n.Authority().ServerCertificate("localhost", "127.0.0.1")
	require.NoError(t, err)
	d.leaf = cert.Leaf
	var chain bytes.Buffer
	for _, der := range cert.Certificate {
		require.NoError(t, pem.Encode(&chain, &pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	require.NoError(t, err)
	d.write("cert.pem", chain.Bytes())
	d.write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))

	me, err := user.Current()
	require.NoError(t, err)
	group, err := user.LookupGroupId(me.Gid)
	require.NoError(t, err)
	mail := me
	if me.Uid == "0" { // mail must not be root's
		mail, err = user.Lookup("nobody")
		require.NoError(t, err)
		for i, id := range []string{mail.Uid, mail.Gid} {
			d.owner[i], err = strconv.Atoi(id)
			require.NoError(t, err)
		}
	}
	for _, sub := range []string{"home", "public", "run"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, sub), 0o755))
		if sub != "run" {
			require.NoError(t, os.Chown(filepath.Join(dir, sub), d.owner[0], d.owner[1]))
		}
	}
	names := []string{"anna", "lettore"}
	for i := range 60 {
		names = append(names, fmt.Sprintf("user%d", i))
	}
	d.users(names)
	for range 5 {
		at := ports()
		d.imaps, d.startTLS = at[0], at[1]
		var text bytes.Buffer
		require.NoError(t, config.Execute(&text, map[string]any{
			"Dir": dir, "Root": me.Uid == "0", "User": me.Username, "Group": group.Name, "MailUser": mail.Uid, "MailGroup": mail.Gid,
			"IMAPS": d.imaps, "StartTLS": d.startTLS, "Capability": capability,
		}))
		d.write("dovecot.conf", text.Bytes())
		if d.run(program) {
			return d
		}
	}
	require.Fail(t, "dovecot finds no free ports")
	return nil
}

// run starts the server and waits until it listens. It returns false when its
// ports are taken.
func (d *dovecot) run(program string) bool {
	d.Helper()
	cmd := exec.Command(program, "-F", "-c", filepath.Join(d.dir, "dovecot.conf"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	require.NoError(d, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	said := func() string {
		log, _ := os.ReadFile(filepath.Join(d.dir, "log"))
		return out.String() + "\n" + string(log[max(0, len(log)-4000):])
	}
	for end := time.Now().Add(20 * time.Second); !d.listens(); time.Sleep(20 * time.Millisecond) {
		select {
		case <-ended:
			taken := strings.Contains(said(), "Address already in use")
			require.True(d, taken, "dovecot ended: %s", said())
			require.NoError(d, os.Remove(filepath.Join(d.dir, "log")))
			return false
		default:
			require.False(d, time.Now().After(end), "dovecot does not listen")
		}
	}
	d.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it ends its own processes
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
		if d.Failed() {
			d.Log(said())
		}
	})
	return true
}

// listens tells whether this very server answers: another one may have taken
// the port.
func (d *dovecot) listens() bool {
	where := net.JoinHostPort("127.0.0.1", strconv.Itoa(d.imaps))
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", where, &tls.Config{RootCAs: d.pool, ServerName: "localhost"})
	if err != nil {
		return false
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].Equal(d.leaf)
}

func freePorts(t testing.TB, n int) (ports []int) {
	t.Helper()
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer ln.Close()
		ports = append(ports, ln.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

func (d *dovecot) write(name string, data []byte) {
	d.Helper()
	require.NoError(d, os.WriteFile(filepath.Join(d.dir, name), data, 0o644))
}

// users says who is let in. Dovecot would see a change only with the next second.
func (d *dovecot) users(names []string) {
	d.Helper()
	var lines strings.Builder
	for _, name := range names {
		fmt.Fprintf(&lines, "%s:{PLAIN}%s::::::\n", name, dovecotPassword)
	}
	d.write("users", []byte(lines.String()))
}

// public makes a folder that several users have, with their rights (RFC 4314).
func (d *dovecot) public(name string, rights ...string) string {
	d.Helper()
	dir := filepath.Join(d.dir, "public", "."+name)
	for _, sub := range []string{"", "cur", "new", "tmp"} {
		require.NoError(d, os.Mkdir(filepath.Join(dir, sub), 0o755))
		require.NoError(d, os.Chown(filepath.Join(dir, sub), d.owner[0], d.owner[1]))
	}
	require.NoError(d, os.WriteFile(filepath.Join(dir, "dovecot-acl"), []byte(strings.Join(rights, "\n")+"\n"), 0o644))
	return "Public/" + name
}

// renumber gives a user's folder another UIDVALIDITY, as a restore does.
func (d *dovecot) renumber(name, folder string) {
	d.Helper()
	dir := filepath.Join(d.dir, "home", name, "Maildir")
	if folder != "INBOX" {
		dir = filepath.Join(dir, "."+folder)
	}
	path := filepath.Join(dir, "dovecot-uidlist")
	old, err := os.ReadFile(path)
	require.NoError(d, err)
	var version, validity int
	_, err = fmt.Sscanf(string(old), "%d V%d", &version, &validity)
	require.NoError(d, err)
	indexes, err := filepath.Glob(filepath.Join(dir, "dovecot.index*"))
	require.NoError(d, err)
	for _, index := range indexes {
		require.NoError(d, os.Remove(index))
	}
	fresh := strings.Replace(string(old), fmt.Sprintf("V%d", validity), fmt.Sprintf("V%d", validity+1), 1)
	require.NoError(d, os.WriteFile(path, []byte(fresh), 0o644))
	require.NoError(d, os.Chown(path, d.owner[0], d.owner[1]))
}

func (d *dovecot) options(name string) *imap.Options {
	return &imap.Options{
		Host: "127.0.0.1", Port: d.imaps, RootCAs: d.pool, Credentials: imap.Password(name, dovecotPassword),
		Timeout: 10 * time.Second, Backoff: 10 * time.Millisecond,
	}
}
