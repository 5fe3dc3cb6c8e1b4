package imap_test

import (
	"bytes"
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
	"text/template"
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
	imaps, startTLS int
	owner           [2]int // of the mail
}

const dovecotPassword = `pässwörd"1\`

// dovecotConfig is for Dovecot 2.3. Started by somebody else than root, all its
// processes are theirs.
var dovecotConfig = template.Must(template.New("").Parse(`
base_dir = {{.Dir}}/run
state_dir = {{.Dir}}/run
log_path = {{.Dir}}/log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{{.Dir}}/cert.pem
ssl_key = <{{.Dir}}/key.pem
{{if not .Root}}
default_internal_user = {{.User}}
default_internal_group = {{.Group}}
default_login_user = {{.User}}
{{end}}
mail_uid = {{.MailUser}}
mail_gid = {{.MailGroup}}
first_valid_uid = 1
mail_home = {{.Dir}}/home/%n
mail_location = maildir:~/Maildir
mail_max_userip_connections = 100
maildir_very_dirty_syncs = no
auth_failure_delay = 0
auth_mechanisms = plain login
passdb {
  driver = passwd-file
  args = {{.Dir}}/users
}
userdb {
  driver = static
  args = uid={{.MailUser}} gid={{.MailGroup}} home={{.Dir}}/home/%n
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    auto = create
  }
}
namespace public {
  type = public
  separator = /
  prefix = Public/
  location = maildir:{{.Dir}}/public
  subscriptions = no
  list = yes
}
mail_plugins = acl
protocol imap {
  mail_plugins = acl imap_acl
  imap_capability = {{.Capability}}
}
plugin {
  acl = vfile
}
service imap-login {
  chroot =
  process_min_avail = 1
  inet_listener imap {
    port = {{.StartTLS}}
  }
  inet_listener imaps {
    port = {{.IMAPS}}
    ssl = yes
  }
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
`))

// startDovecot starts a server. capability replaces what it says that it can,
// after the login; empty for what is true.
func startDovecot(t testing.TB, capability string) *dovecot {
	t.Helper()
	program := reftest.Tool(t, "dovecot")
	dir, err := os.MkdirTemp("", "dovecot") // short, for its sockets, and open to its users
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	d := &dovecot{TB: t, dir: dir, pool: x509.NewCertPool(), owner: [2]int{os.Getuid(), os.Getgid()}}
	ports := freePorts(t, 2)
	d.imaps, d.startTLS = ports[0], ports[1]

	n, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	d.pool.AddCert(n.Authority().Certificate())
	cert, err := n.Authority().ServerCertificate("localhost", "127.0.0.1")
	require.NoError(t, err)
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
	var config bytes.Buffer
	require.NoError(t, dovecotConfig.Execute(&config, map[string]any{
		"Dir": dir, "Root": me.Uid == "0", "User": me.Username, "Group": group.Name, "MailUser": mail.Uid, "MailGroup": mail.Gid,
		"IMAPS": d.imaps, "StartTLS": d.startTLS, "Capability": capability,
	}))
	d.write("dovecot.conf", config.Bytes())
	names := []string{"anna", "lettore"}
	for i := range 60 {
		names = append(names, fmt.Sprintf("user%d", i))
	}
	d.users(names)

	cmd := exec.Command(program, "-F", "-c", filepath.Join(dir, "dovecot.conf"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it ends its own processes
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Logf("%s\n%s", out.Bytes(), log[max(0, len(log)-4000):])
		}
	})
	require.Eventually(t, func() bool {
		select {
		case <-ended:
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Fatalf("dovecot: %s\n%s", out.Bytes(), log)
		default:
		}
		c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(d.imaps)))
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}, 20*time.Second, 20*time.Millisecond, "dovecot does not listen")
	return d
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
