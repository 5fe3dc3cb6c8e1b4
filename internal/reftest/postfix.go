//go:build unix

package reftest

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// PostfixHost is the domain of the mailboxes of a Postfix server.
const PostfixHost = "postfix.example"

// PostfixServer is a submission server that providers use themselves, on
// loopback and on free ports, with nothing shared with the machine's own.
//
// Its mailboxes are at PostfixHost, and those with a password may submit from
// their own address. "later" is refused for now (450), every other unknown
// recipient for good. A message may have 1 MB.
type PostfixServer struct {
	// TLSPort speaks TLS from the first byte, StartTLSPort after STARTTLS.
	TLSPort, StartTLSPort int
	mail, log             string
	stop                  func()
}

const postfixMain = `compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
maillog_file = {dir}/log
maillog_file_prefixes = {dir}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.postfix.example
mydestination =
mynetworks =
smtputf8_enable = no
message_size_limit = 1000000
virtual_mailbox_limit = 0
virtual_mailbox_domains = postfix.example
virtual_mailbox_base = {dir}/mail
virtual_mailbox_maps = inline:{ {boxes} }
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
smtpd_tls_chain_files = {dir}/tls.pem
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = {dir}/conf/sasl
smtpd_sender_login_maps = inline:{ {logins} }
smtpd_sender_restrictions = reject_sender_login_mismatch
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access inline:{ { later@postfix.example = 450 4.2.0 Later } }
smtpd_delay_reject = no
smtpd_client_connection_rate_limit = 0
`

const postfixMaster = `127.0.0.1:{tls} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
127.0.0.1:{starttls} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`

// Postfix starts a Postfix server with a certificate chain and key in PEM; it
// ends with the test. Mailboxes get a password, or an empty one for those that
// only receive. Postfix needs root to start; without it, it counts as missing.
func Postfix(tb testing.TB, chain []byte, mailboxes map[string]string) *PostfixServer {
	tb.Helper()
	return postfixAt(tb, chain, mailboxes, func() int { return freePort(tb) })
}

