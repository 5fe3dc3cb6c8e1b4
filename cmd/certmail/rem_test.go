package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/certmail/certmail/trust/tsl/tsltest"
	"github.com/certmail/certmail/trust/tsp"
)

// remKit is a folder of AgID's examples.
func remKit(t *testing.T, elem ...string) string {
	t.Helper()
	return reftest.Dir(t, append([]string{"etsi", "agid-rem-policy-it-1.2-kit"}, elem...)...)
}

func remMail(t *testing.T, name string) string { return remKit(t, "Intra-REM-flow", name) }

// stampRoot writes the root of the test authority that stamped the examples.
func stampRoot(t *testing.T) (file string, signer *x509.Certificate) {
	t.Helper()
	m, err := rem.OpenFile(remMail(t, "REM_Dispatch.RA01.eml"), nil)
	require.NoError(t, err)
	defer m.Close()
	text := regexp.MustCompile(`EncapsulatedTimeStamp [^>]*>([^<]*)<`).FindSubmatch(m.Evidence[0].Bytes())
	require.Len(t, text, 2)
	der, err := base64.StdEncoding.DecodeString(string(text[1]))
	require.NoError(t, err)
	token, err := tsp.Parse(der)
	require.NoError(t, err)
	for _, der := range token.Certificates {
		c, err := x509.ParseCertificate(der)
		require.NoError(t, err)
		if bytes.Equal(c.RawSubject, c.RawIssuer) {
			file = write(t, t.TempDir(), "tsa.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
		}
		if trust.ForTimeStamps.Fits(c) == nil {
			signer = c
		}
	}
	require.NotEmpty(t, file)
	require.NotNil(t, signer)
	return file, signer
}

func remTrust(t *testing.T) []string {
	t.Helper()
	tsa, _ := stampRoot(t)
	return []string{"--ca", remKit(t, "certificates", "REM-ROOT-CA.crt"), "--ca", tsa}
}

func TestShowREM(t *testing.T) {
	r := certmail("show", "--json", remMail(t, "REM_RelayRejection.RB21.eml"), remMail(t, "REM_Dispatch.RA01.eml"), remMail(t, "REM_ContentConsignment2.RD01.eml"))
	require.Equal(t, exitGood, r.code)
	var got []shown
	r.decode(t, &got)
	require.Len(t, got, 3)

	refused := got[0]
	require.Equal(t, []string{"rem", "receipt"}, []string{refused.System, refused.Kind})
	require.Equal(t, "66A0CF65.00566CE0.025BE6B4.85251370.rem-service@r2-rems-only-for-test.it", refused.MessageID)
	require.Equal(t, "30be01d30072$242ddc3f$f9b72bf0$@it", refused.RefMessageID)
	require.Equal(t, "26A0CF65.00566CE0.242DDC3F.85251369.rem-service@s1-rems-only-for-test.it", refused.Identifier)
	require.Equal(t, "R-REMS-2 provider", refused.Provider)
	require.Equal(t, "2022-08-03T14:22:13Z", refused.Time)
	require.Equal(t, "sender@sender-own-domain-only-for-test.it", refused.Sender)
	require.Equal(t, []recipient{{"recC@r2-rems-only-for-test.it", ""}, {"recD@r2-rems-only-for-test.it", ""}}, refused.Recipients)
	require.Empty(t, refused.Recipient)
	require.Equal(t, "Oggetto dell'original message - Subject of the original message", refused.Subject)
	require.Equal(t, []string{"", "RB21"}, []string{refused.Error.Value, refused.Error.Code})
	require.Contains(t, refused.Error.Text, "Unregistered recipient")
	require.Equal(t, []shownEvent{{
		Event: "RelayRejection", EvidenceID: "56A0CF65.00566CE0.242DDC3F.03B4A2C2.rem-service@r2-rems-only-for-test.it",
		Recipients: []string{"recC@r2-rems-only-for-test.it", "recD@r2-rems-only-for-test.it"}, Reasons: []string{"RB21"},
		Time: "2022-08-03T14:22:13Z", Issuer: "R-REMS-2 provider",
	}}, refused.Events)
	require.Nil(t, refused.Original)

	dispatch := got[1]
	require.Equal(t, "dispatch", dispatch.Kind)
	require.Nil(t, dispatch.Error, "an acceptance is no error")
	require.Equal(t, dispatch.Identifier, dispatch.MessageID)
	digest, err := base64.StdEncoding.DecodeString("ePggZQ9/Uwbe6ui/mqn+moZJcfkdFVIluG1B4a3ov9k=")
	require.NoError(t, err)
	require.Equal(t, hexOf(digest), dispatch.Original.SHA256)
	require.Equal(t, dispatch.Identifier, dispatch.Original.MessageID)

	consigned := got[2]
	require.Equal(t, "recD@r2-rems-only-for-test.it", consigned.Recipient)
	require.Equal(t, []string{"recD@r2-rems-only-for-test.it"}, consigned.Events[0].Recipients)

	text := certmail("show", remMail(t, "REM_RelayRejection.RB21.eml"))
	require.Contains(t, text.stdout, "REM receipt (ricevuta REM): refused by the recipient's service")
	require.Contains(t, text.stdout, "RB21")
}

// TestShowREMKit: every mail of both kits says its event, its id, whom it is
// about, why and when.
func TestShowREMKit(t *testing.T) {
	r := certmail("show", "--json", reftest.Dir(t, "etsi"))
	require.Equal(t, exitGood, r.code)
	var got []shown
	r.decode(t, &got)
	kinds := map[string]int{}
	for _, s := range got {
		kinds[s.System+" "+s.Kind]++
		if s.System != "rem" {
			continue
		}
		require.Len(t, s.Events, 1, s.File)
		e := s.Events[0]
		require.Contains(t, s.File, e.Reasons[0], "the file is named after its reason")
		if s.Kind == "receipt" {
			require.Contains(t, s.File, "REM_"+e.Event)
		}
		require.NotEmpty(t, e.EvidenceID)
		require.NotEmpty(t, e.Recipients)
		require.Equal(t, s.Time, e.Time)
		require.Equal(t, s.Kind == "dispatch", s.Original != nil)
	}
	require.Equal(t, map[string]int{"rem dispatch": 3, "rem receipt": 55, "mail ordinary": 4}, kinds)
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var out strings.Builder
	for _, c := range b {
		out.WriteByte(digits[c>>4])
		out.WriteByte(digits[c&15])
	}
	return out.String()
}

func TestVerifyREM(t *testing.T) {
	mail := remMail(t, "REM_ContentConsignment1.RD01.eml")
	r := certmail(append([]string{"verify", "--json", mail}, remTrust(t)...)...)
	require.Equal(t, exitGood, r.code, r.stdout)
	var got []verified
	r.decode(t, &got)
	v := got[0]
	require.Equal(t, []string{"rem", "receipt", "valid", "timestamp"}, []string{v.System, v.Kind, v.Verdict, v.TimeBasis})
	require.Equal(t, "2022-08-03T14:25:57Z", v.Time)
	require.Equal(t, "rem-service@r2-rems-only-for-test.it", v.Signer.Email)
	status := map[string]string{}
	for _, c := range v.Checks {
		status[c.Name] = c.Status
	}
	require.Equal(t, map[string]string{
		"signature": "passed", "digest-algorithm": "passed", "signer-chain": "passed", "signer-address": "passed", "revocation": "skipped",
		"headers": "passed", "evidence-signature": "passed", "evidence-timestamp": "passed", "evidence-profile": "passed",
		"original-digest": "skipped", "trusted-list": "skipped",
	}, status)
	text := certmail(append([]string{"verify", mail}, remTrust(t)...)...)
	require.Contains(t, text.stdout, "VALID")
	require.Contains(t, text.stdout, "consigned (avvenuta consegna), RD01")
	require.Contains(t, strings.Join(strings.Fields(text.stdout), " "), "for recC@r2-rems-only-for-test.it")

	// Nobody is believed without being given; the key of PEC's authority least
	// of all.
	r = certmail("verify", "--json", mail)
	require.Equal(t, exitNotGood, r.code)
	r.decode(t, &got)
	require.Equal(t, "indeterminate", got[0].Verdict)
	require.Equal(t, "certified-event", got[0].TimeBasis)

	// At a given time.
	r = certmail(append([]string{"verify", "--json", "--at", "2020-01-01T00:00:00Z", mail}, remTrust(t)...)...)
	r.decode(t, &got)
	require.Equal(t, []string{"invalid", "given"}, []string{got[0].Verdict, got[0].TimeBasis})
}

func TestVerifyREMTampered(t *testing.T) {
	data, err := os.ReadFile(remMail(t, "REM_ContentConsignment1.RD01.eml"))
	require.NoError(t, err)
	for name, c := range map[string]struct{ old, new, check string }{
		"text":     {"Code RD01)", "Code RD02)", "signature"},
		"header":   {"REM-EventIdentifier: http://uri.etsi.org/19522/Event/ContentConsignment\r\n", "REM-EventIdentifier: http://uri.etsi.org/19522/Event/RelayFailure\r\n", "headers"},
		"sender":   {"From: <rem-service@", "From: <other-service@", "signer-address"},
		"evidence": {"PD94bWwgdmVyc2lvbj0iMS4wIi", "PD94bWwgdmVyc2lvbj0nMS4wIi", "signature"},
	} {
		altered := strings.Replace(string(data), c.old, c.new, 1)
		require.False(t, string(data) == altered, name)
		_, v := verifyOne(t, []byte(altered), remTrust(t)...)
		require.Equal(t, "invalid", v.Verdict, name)
		failed := ""
		for _, k := range v.Checks {
			if k.Status == "failed" {
				failed += k.Name + " "
			}
		}
		require.Contains(t, failed, c.check, name)
	}
}

// trustedList signs a list with the services of the examples and the authority
// that stamped them.
func trustedList(t *testing.T, status string) string {
	t.Helper()
	leaf, err := os.ReadFile(remKit(t, "certificates", "R2-REM-POLICY-IT-CERTIFICATE.crt"))
	require.NoError(t, err)
	certs, err := trust.ParseCertificates(leaf)
	require.NoError(t, err)
	_, tsa := stampRoot(t)
	since := time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)
	service := func(kind string, c *x509.Certificate, status string) tsl.Service {
		return tsl.Service{Entry: tsl.Entry{
			Type: kind, Names: tsl.Names{{Language: "en", Value: "Service"}}, Identity: tsl.Identity{Certificates: [][]byte{c.Raw}},
			Status: status, Starting: since,
		}}
	}
	list := &tsl.List{
		Territory: "IT", Issued: time.Now().Add(-time.Hour).UTC().Truncate(time.Second), NextUpdate: time.Now().AddDate(0, 3, 0).UTC().Truncate(time.Second),
		Providers: []tsl.Provider{
			{Names: tsl.Names{{Language: "en", Value: "R-REMS-2 provider"}}, Services: []tsl.Service{service(tsl.ServiceREMQualified, certs[0], status)}},
			{Names: tsl.Names{{Language: "en", Value: "TSA"}}, Services: []tsl.Service{service(tsl.ServiceTSAQualified, tsa, tsl.StatusGranted)}},
		},
	}
	xml, err := tsltest.NewOperator(7, "IT").Sign(context.Background(), list)
	require.NoError(t, err)
	return write(t, t.TempDir(), "list.xml", xml)
}

