package pectest_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/trust"
)

func network(t testing.TB, opt *pectest.NetworkOptions) *pectest.Network {
	t.Helper()
	n, err := pectest.NewNetwork(opt)
	require.NoError(t, err)
	return n
}

// networkWith is the usual network after a change to its two providers.
func networkWith(t testing.TB, change func(alfa, beta *pectest.ProviderConfig), faults ...pectest.Fault) *pectest.Network {
	t.Helper()
	providers := pectest.DefaultProviders()
	change(&providers[0], &providers[1])
	return network(t, &pectest.NetworkOptions{Providers: providers, Faults: faults})
}

func account(t testing.TB, n *pectest.Network, address string) *pectest.Account {
	t.Helper()
	a, err := n.Account(address)
	require.NoError(t, err)
	return a
}

func send(t testing.TB, n *pectest.Network, from string, d *pec.Draft) *pec.Submission {
	t.Helper()
	s, err := account(t, n, from).Send(context.Background(), d)
	require.NoError(t, err)
	return s
}

func inbox(t testing.TB, n *pectest.Network, address string) []pectest.Stored {
	t.Helper()
	m, err := n.Mailbox(address)
	require.NoError(t, err)
	return m.Messages()
}

func kinds(t testing.TB, n *pectest.Network, address string) string {
	t.Helper()
	var all []string
	for _, s := range inbox(t, n, address) {
		all = append(all, string(s.Kind))
	}
	return strings.Join(all, " ")
}

func only(t testing.TB, n *pectest.Network, address string, kind pec.Kind) *pec.Message {
	t.Helper()
	var found []*pec.Message
	for _, s := range inbox(t, n, address) {
		if s.Kind == kind {
			m, err := pec.ParseBytes(s.Data, nil)
			require.NoError(t, err)
			found = append(found, m)
		}
	}
	require.Len(t, found, 1, "%s in %s:\n%s", kind, address, dump(n))
	return found[0]
}

// notice is the provider's own text of a message.
func notice(t testing.TB, m *pec.Message) string {
	t.Helper()
	text, err := m.Envelope.Text.Bytes(1 << 16)
	require.NoError(t, err)
	return string(text)
}

// dump shows everything, for the messages of failed tests.
func dump(n *pectest.Network) string {
	out := ""
	for _, m := range n.Mailboxes() {
		out += m.Address + ":"
		for _, s := range m.Messages() {
			out += " " + string(s.Kind)
		}
		out += "\n"
	}
	for _, j := range n.Journeys() {
		out += j.Identifier + " " + j.Subject + "\n"
		for _, s := range j.Steps {
			out += fmt.Sprintf("  %s %-9s %-4s %s -> %s %s %s\n", s.Time.Format("02 15:04:05"), s.Point, s.Branch, s.Kind, s.Issued, s.Recipient, s.Detail)
		}
	}
	return out
}

// bad says which check of a kind of message must fail, because a fault made it
// so.
type bad map[pec.Kind]string

// judgeAll lets OpenSSL, xmllint and our own verifier look at every message in
// every mailbox. Only those a fault spoiled may fail, each by its check.
func judgeAll(t testing.TB, n *pectest.Network, spoiled bad) {
	t.Helper()
	openssl, xmllint, dtd := reftest.Tool(t, "openssl"), reftest.Tool(t, "xmllint"), reftest.Dir(t, "pec", "daticert.dtd")
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	require.NoError(t, os.WriteFile(ca, n.Authority().PEM(), 0o600))
	lint := []string{"--noout", "--nonet", "--dtdvalid", dtd}
	met := map[pec.Kind]int{}
	for _, box := range n.Mailboxes() {
		for i, s := range box.Messages() {
			if s.Kind == pec.KindOrdinary {
				continue
			}
			where := fmt.Sprintf("%s, message %d, %s", box.Address, i+1, s.Kind)
			m, err := pec.ParseBytes(s.Data, nil)
			require.NoError(t, err, where)
			r, err := n.Verifier().Verify(context.Background(), m)
			require.NoError(t, err, where)
			file := filepath.Join(dir, "message.eml")
			require.NoError(t, os.WriteFile(file, bytes.ReplaceAll(bytes.ReplaceAll(s.Data, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n")), 0o600))
			at := s.Time
			if when, err := m.Time(); err == nil {
				at = when
			}
			out, err := exec.Command(openssl, "cms", "-verify", "-in", file, "-inform", "SMIME", "-CAfile", ca, "-purpose", "smimesign",
				"-attime", fmt.Sprint(at.Unix()), "-out", os.DevNull).CombinedOutput()
			if check := spoiled[s.Kind]; check != "" && r.Verdict != trust.Valid {
				met[s.Kind]++
				require.Equal(t, trust.Invalid, r.Verdict, where)
				require.Equal(t, trust.Failed, r.Check(check).Status, "%s: %s", where, check)
				require.Error(t, err, "%s: OpenSSL accepts it", where)
				continue
			}
			require.Equal(t, trust.Valid, r.Verdict, "%s: %v", where, r.Checks)
			require.Equal(t, trust.Passed, r.Check(trust.CheckProviderDirectory).Status, where)
			require.NoError(t, err, "%s: OpenSSL: %s", where, out)
			if m.Kind == pec.KindAnomaly {
				continue
			}
			xml := filepath.Join(dir, fmt.Sprintf("%d.xml", len(lint)))
			require.NoError(t, os.WriteFile(xml, []byte(m.Data.Raw), 0o600))
			lint = append(lint, xml)
		}
	}
	for kind := range spoiled {
		require.NotZero(t, met[kind], "a spoiled %s was to be found:\n%s", kind, dump(n))
	}
	if len(lint) > 4 {
		out, err := exec.Command(xmllint, lint...).CombinedOutput()
		require.NoError(t, err, string(out))
	}
}

// plain is a message as a careful client writes it.
func plain(from, to string, change ...string) []byte {
	message := "From: " + from + "\r\nTo: " + to + "\r\nSubject: Contratto n. 7\r\nDate: Mon, 02 Mar 2026 09:30:00 +0100\r\n" +
		"Message-ID: <7f3c@pc-rossi.alfa.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nciao\r\n"
	return []byte(strings.NewReplacer(change...).Replace(message))
}

// at is a time on the network's first day, in UTC.
func at(hour, minute, second int) time.Time {
	return time.Date(2026, 3, 2, hour, minute, second, 0, time.UTC)
}
