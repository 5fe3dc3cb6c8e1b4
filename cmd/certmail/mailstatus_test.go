package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/rem/remtest"
)

// TestKeyUsedBefore: it is said that nothing new was sent, and that a key is
// unknown.
func TestKeyUsedBefore(t *testing.T) {
	o := newOffice(t)
	r := o.run(t, "send", "--key", "7", "--to", "nessuno@beta.example", "--wait", "20s")
	require.Equal(t, 1, r.code)
	require.NotContains(t, r.stdout, "used before")
	require.Contains(t, r.stdout, "5.1.1 indirizzo non valido")
	r = o.run(t, "send", "--key", "7", "--to", brunoBeta)
	require.Equal(t, 0, r.code)
	require.Contains(t, r.stdout, "used before")
	var sent struct{ Known bool }
	o.run(t, "send", "--key", "7", "--to", brunoBeta, "--json").decode(t, &sent)
	require.True(t, sent.Known)
	require.Len(t, o.network.Outcomes(), 1)

	r = o.run(t, "status", "7")
	require.Equal(t, 0, r.code, "a failed delivery is read, not guessed from the exit code")
	require.Contains(t, r.stdout, "5.1.1 indirizzo non valido")
	r = o.run(t, "status", "fattura 8")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, `"fattura 8"`)
}

// TestStatusTo: what is written is what was submitted and what came, byte for
// byte; the other commands read it, and a second run changes nothing.
func TestStatusTo(t *testing.T) {
	o := newOffice(t)
	require.Equal(t, 1, o.run(t, "send", "--key", "7", "--to", brunoBeta, "--to", "nessuno@beta.example", "--wait", "20s").code)
	require.Equal(t, 0, o.run(t, "send", "--key", "8", "--to", brunoBeta, "--wait", "20s").code)
	dir := filepath.Join(t.TempDir(), "proofs")
	for range 2 {
		r := o.run(t, "status", "7", "--to", dir)
		require.Equal(t, 0, r.code, r.stderr)
		require.Contains(t, r.stdout, "_mancata-consegna_")
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, 4, "the message, an acceptance, a delivery, a non-delivery")
		came := 0
		for _, e := range entries {
			data, err := os.ReadFile(filepath.Join(dir, e.Name()))
			require.NoError(t, err)
			for _, m := range o.inbox(t) {
				if bytes.Equal(m.Data, data) {
					came++
				}
			}
		}
		require.Equal(t, 3, came)
		require.NoError(t, os.WriteFile(filepath.Join(dir, entries[0].Name()+".part"), []byte("of a crash"), 0o600))
	}
	var out []struct{ Files []struct{ Name string } }
	o.run(t, "status", "7", "--to", dir, "--json").decode(t, &out)
	require.Len(t, out[0].Files, 4)
	ca := filepath.Join(filepath.Dir(o.config), "ca.pem")
	require.Equal(t, 0, certmail("archive", "make", dir, "--to", filepath.Join(dir, "archive"), "--ca", ca, "--no-builtin-trust").code)
	r := certmail("reconcile", dir, "--ca", ca, "--no-builtin-trust")
	require.Equal(t, 0, r.code, r.stderr)
	require.Contains(t, r.stdout, "1 message, 0 orphans")
	require.Equal(t, 2, o.run(t, "status", "--to", dir).code, "without a key")
}

// TestFetchTo: everything that comes is written, receipts, mail and junk.
func TestFetchTo(t *testing.T) {
	o := newOffice(t)
	require.Equal(t, 0, o.run(t, "send", "--key", "7", "--to", brunoBeta).code)
	require.Eventually(t, func() bool { return len(o.inbox(t)) == 2 }, 20*time.Second, 10*time.Millisecond)
	box, err := o.network.Mailbox(annaAlfa)
	require.NoError(t, err)
	for _, data := range []string{"Date: Mon, 2 Mar 2026 09:30:00 +0100\r\nSubject: Offerta\r\n\r\nciao\r\n", "\x00 no message"} {
		_, err = box.Transport().Append(t.Context(), "INBOX", nil, time.Now(), strings.NewReader(data), int64(len(data)))
		require.NoError(t, err)
	}
	dir := filepath.Join(t.TempDir(), "incoming")
	for _, count := range []string{"4 messages, 1 of them unreadable", "0 messages"} {
		r := o.run(t, "fetch", "--to", dir)
		require.Equal(t, 0, r.code, r.stderr)
		require.Contains(t, r.stdout, count)
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, 4)
		require.Regexp(t, "^19700101T000000Z_altro_", entries[0].Name())
		require.Regexp(t, "^20260302T083000Z_messaggio_", entries[1].Name())
		for _, m := range o.inbox(t) {
			same := 0
			for _, e := range entries {
				data, err := os.ReadFile(filepath.Join(dir, e.Name()))
				require.NoError(t, err)
				if bytes.Equal(data, m.Data) {
					same++
				}
			}
			require.Equal(t, 1, same)
		}
	}
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.Equal(t, 2, o.run(t, "fetch", "--to", file).code)
}

