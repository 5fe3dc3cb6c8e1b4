package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// emulator is a running certmail emulate.
type emulator struct {
	emulated
	cmd  *exec.Cmd
	pool *x509.CertPool
}

// startEmulator runs certmail emulate as a program and reads its line.
func startEmulator(t *testing.T, args ...string) *emulator {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"emulate", "--json"}, args...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	e := &emulator{cmd: cmd, pool: x509.NewCertPool()}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(line, &e.emulated), "%s", line)
	ca, err := os.ReadFile(e.CA)
	require.NoError(t, err)
	require.True(t, e.pool.AppendCertsFromPEM(ca))
	return e
}

// end interrupts it; it must end well and leave nothing behind.
func (e *emulator) end(t *testing.T, signal os.Signal) {
	t.Helper()
	require.NoError(t, e.cmd.Process.Signal(signal))
	require.NoError(t, e.cmd.Wait(), "the exit code is 0")
	require.NoDirExists(t, filepath.Dir(e.CA))
	if e.Web != "" {
		_, err := http.Get(e.Web)
		require.Error(t, err)
	}
}

func (e *emulator) dial(t *testing.T, at endpoint) net.Conn {
	t.Helper()
	conn, err := tls.Dial("tcp", fmt.Sprintf("%s:%d", at.Host, at.Port), &tls.Config{RootCAs: e.pool, ServerName: at.Host})
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	return conn
}

// submit sends a message by SMTP.
func (e *emulator) submit(t *testing.T, from emulatedAccount, to, subject string) error {
	t.Helper()
	at := e.Providers[0].Submission
	c, err := smtp.NewClient(e.dial(t, at), at.Host)
	require.NoError(t, err)
	defer c.Close()
	if err := c.Auth(smtp.PlainAuth("", from.User, from.Password, at.Host)); err != nil {
		return err
	}
	require.NoError(t, c.Mail(from.Address))
	require.NoError(t, c.Rcpt(to))
	w, err := c.Data()
	require.NoError(t, err)
	_, err = fmt.Fprintf(w, "From: %s\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: <e1@%s>\r\nDate: Mon, 02 Mar 2026 09:30:00 +0100\r\n\r\nciao\r\n", from.Address, to, subject, from.Address)
	require.NoError(t, err)
	return w.Close()
}

// inbox asks by IMAP how many messages there are.
func (e *emulator) inbox(t *testing.T, p emulatedProvider, a emulatedAccount) string {
	t.Helper()
	conn := e.dial(t, p.IMAP)
	defer conn.Close()
	_, err := fmt.Fprintf(conn, "a LOGIN %s %s\r\nb EXAMINE INBOX\r\nc LOGOUT\r\n", a.User, a.Password)
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	for line := range strings.Lines(string(answer)) {
		if strings.Contains(line, " EXISTS") {
			return strings.TrimSpace(line)
		}
	}
	return string(answer)
}

// A program that knows nothing but the line sends, receives, and looks at the
// page.
func TestEmulateEndToEnd(t *testing.T) {
	e := startEmulator(t)
	require.Len(t, e.Providers, 2)
	require.Len(t, e.Accounts, 6)
	require.Equal(t, []string{"pec.gestore-alfa.example", "alfa.example"}, e.Providers[0].Domains)
	anna, bruno := e.Accounts[0], e.Accounts[4]
	require.Equal(t, "anna@alfa.example", anna.Address)
	require.Equal(t, "bruno@beta.example", bruno.Address)
	require.NoError(t, e.submit(t, anna, bruno.Address, "Dalla riga di comando"))
	page := func() string {
		resp, err := http.Get(e.Web)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return string(body)
	}
	require.Eventually(t, func() bool { return strings.Contains(page(), "delivered to 1 of 1") }, 30*time.Second, 200*time.Millisecond)
	require.Contains(t, page(), "Dalla riga di comando")
	require.Contains(t, page(), fmt.Sprint(e.Providers[1].IMAP.Port), "the page says where to connect")
	require.Contains(t, page(), "Advance 25 hours", "the clock can be moved")
	require.Equal(t, "* 1 EXISTS", e.inbox(t, e.Providers[1], bruno))
	require.Eventually(t, func() bool { return e.inbox(t, e.Providers[0], anna) == "* 2 EXISTS" }, 30*time.Second, 200*time.Millisecond, "acceptance and delivery")
	e.end(t, syscall.SIGTERM)
}

