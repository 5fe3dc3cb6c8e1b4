package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
)

const (
	acceptance = "aruba-2018-accettazione.eml"
	intact     = "sogei-2018-posta-certificata-sdi.eml"
	altered    = "sogei-2018-posta-certificata-sdi-altered.eml"
)

func real(t *testing.T, names ...string) []string {
	t.Helper()
	for i, name := range names {
		names[i] = filepath.Join(reftest.Dir(t, "pec"), name)
	}
	return names
}

// TestRealMessagesShown compares with what was read off the files by hand.
func TestRealMessagesShown(t *testing.T) {
	files := real(t, acceptance, intact)
	r := certmail(append([]string{"show", "--json"}, files...)...)
	require.Equal(t, exitGood, r.code, r.stderr)
	var got []shown
	r.decode(t, &got)
	require.Len(t, got, 2)

	require.Equal(t, shown{
		File: files[0], System: "pec", Kind: "accettazione",
		MessageID:    "opec288.20181113163926.01838.310.1.358.63@pec.aruba.it",
		RefMessageID: "1542123565.921546936035156.464602125997431-openerp-8-fatturapa.attachment.out@elbati-Vostro-3550",
		Identifier:   "opec288.20181113163926.01838.310.1.63@pec.aruba.it",
		Provider:     "ARUBA PEC S.p.A.", Time: "2018-11-13T16:39:26+01:00", Sender: "l.battistini@pec.it",
		Recipients: []recipient{{"l.battistini@pec.it", "certificato"}}, Subject: "IT03339130126_00009.xml",
		Events: []shownEvent{}, Findings: got[0].Findings,
	}, got[0])

	file := reftest.File(t, "pec", intact)
	stored := embedded(t, file)
	require.Equal(t, shown{
		File: files[1], System: "pec", Kind: "posta-certificata",
		MessageID:    "opec288.20181208122618.17535.2665.1.3@pcert.sogei.it",
		RefMessageID: "4163125586355393.1544268377979@pec.fatturapa.it",
		Identifier:   "opec288.20181208122618.17535.2665.1.3@pcert.sogei.it",
		Provider:     "Sogei SpA", Time: "2018-12-08T12:26:18+01:00", Sender: "sdi03@pec.fatturapa.it",
		Recipients: []recipient{{"l.battistini@pec.it", "certificato"}}, Subject: "Invio File 7339338 (SIMULAZIONE)", ReceiptType: "breve",
		Events: []shownEvent{}, Findings: got[1].Findings,
		Original: &original{
			Size: int64(len(stored)), SHA256: sha(stored), Subject: "Invio File 7339338 (SIMULAZIONE)",
			MessageID: "opec288.20181208122618.17535.2665.1.3@pcert.sogei.it",
			Attachments: []attachment{
				{"IT02652600210_00007_MT_002.xml", "application/octet-stream", 446, "d7cbebd4b8eee27be1964b5917e2ec553af160505e3b7d1bdc5db737a99212f8"},
				{"IT02652600210_00007.xml", "application/octet-stream", 63126, "47391655077696aa003534c752665fa5d3b928022055d462c33d8a828fa3f964"},
			},
		},
		Invoice: got[1].Invoice, SDI: got[1].SDI, // TestSDI_ShowRealInvoice looks at them
	}, got[1])
}

// embedded cuts postacert.eml out of the reference envelope by its delimiters.
func embedded(t *testing.T, file []byte) []byte {
	t.Helper()
	nl := []byte("\n")
	if bytes.Contains(file, []byte("\r\n")) {
		nl = []byte("\r\n")
	}
	_, after, ok := bytes.Cut(file, []byte(`filename="postacert.eml"`))
	require.True(t, ok)
	_, after, ok = bytes.Cut(after, append(append([]byte{}, nl...), nl...))
	require.True(t, ok)
	before, _, ok := bytes.Cut(after, append(append([]byte{}, nl...), "------------=_1544268378-17535-8512"...))
	require.True(t, ok)
	return before
}

// A copy with CR LF line ends is the same message; its original is two bytes a
// line longer, as it is stored.
func TestRealMessagesWithCRLF(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{acceptance, intact, altered} {
		write(t, dir, name, toCRLF(reftest.File(t, "pec", name)))
	}
	copied := filepath.Join(dir, intact)
	var got []shown
	certmail("show", copied, "--json").decode(t, &got)
	stored := embedded(t, toCRLF(reftest.File(t, "pec", intact)))
	require.Equal(t, int64(len(stored)), got[0].Original.Size)
	require.Equal(t, sha(stored), got[0].Original.SHA256)

	verdicts := map[string]string{}
	var checked []verified
	r := certmail("verify", "--json", dir)
	require.Equal(t, exitNotGood, r.code)
	r.decode(t, &checked)
	for _, v := range checked {
		verdicts[filepath.Base(v.File)] = v.Verdict
	}
	require.Equal(t, map[string]string{acceptance: "valid", intact: "valid", altered: "invalid"}, verdicts)
}

