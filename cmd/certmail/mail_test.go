package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecserve"
	"github.com/certmail/certmail/transport/presets"
)

// office is a network on real sockets, and the configuration of anna's
// mailbox in it.
type office struct {
	network  *pectest.Network
	config   string
	password string
}

const annaAlfa, brunoBeta = "anna@alfa.example", "bruno@beta.example"

func newOffice(t *testing.T, faults ...pectest.Fault) *office {
	t.Helper()
	n, err := pectest.NewNetwork(&pectest.NetworkOptions{Clock: time.Now, Hop: time.Millisecond, Faults: faults})
	require.NoError(t, err)
	servers, err := pecserve.Start(n, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, servers.Close()) })
	a, err := n.Account(annaAlfa)
	require.NoError(t, err)
	dir := t.TempDir()
	write := func(name string, data []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	write("tls.pem", servers.CA())
	write("ca.pem", n.Authority().PEM())
	write("igpec.ldif", n.LDIF())
	end := servers.Endpoints()[0]
	config, err := json.Marshal(map[string]any{
		"account": annaAlfa, "password_env": "CERTMAIL_TEST_PASSWORD", "tls_ca": "tls.pem", "ca": []string{"ca.pem"}, "directory": []string{"igpec.ldif"}, "builtin_trust": false,
		"submission": map[string]any{"host": end.Submission.Host, "port": end.Submission.Port},
		"imap":       map[string]any{"host": end.IMAP.Host, "port": end.IMAP.Port},
		"store":      "certmail.db", "blobs": "blobs",
	})
	require.NoError(t, err)
	write("config.json", config)
	t.Setenv("CERTMAIL_TEST_PASSWORD", a.Password())
	return &office{n, filepath.Join(dir, "config.json"), a.Password()}
}

// run runs a command with the configuration; the password is in no output.
func (o *office) run(t *testing.T, command string, args ...string) result {
	t.Helper()
	r := certmail(append([]string{command, "--config", o.config}, args...)...)
	require.NotContains(t, r.stdout+r.stderr, o.password)
	return r
}

func TestSendFetchStatus(t *testing.T) {
	o := newOffice(t)
	note := filepath.Join(t.TempDir(), "nota.txt")
	require.NoError(t, os.WriteFile(note, []byte("Si trasmette.\n"), 0o600))
	r := o.run(t, "send", "--key", "fattura-1", "--to", brunoBeta, "--cc", "carla@beta.example", "--subject", "Fattura 1", "--text", note, "--attach", note, "--receipt", "breve", "--wait", "20s", "--json")
	require.Equal(t, 0, r.code, r.stderr)
	var sent struct {
		Key, State string
		MessageID  string `json:"message_id"`
		Message    struct {
			Light      string
			Recipients []struct{ Address, Status string }
		}
	}
	r.decode(t, &sent)
	require.Equal(t, "sent", sent.State)
	require.Equal(t, "green", sent.Message.Light)
	require.Len(t, sent.Message.Recipients, 2)
	box, err := o.network.Mailbox(brunoBeta)
	require.NoError(t, err)
	require.Equal(t, []pec.Kind{pec.KindTransport}, box.Kinds())

	// The key decides: nothing is sent again.
	r = o.run(t, "send", "--key", "fattura-1", "--to", brunoBeta, "--subject", "Fattura 1")
	require.Equal(t, 0, r.code)
	require.Len(t, o.network.Outcomes(), 1)

	r = o.run(t, "send", "--key", "fattura-2", "--to", "nessuno@beta.example", "--wait", "20s")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stdout, "failed")
	r = o.run(t, "fetch", "--json")
	require.Equal(t, 0, r.code, r.stderr)
	require.Contains(t, r.stdout, `"messages": 0`)
	r = o.run(t, "status", "--json")
	var anomalies []struct{ Key, Recipient, Status, Why string }
	r.decode(t, &anomalies)
	require.Len(t, anomalies, 1)
	require.Equal(t, "fattura-2", anomalies[0].Key)
	require.Contains(t, anomalies[0].Why, "5.1.1")
	r = o.run(t, "status", "fattura-1")
	require.Contains(t, r.stdout, "delivered")
	require.Equal(t, 1, o.run(t, "status", "unknown").code)
}

func TestSendWithFaults(t *testing.T) {
	o := newOffice(t, pectest.Fault{Kind: pectest.CutAfterDot, Times: 1})
	r := o.run(t, "send", "--key", "1", "--to", brunoBeta)
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stdout, "1: uncertain")
	require.Eventually(t, func() bool { return len(o.inbox(t)) == 2 }, 20*time.Second, 10*time.Millisecond)
	r = o.run(t, "fetch", "--json")
	require.Contains(t, r.stdout, `"resolved": 1`)
	require.Contains(t, o.run(t, "status", "1").stdout, "1: sent")
	require.Len(t, o.network.Outcomes(), 1)

	t.Setenv("CERTMAIL_TEST_PASSWORD", "wrong password")
	r = o.run(t, "send", "--key", "2", "--to", brunoBeta)
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stdout, "login refused")
	require.NotContains(t, r.stdout+r.stderr, "wrong password")
	require.Equal(t, 1, o.run(t, "fetch").code)
}