// The configurations that it writes are good for the commands that work with a
// mailbox, in another process.
func TestEmulateConfigurations(t *testing.T) {
	e := startEmulator(t, "--web", "off")
	for _, i := range []int{0, 4} { // of one provider, and of the other
		from := e.Accounts[i]
		t.Setenv("CERTMAIL_PASSWORD", from.Password)
		r := certmail("send", "--config", from.Config, "--key", "7", "--to", "carla@beta.example", "--wait", "20s")
		require.Equal(t, 0, r.code, r.stdout+r.stderr)
		require.Contains(t, r.stdout, "delivered")
		require.NotContains(t, r.stdout, "not proven")
	}
	e.end(t, os.Interrupt)
}

func TestEmulateAsAsked(t *testing.T) {
	args := []string{"--domain", "uno.test", "--domain", "due.test", "--seed", "9", "--profile", "unix", "--web", "off", "--fault", "refuse-login,mailbox=anna@uno.test"}
	e := startEmulator(t, args...)
	require.Empty(t, e.Web)
	require.Len(t, e.Accounts, 6)
	require.Equal(t, "anna@uno.test", e.Accounts[0].Address)
	require.Error(t, e.submit(t, e.Accounts[0], "anna@due.test", "x"), "the fault")
	require.NoError(t, e.submit(t, e.Accounts[1], "anna@due.test", "x"))
	first := e.Accounts
	e.end(t, os.Interrupt)

	e = startEmulator(t, args...)
	for i := range first {
		first[i].Config, e.Accounts[i].Config = "", "" // in a folder of its own
	}
	require.Equal(t, first, e.Accounts, "the same seed")
	e.end(t, os.Interrupt)
}

// For people: all that a mail program has to be told.
func TestEmulateForPeople(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "emulate", "--fault", "delay,for=13h", "--allow-remote")
	cmd.Env = append(os.Environ(), asProgram+"=1")
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var said strings.Builder
	for in := bufio.NewScanner(stdout); in.Scan(); {
		said.WriteString(in.Text() + "\n")
		if strings.Contains(in.Text(), "Interrupt") {
			break
		}
	}
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.NoError(t, cmd.Wait())
	for _, want := range []string{"Gestore Beta S.p.A.", "SMTP submission, TLS", "IMAP, TLS", "0.0.0.0:", "carla@beta.example", "ca.pem", "http://127.0.0.1:", "throw-away", "delay,for=13h", "every machine", "ADDRESS.json", "CERTMAIL_PASSWORD"} {
		require.Contains(t, said.String(), want)
	}
}

// Open to all it says so, and its certificate holds at every address that a
// client may come to.
func TestEmulateOpenToAll(t *testing.T) {
	e := startEmulator(t, "--allow-remote", "--web", "off")
	for _, p := range e.Providers {
		for _, s := range p.servers() {
			require.Equal(t, "0.0.0.0", s.at.Host, s.name)
		}
	}
	hosts := []string{"0.0.0.0", "127.0.0.1", "localhost"}
	all, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, a := range all {
		if ip := a.(*net.IPNet).IP; ip.To4() != nil {
			hosts = append(hosts, ip.String())
		}
	}
	for _, host := range hosts {
		at := e.Providers[0].IMAP
		at.Host = host
		require.NoError(t, e.dial(t, at).Close(), host)
	}
	e.end(t, os.Interrupt)
}

func TestEMU25_EmulateRefusesRealDomains(t *testing.T) {
	for _, d := range []string{"pec.it", "legalmail.it", "pec.agid.gov.it", "example.it"} {
		r := certmail("emulate", "--domain", "ok.example", "--domain", d)
		require.Equal(t, exitUsage, r.code)
		require.Contains(t, r.stderr, d+" may be a real domain")
	}
}