// TestFetchREM: the receipts of a mailbox are believed by the trusted list that
// the configuration names, and not without one, which is said.
func TestFetchREM(t *testing.T) {
	n, err := remtest.NewNetwork(&remtest.NetworkOptions{Start: time.Now().Add(-time.Hour).Truncate(time.Second)})
	require.NoError(t, err)
	anna, err := n.Account(annaAlfa)
	require.NoError(t, err)
	_, err = anna.Send(t.Context(), &pec.Draft{To: pec.Addresses(brunoBeta), Subject: "Contratto"})
	require.NoError(t, err)
	n.Settle()
	list, _, err := n.TrustedList("IT")
	require.NoError(t, err)
	for _, listed := range []bool{true, false} {
		o := newOffice(t)
		box, err := o.network.Mailbox(annaAlfa)
		require.NoError(t, err)
		for _, m := range anna.Messages() {
			_, err := box.Transport().Append(t.Context(), "INBOX", nil, time.Now(), bytes.NewReader(m.Data), int64(len(m.Data)))
			require.NoError(t, err)
		}
		if listed {
			o.believe(t, "tsl", "list.xml", list)
		}
		r := o.run(t, "fetch")
		require.Equal(t, 0, r.code, r.stderr)
		require.Contains(t, r.stdout, "2 messages, 0 of them unreadable; 2 new events")
		require.Equal(t, !listed, strings.Contains(r.stderr, "2 of the new events are not proven"), r.stderr)
	}
}

// TestStatusAnew: what came in before its authority was in the configuration is
// proven when it is judged again.
func TestStatusAnew(t *testing.T) {
	o := newOffice(t)
	ca, err := os.ReadFile(filepath.Join(filepath.Dir(o.config), "ca.pem"))
	require.NoError(t, err)
	text, err := os.ReadFile(o.config)
	require.NoError(t, err)
	bare := strings.Replace(string(text), `"ca":["ca.pem"],`, "", 1)
	require.NotEqual(t, string(text), bare)
	require.NoError(t, os.WriteFile(o.config, []byte(bare), 0o600))
	r := o.run(t, "send", "--key", "7", "--to", brunoBeta, "--wait", "20s")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stdout, "not proven")
	o.believe(t, "ca", "later.pem", ca)
	require.Contains(t, o.run(t, "status", "7").stdout, "not proven")
	r = o.run(t, "status", "7", "--anew")
	require.Contains(t, r.stdout, "delivered")
	require.NotContains(t, r.stdout, "not proven")
	require.Equal(t, 2, o.run(t, "status", "--anew").code)
}

// TestConfigTrust: what the configuration names to be believed is read, each by
// its own rules.
func TestConfigTrust(t *testing.T) {
	for _, what := range []string{"intermediate", "crl", "tsl", "ca"} {
		o := newOffice(t)
		o.believe(t, what, "junk", pem.EncodeToMemory(&pem.Block{Type: "JUNK", Bytes: []byte("junk")}))
		r := o.run(t, "status")
		require.Equal(t, 2, r.code, what)
		require.Contains(t, r.stderr, "--"+what+" "+filepath.Join(filepath.Dir(o.config), "junk"))
	}
}

// believe adds a file to the configuration.
func (o *office) believe(t *testing.T, what, name string, data []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(o.config), name), data, 0o600))
	text, err := os.ReadFile(o.config)
	require.NoError(t, err)
	var config map[string]any
	require.NoError(t, json.Unmarshal(text, &config))
	config[what] = []string{name}
	text, err = json.Marshal(config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(o.config, text, 0o600))
}