// TestVerifyREMTrustedList: with --tsl alone, services and time-stamping
// authorities are believed for what they are listed for.
func TestVerifyREMTrustedList(t *testing.T) {
	mail := remMail(t, "REM_ContentConsignment1.RD01.eml")
	list := trustedList(t, tsl.StatusGranted)
	r := certmail("verify", "--json", "--tsl", list, mail, remMail(t, "REM_SubmissionAcceptance.RA01.eml"))
	var got []verified
	r.decode(t, &got)
	require.Equal(t, exitNotGood, r.code)
	require.Equal(t, []string{"valid", "timestamp"}, []string{got[0].Verdict, got[0].TimeBasis}, "%+v", got[0].Checks)
	last := got[0].Checks[len(got[0].Checks)-1]
	require.Equal(t, []string{"trusted-list", "passed"}, []string{last.Name, last.Status})
	require.Contains(t, last.Detail, "qualified")
	require.Equal(t, "indeterminate", got[1].Verdict, "the other service is not in the list")

	r = certmail("verify", "--json", "--tsl", trustedList(t, tsl.StatusWithdrawn), mail)
	r.decode(t, &got)
	last = got[0].Checks[len(got[0].Checks)-1]
	require.Equal(t, []string{"invalid", "trusted-list", "failed"}, []string{got[0].Verdict, last.Name, last.Status})

	// A list that is none, or was altered, is a mistake in the command.
	for _, bad := range []string{mail, write(t, t.TempDir(), "bad.xml", bentList(t, list))} {
		r := certmail("verify", "--tsl", bad, mail)
		require.Equal(t, exitUsage, r.code)
		require.Contains(t, r.stderr, "--tsl")
	}
	// It changes nothing for PEC.
	g := newGestore()
	r = certmailWith(string(g.transport(t, letter())), "verify", "-", "--ca", g.caFile(t), "--tsl", list)
	require.Equal(t, exitGood, r.code, r.stderr)
}