func TestRealMessagesVerified(t *testing.T) {
	files := real(t, acceptance, intact, altered)
	r := certmail(append([]string{"verify", "--json"}, files...)...)
	require.Equal(t, exitNotGood, r.code, r.stderr)
	var got []verified
	r.decode(t, &got)
	require.Len(t, got, 3)
	for i, want := range []struct{ kind, verdict, time, email string }{
		{"accettazione", "valid", "2018-11-13T16:39:26+01:00", "posta-certificata@pec.aruba.it"},
		{"posta-certificata", "valid", "2018-12-08T12:26:18+01:00", "posta-certificata@pcert.sogei.it"},
		{"posta-certificata", "invalid", "2018-12-08T12:26:18+01:00", "posta-certificata@pcert.sogei.it"},
	} {
		require.Equal(t, files[i], got[i].File, "in argument order")
		require.Equal(t, "pec", got[i].System)
		require.Equal(t, want.kind, got[i].Kind)
		require.Equal(t, want.verdict, got[i].Verdict)
		require.Equal(t, want.time, got[i].Time)
		require.Equal(t, "certified-event", got[i].TimeBasis)
		require.Equal(t, want.email, got[i].Signer.Email)
		for _, c := range got[i].Checks {
			require.Equal(t, want.verdict == "invalid" && c.Name == "signature", c.Status == "failed", "%+v", c)
		}
	}
	require.Equal(t, exitGood, certmail(append([]string{"verify"}, files[:2]...)...).code)
}

// No key, or another one, never makes a message valid; nor does the public
// root above AgID CA1, which also stands above ordinary certificates.
func TestRealMessagesUnderOtherTrust(t *testing.T) {
	other := newGestore().caFile(t)
	root := real(t, "actalis-authentication-root-ca.pem")[0]
	for name, flags := range map[string][]string{
		"none":        {"--no-builtin-trust"},
		"other":       {"--no-builtin-trust", "--ca", other},
		"public root": {"--no-builtin-trust", "--ca", root},
	} {
		t.Run(name, func(t *testing.T) {
			r := certmail(append(append([]string{"verify", "--json"}, flags...), real(t, acceptance, intact, altered)...)...)
			require.Equal(t, exitNotGood, r.code)
			var got []verified
			r.decode(t, &got)
			require.Equal(t, []string{"indeterminate", "indeterminate", "invalid"}, []string{got[0].Verdict, got[1].Verdict, got[2].Verdict})
			require.Equal(t, "unknown", got[0].check(t, "signer-chain").Status)
		})
	}
}

// The authority's certificate as an anchor does what the built-in key does.
func TestRealMessagesUnderGivenAnchor(t *testing.T) {
	ca := real(t, "agid-ca1-2018.pem")[0]
	r := certmail(append([]string{"verify", "--no-builtin-trust", "--ca", ca}, real(t, acceptance, intact)...)...)
	require.Equal(t, exitGood, r.code, r.stdout)
}

func TestRealMessagesAtGivenTime(t *testing.T) {
	r := certmail(append([]string{"verify", "--json", "--at", "2024-06-01T12:00:00+02:00"}, real(t, intact)...)...)
	require.Equal(t, exitNotGood, r.code)
	var got []verified
	r.decode(t, &got)
	require.Equal(t, "given", got[0].TimeBasis)
	require.Equal(t, "2024-06-01T12:00:00+02:00", got[0].Time)
	require.Equal(t, "failed", got[0].check(t, "signer-chain").Status, "the certificate had expired")
}

func TestRealMessagesWithoutSHA1(t *testing.T) {
	r := certmail(append([]string{"verify", "--json", "--refuse-sha1"}, real(t, intact)...)...)
	var got []verified
	r.decode(t, &got)
	require.Equal(t, "failed", got[0].check(t, "digest-algorithm").Status)
	require.Equal(t, "invalid", got[0].Verdict)
}

func TestRealMessagesReconciled(t *testing.T) {
	r := certmail(append([]string{"reconcile", "--json", "--now", "2018-11-13T17:00:00+01:00"}, real(t, acceptance, intact, altered)...)...)
	require.Equal(t, exitGood, r.code, r.stderr)
	var got struct {
		Messages []struct {
			MessageID  string `json:"message_id"`
			Light      string
			Recipients []struct {
				Address, Type, Status string
				Proof                 []struct{ File, Kind, SHA256, Verdict string }
			}
		}
		Orphans, Unreadable []json.RawMessage
	}
	r.decode(t, &got)
	require.Len(t, got.Messages, 1, "an envelope is no receipt")
	require.Equal(t, "amber", got.Messages[0].Light)
	require.Equal(t, "accepted", got.Messages[0].Recipients[0].Status)
	proof := got.Messages[0].Recipients[0].Proof
	require.Len(t, proof, 1)
	require.Equal(t, sha(reftest.File(t, "pec", acceptance)), proof[0].SHA256)
	require.Equal(t, "valid", proof[0].Verdict)
	require.Empty(t, got.Orphans)
	require.Empty(t, got.Unreadable)
}

func (v *verified) check(t *testing.T, name string) check {
	t.Helper()
	for _, c := range v.Checks {
		if c.Name == name {
			return c
		}
	}
	require.Fail(t, "no check "+name)
	return check{}
}