// postfixAt starts a server at two ports, and at others when somebody else has
// taken one of them meanwhile.
func postfixAt(tb testing.TB, chain []byte, mailboxes map[string]string, port func() int) *PostfixServer {
	tb.Helper()
	Tool(tb, "postfix")
	saslpasswd := Tool(tb, "saslpasswd2")
	owner, err := user.Lookup("postfix")
	if err != nil || os.Geteuid() != 0 {
		missing(tb, "root, and the user postfix, to start Postfix")
	}
	uid, _ := strconv.Atoi(owner.Uid)
	gid, _ := strconv.Atoi(owner.Gid)
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	dir, err := os.MkdirTemp("", "postfix") // a short path, and one that all may pass through
	must(err)
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(os.Chmod(dir, 0o755))
	p := &PostfixServer{mail: filepath.Join(dir, "mail"), log: filepath.Join(dir, "log")}
	for _, d := range []string{"conf", "conf/sasl", "queue", "data", "mail"} {
		must(os.Mkdir(filepath.Join(dir, d), 0o755))
	}
	for _, d := range []string{"data", "mail"} {
		must(os.Chown(filepath.Join(dir, d), uid, gid))
	}
	boxes, logins := "", ""
	for name, password := range mailboxes {
		boxes += fmt.Sprintf("{ %s@%s = %s/ } ", name, PostfixHost, name)
		if password == "" {
			continue
		}
		logins += fmt.Sprintf("{ %s@%s = %s@%s } ", name, PostfixHost, name, PostfixHost)
		add := exec.Command(saslpasswd, "-p", "-c", "-f", filepath.Join(dir, "sasldb"), "-u", PostfixHost, name)
		add.Stdin = strings.NewReader(password)
		if out, err := add.CombinedOutput(); err != nil {
			tb.Fatalf("saslpasswd2: %v\n%s", err, out)
		}
	}
	must(os.Chown(filepath.Join(dir, "sasldb"), uid, gid))
	fill := strings.NewReplacer("{dir}", dir, "{boxes}", boxes, "{logins}", logins, "{uid}", owner.Uid, "{gid}", owner.Gid).Replace
	for name, text := range map[string]string{
		"tls.pem":              string(chain),
		"conf/main.cf":         fill(postfixMain),
		"conf/master.cf":       "",
		"conf/sasl/smtpd.conf": "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: " + dir + "/sasldb\nmech_list: PLAIN LOGIN\n",
	} {
		must(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	must(os.Chmod(filepath.Join(dir, "conf/main.cf"), 0o644))
	must(os.Chmod(filepath.Join(dir, "conf/master.cf"), 0o644))
	must(os.Chmod(filepath.Join(dir, "conf/sasl/smtpd.conf"), 0o644))
	for range 5 {
		p.TLSPort, p.StartTLSPort = port(), port()
		ports := strings.NewReplacer("{tls}", strconv.Itoa(p.TLSPort), "{starttls}", strconv.Itoa(p.StartTLSPort)).Replace(postfixMaster)
		must(os.WriteFile(filepath.Join(dir, "conf/master.cf"), []byte(ports), 0o644))
		if p.run(tb, filepath.Join(dir, "conf"), firstCertificate(tb, chain)) {
			return p
		}
	}
	tb.Fatal("Postfix finds no free ports")
	return nil
}

// run starts the server and waits until it listens. It returns false when its
// ports are taken.
func (p *PostfixServer) run(tb testing.TB, conf string, certificate []byte) bool {
	tb.Helper()
	if out, err := exec.Command("postfix", "-c", conf, "check").CombinedOutput(); err != nil {
		tb.Fatalf("postfix check: %v\n%s", err, out)
	}
	daemons, err := exec.Command("postconf", "-c", conf, "-h", "daemon_directory").Output()
	if err != nil {
		tb.Fatal(err)
	}
	var out bytes.Buffer
	master := exec.Command(filepath.Join(strings.TrimSpace(string(daemons)), "master"), "-c", conf, "-d")
	master.Stdout, master.Stderr = &out, &out
	master.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	master.WaitDelay = 5 * time.Second
	if err := master.Start(); err != nil {
		tb.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = master.Wait(); close(ended) }()
	stop := sync.OnceFunc(func() {
		_ = syscall.Kill(-master.Process.Pid, syscall.SIGTERM) // the master and what it started
		<-ended
		// What it started has its sockets too, for a moment more.
		for end := time.Now().Add(10 * time.Second); (taken(p.TLSPort) || taken(p.StartTLSPort)) && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
	})
	said := func() string {
		log, _ := os.ReadFile(p.log)
		return string(log) + out.String()
	}
	for end := time.Now().Add(20 * time.Second); !p.listens(certificate); time.Sleep(20 * time.Millisecond) {
		select {
		case <-ended:
			stop()                                           // what it may have started before
			if !taken(p.TLSPort) && !taken(p.StartTLSPort) { // it cannot say so: what writes its log runs last
				tb.Fatalf("Postfix ended: %s", said())
			}
			_ = os.Remove(p.log)
			return false
		default:
		}
		if time.Now().After(end) {
			stop()
			tb.Fatalf("Postfix does not listen: %s", said())
		}
	}
	p.stop = stop
	tb.Cleanup(func() {
		stop()
		if tb.Failed() {
			tb.Logf("Postfix: %s", said())
		}
	})
	return true
}

// listens tells whether this very server answers at both ports: others may have
// taken them.
func (p *PostfixServer) listens(certificate []byte) bool {
	address := func(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	secure, err := tls.DialWithDialer(dialer, "tcp", address(p.TLSPort), &tls.Config{InsecureSkipVerify: true}) // compared below, in full
	if err != nil {
		return false
	}
	defer secure.Close()
	if !bytes.Equal(secure.ConnectionState().PeerCertificates[0].Raw, certificate) {
		return false
	}
	clear, err := dialer.Dial("tcp", address(p.StartTLSPort))
	if err != nil {
		return false
	}
	defer clear.Close()
	_ = clear.SetDeadline(time.Now().Add(5 * time.Second))
	greeting := make([]byte, len("220 mx."+PostfixHost))
	_, err = io.ReadFull(clear, greeting)
	return err == nil && string(greeting) == "220 mx."+PostfixHost
}

// taken tells whether somebody listens at a port.
func taken(port int) bool {
	ln, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return true
	}
	_ = ln.Close()
	return false
}

// firstCertificate is the server's own, in DER.
func firstCertificate(tb testing.TB, chain []byte) []byte {
	tb.Helper()
	for block, rest := pem.Decode(chain); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			return block.Bytes
		}
	}
	tb.Fatal("the chain has no certificate")
	return nil
}

// Stop ends the server before the test does.
func (p *PostfixServer) Stop() { p.stop() }

// Mail waits until a mailbox holds that many messages and returns them, oldest
// first, as Postfix keeps them: lines end in LF, and its own header fields are
// in front.
func (p *PostfixServer) Mail(tb testing.TB, name string, count int) [][]byte {
	tb.Helper()
	box := filepath.Join(p.mail, name, "new")
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		files, _ := filepath.Glob(filepath.Join(box, "*"))
		if len(files) < count && time.Now().Before(deadline) {
			continue
		}
		if len(files) != count {
			tb.Fatalf("%s has %d messages, want %d", name, len(files), count)
		}
		when := func(name string) time.Time {
			info, err := os.Stat(name)
			if err != nil {
				tb.Fatal(err)
			}
			return info.ModTime()
		}
		sort.Slice(files, func(i, j int) bool { return when(files[i]).Before(when(files[j])) })
		var all [][]byte
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				tb.Fatal(err)
			}
			all = append(all, data)
		}
		return all
	}
}

func freePort(tb testing.TB) int {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}