func bentList(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return bytes.Replace(data, []byte("R-REMS-2"), []byte("R-REMS-3"), 1)
}

func TestExtractREM(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	r := certmail("extract", remMail(t, "REM_Dispatch.RA01.eml"), "--to", dir)
	require.Equal(t, exitGood, r.code, r.stderr)
	want, err := os.ReadFile(remMail(t, "original_message.to_attach_to_dispatch.eml"))
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(dir, "postacert.eml"))
	require.NoError(t, err)
	require.Equal(t, want, got)
	m, err := rem.OpenFile(remMail(t, "REM_Dispatch.RA01.eml"), nil)
	require.NoError(t, err)
	defer m.Close()
	got, err = os.ReadFile(filepath.Join(dir, "evidence-1.xml"))
	require.NoError(t, err)
	require.Equal(t, m.Evidence[0].Bytes(), got)
	require.FileExists(t, filepath.Join(dir, "smime.p7s"))
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, names, 3)
}

// TestReconcileMixed: one folder with both systems, one ledger.
func TestReconcileMixed(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		"REM_Dispatch.RA01.eml", "REM_SubmissionAcceptance.RA01.eml", "REM_RelayAcceptance.RB01.eml",
		"REM_ContentConsignment1.RD01.eml", "REM_ContentConsignmentFailure2.RD04.eml",
	} {
		data, err := os.ReadFile(remMail(t, name))
		require.NoError(t, err)
		write(t, dir, name, data)
	}
	g := newGestore()
	write(t, dir, "pec.eml", g.transport(t, letter()))
	r := certmail(append([]string{"reconcile", "--json", dir, "--ca", g.caFile(t)}, remTrust(t)...)...)
	require.Equal(t, exitGood, r.code, r.stdout)
	var got reconciledJSON
	r.decode(t, &got)
	require.Empty(t, got.Orphans)
	require.Empty(t, got.Unreadable)
	require.Len(t, got.Messages, 1)
	m := got.Messages[0]
	require.Equal(t, "30be01d30072$242ddc3f$f9b72bf0$@it", m.MessageID)
	require.Equal(t, "26A0CF65.00566CE0.242DDC3F.85251369.rem-service@s1-rems-only-for-test.it", m.Identifier)
	require.Equal(t, "2022-08-03T14:22:11Z", m.Accepted)
	require.Equal(t, "red", m.Light)
	require.Equal(t, []string{"delivered", "failed"}, []string{m.Recipients[0].Status, m.Recipients[1].Status})
	require.Equal(t, "recC@r2-rems-only-for-test.it", m.Recipients[0].Address)
	require.Contains(t, m.Recipients[1].Reason, "RD04")
	require.Len(t, m.Recipients[0].Proof, 3)
	for _, p := range m.Recipients[0].Proof {
		require.Equal(t, []string{"receipt", "valid"}, []string{p.Kind, p.Verdict})
	}

	// RD03 for want of news, and the consignment: delivered, and both are shown.
	data, err := os.ReadFile(remMail(t, "REM_ContentConsignmentFailure1.RD03.eml"))
	require.NoError(t, err)
	write(t, dir, "rd03.eml", data)
	r = certmail(append([]string{"reconcile", "--json", dir, "--ca", g.caFile(t)}, remTrust(t)...)...)
	require.Equal(t, exitGood, r.code)
	r.decode(t, &got)
	require.Equal(t, "delivered", got.Messages[0].Recipients[0].Status)
	require.Len(t, got.Messages[0].Recipients[0].Proof, 4)
	require.Empty(t, got.Messages[0].Conflicts)

	// The sent copy, under the id that the receipts have.
	sent, err := os.ReadFile(remMail(t, "original_message.clean_from_user.eml"))
	require.NoError(t, err)
	file := write(t, t.TempDir(), "sent.eml", bytes.Replace(sent, []byte("$@de>"), []byte("$@it>"), 1))
	r = certmail(append([]string{"reconcile", "--json", dir, "--sent", file, "--ca", g.caFile(t)}, remTrust(t)...)...)
	r.decode(t, &got)
	require.Equal(t, exitGood, r.code)
	require.Empty(t, got.Orphans)
	require.Equal(t, "delivered", got.Messages[0].Recipients[0].Status)

	text := certmail(append([]string{"reconcile", dir, "--ca", g.caFile(t)}, remTrust(t)...)...)
	require.Contains(t, text.stdout, "RD04")
}

type reconciledJSON struct {
	Messages []struct {
		MessageID  string `json:"message_id"`
		Identifier string
		Accepted   string
		Light      string
		Recipients []struct {
			Address, Status, Reason string
			Proof                   []struct{ File, Kind, Verdict string }
		}
		Conflicts []struct{ Code string }
	}
	Orphans    []struct{ File string }
	Unreadable []struct{ File, Error string }
}