func (o *office) inbox(t *testing.T) []pectest.Stored {
	t.Helper()
	box, err := o.network.Mailbox(annaAlfa)
	require.NoError(t, err)
	return box.Messages()
}

// TestWatch runs the command as a process and interrupts it.
func TestWatch(t *testing.T) {
	o := newOffice(t)
	cmd := exec.Command(os.Args[0], "watch", "--config", o.config, "--json", "--interval", "50ms")
	cmd.Env = append(os.Environ(), asProgram+"=1")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	r := o.run(t, "send", "--key", "1", "--to", brunoBeta)
	require.Equal(t, 0, r.code, "beside it, on the same store: %s%s", r.stdout, r.stderr)
	lines := json.NewDecoder(bufio.NewReader(out))
	for _, want := range []string{"accepted", "delivered"} {
		var e struct {
			Seq            int64
			Event, Verdict string
		}
		require.NoError(t, lines.Decode(&e))
		require.Equal(t, want, e.Event)
		require.Equal(t, "valid", e.Verdict)
	}
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.NoError(t, cmd.Wait(), "an interruption is the usual end")
}

func TestMailUsage(t *testing.T) {
	o := newOffice(t)
	for _, args := range [][]string{{"send"}, {"send", "--key", "1"}, {"fetch", "extra"}, {"watch", "extra"}, {"send", "--key", "1", "--to", brunoBeta, "extra"}} {
		require.Equal(t, 2, o.run(t, args[0], args[1:]...).code, args)
	}
	for _, command := range []string{"send", "fetch", "watch", "status"} {
		r := certmail(command)
		require.Equal(t, 2, r.code)
		require.Contains(t, r.stderr, "--config")
		require.Contains(t, certmail(command, "--help").stdout, "usage: certmail "+command)
	}
	for _, text := range []string{"{", `{"account": "a@b.example"}`, `{"password": "secret"}`, `{"account":"a@b.example","password_env":"X","password_command":["x"],"store":"s","blobs":"b"}`,
		`{"account":"a@b.example","password_env":"X","store":"s","blobs":"b","imap":{"security":"none"}}`} {
		name := filepath.Join(t.TempDir(), "c.json")
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		r := certmail("fetch", "--config", name)
		require.Equal(t, 2, r.code, text)
		require.True(t, strings.Contains(r.stderr, "--config"), r.stderr)
	}
}

// TestProviderPreset: a known provider stands for its servers; what the file
// says goes before.
func TestProviderPreset(t *testing.T) {
	for _, p := range presets.All() {
		if !p.SMTP.Known() || !p.IMAP.Known() {
			continue
		}
		name := filepath.Join(t.TempDir(), "c.json")
		text := `{"account":"a@b.example","password_env":"X","store":"s","blobs":"b","provider":"` + p.ID + `","imap":{"host":"imap.b.example","port":1993}}`
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		c, err := readMailConfig(name)
		require.NoError(t, err)
		require.Equal(t, mailServer{p.SMTP.Host, p.SMTP.Port, "tls"}, c.Submission)
		require.Equal(t, mailServer{"imap.b.example", 1993, "tls"}, c.IMAP)
		require.Equal(t, p.Limits.MaxRecipients, c.MaxRecipients)
	}
	for _, text := range []string{`"provider":"nobody"`, `"folders":["INBOX"]`} {
		name := filepath.Join(t.TempDir(), "c.json")
		require.NoError(t, os.WriteFile(name, []byte(`{"account":"a@b.example","password_env":"X","store":"s","blobs":"b",`+text+`}`), 0o600))
		_, err := readMailConfig(name)
		require.Error(t, err, text)
	}
}

// TestPasswordCommand: the first line end is the command's, all else is the
// password, byte for byte.
func TestPasswordCommand(t *testing.T) {
	o := newOffice(t)
	data, err := os.ReadFile(o.config)
	require.NoError(t, err)
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte(o.password+"\n"), 0o600))
	command, err := json.Marshal([]string{"cat", secret})
	require.NoError(t, err)
	text := strings.Replace(string(data), `"password_env":"CERTMAIL_TEST_PASSWORD"`, `"password_command":`+string(command), 1)
	require.NotEqual(t, string(data), text)
	require.NoError(t, os.WriteFile(o.config, []byte(text), 0o600))
	require.Equal(t, 0, o.run(t, "send", "--key", "1", "--to", brunoBeta).code)
}
