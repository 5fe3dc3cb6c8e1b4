package pec_test

import (
	"crypto/sha256"
	"crypto/x509"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/trust"
)

// Attacks with certificates and with genuine old messages.

func TestS02_OrdinaryCertificate(t *testing.T) {
	g := gestoreAlfa()
	evil := newGestore(testpki.NewAuthority(666, "CA commerciale", nil), "Evil S.r.l.", "posta-certificata@evil.example", nil)
	r := g.judge(t, evil.receipt(t, "avvenuta-consegna"))
	requireOpen(t, r, trust.CheckSignerChain)
	require.True(t, r.Signature.OK())
	require.Equal(t, trust.Passed, r.Check(trust.CheckSignerAddress).Status)
	require.Equal(t, trust.SourceNone, r.Signer.Source)

	// With the mailbox and the name of a provider.
	twin := newGestore(testpki.NewAuthority(666, "CA di prova", nil), g.name, g.mailbox, nil)
	r = g.judge(t, twin.receipt(t, "avvenuta-consegna"))
	requireOpen(t, r, trust.CheckSignerChain)
	require.Equal(t, trust.SourceNone, r.Signer.Source)

	// Self-signed, embedding the trusted authority's certificate beside it.
	twin.leaf.Chain = g.leaf.Chain
	requireOpen(t, g.judge(t, twin.receipt(t, "avvenuta-consegna")), trust.CheckSignerChain)
}

func TestS03_UnderTheRootButNotUnderTheIssuingKey(t *testing.T) {
	root := testpki.NewAuthority(11, "Radice", nil)
	issuing, other := root.Sub("CA gestori", nil), root.Sub("CA commerciale", nil)
	g := newGestore(issuing, "Gestore Alfa S.p.A.", alfaMailbox, nil)
	evil := newGestore(other, "Gestore Alfa S.p.A.", alfaMailbox, nil)
	g.leaf.Chain = []*x509.Certificate{issuing.Certificate}
	evil.leaf.Chain = []*x509.Certificate{other.Certificate, root.Certificate}
	s := store(t, trust.Material{
		Keys:          []trust.KeyAnchor{{Name: "CA gestori", SPKI: sha256.Sum256(issuing.Certificate.RawSubjectPublicKeyInfo)}},
		Intermediates: []*x509.Certificate{root.Certificate, issuing.Certificate, other.Certificate},
	})
	requireValid(t, judgeWith(t, g.receipt(t, "accettazione"), s, nil))
	requireOpen(t, judgeWith(t, evil.receipt(t, "accettazione"), s, nil), trust.CheckSignerChain)

	// The real thing: a real receipt, and only the public root is trusted.
	anchors, err := trust.ParseCertificates(reftest.File(t, "pec", "actalis-authentication-root-ca.pem"))
	require.NoError(t, err)
	r := judgeWith(t, reftest.File(t, "pec", "aruba-2018-accettazione.eml"), store(t, trust.Material{Anchors: anchors}), nil)
	requireOpen(t, r, trust.CheckSignerChain)
	require.Equal(t, trust.SourceNone, r.Signer.Source)
}

func TestS19_Replay(t *testing.T) {
	g := gestoreAlfa()
	genuine := g.receipt(t, "avvenuta-consegna")
	sent := receipt.Sent{
		MessageID: clientID, Sender: mario, Subject: "Contratto n. 7", Time: eventTime.Add(-2 * time.Second),
		Recipients: []receipt.SentRecipient{{Address: ufficio}},
	}
	light := func(sent receipt.Sent, proofs ...[]byte) *receipt.Report {
		l := receipt.NewLedger(nil)
		l.AddSent(sent)
		for i, p := range proofs {
			events, err := g.judge(t, p).Events(string(rune('a' + i)))
			require.NoError(t, err)
			l.Add(events...)
		}
		return l.Snapshot(eventTime.Add(time.Hour))
	}
	require.Equal(t, receipt.Green, light(sent, genuine).Messages[0].Light)
	require.Equal(t, receipt.Green, light(sent, genuine, genuine).Messages[0].Light)

	// For a new message: neither by header ...
	next := sent
	next.MessageID, next.Time = "<nuovo@pc-rossi.alfa.example>", eventTime.Add(240*time.Hour)
	forged := edit(t, genuine, "X-Riferimento-Message-ID: "+clientID, "X-Riferimento-Message-ID: "+next.MessageID)
	r := g.judge(t, forged)
	requireInvalid(t, r, trust.CheckHeaders)
	for _, proof := range [][]byte{genuine, forged, edit(t, genuine, "X-Riferimento-Message-ID: "+clientID+"\r\n", "")} {
		report := light(next, proof)
		require.NotEqual(t, receipt.Green, report.Messages[0].Light)
		require.False(t, report.Messages[0].Recipients[0].Verified)
	}
	// ... nor under the same Message-ID, used again later.
	again := sent
	again.Time = eventTime.Add(240 * time.Hour)
	report := light(again, genuine)
	require.NotEqual(t, receipt.Green, report.Messages[0].Light)
	require.Equal(t, receipt.FindingEarly, report.Messages[0].Findings[0].Code)
}

func TestS20_ReceiptForAnotherRecipient(t *testing.T) {
	g := gestoreAlfa()
	d := g.data("avvenuta-consegna")
	d.Deliveries = []string{"altro@pec.beta.example"}
	d.Recipients = append(d.Recipients, daticert.Recipient{Address: "altro@pec.beta.example", Type: daticert.RecipientCertified})
	r := g.judge(t, g.sign(t, g.draft(t, d)))
	requireValid(t, r)
	events, err := r.Events("a")
	require.NoError(t, err)
	l := receipt.NewLedger(nil)
	l.AddSent(receipt.Sent{MessageID: clientID, Sender: mario, Time: eventTime.Add(-time.Second), Recipients: []receipt.SentRecipient{{Address: ufficio}}})
	l.Add(events...)
	report := l.Snapshot(eventTime.Add(time.Minute))
	require.Equal(t, receipt.StatusSubmitted, report.Messages[0].Recipients[0].Status)
	require.NotEqual(t, receipt.Green, report.Messages[0].Light)
	require.Len(t, report.Orphans, 1)
}

func TestS21_SameIdentifierOtherContent(t *testing.T) {
	g := gestoreAlfa()
	l := receipt.NewLedger(nil)
	for i, original := range []string{submittedMail, strings.Replace(submittedMail, "Ciao", "Addio", 1)} {
		d := g.data("avvenuta-consegna")
		d.ReceiptType, d.Deliveries = daticert.ReceiptComplete, []string{[]string{ufficio, "altro@pec.beta.example"}[i]}
		d.Recipients = []daticert.Recipient{{Address: ufficio, Type: daticert.RecipientCertified}, {Address: "altro@pec.beta.example", Type: daticert.RecipientCertified}}
		draft := g.draft(t, d)
		draft.Original = strings.NewReader(strings.Replace(original, clientID, "<"+pecID+">", 1))
		r := g.judge(t, g.sign(t, draft))
		requireValid(t, r)
		events, err := r.Events(string(rune('a' + i)))
		require.NoError(t, err)
		l.Add(events...)
	}
	m := l.Snapshot(eventTime.Add(time.Minute)).Messages[0]
	require.Equal(t, receipt.ConflictContent, m.Conflicts[0].Code)
	require.Equal(t, receipt.Red, m.Light)
}

func TestS22_JudgedAtTheEventAndNow(t *testing.T) {
	ca := testAuthority()
	expired := newGestore(ca, "Gestore Alfa S.p.A.", alfaMailbox, func(c *x509.Certificate) { c.NotAfter = eventTime.AddDate(0, 6, 0) })
	young := newGestore(ca, "Gestore Alfa S.p.A.", alfaMailbox, func(c *x509.Certificate) { c.NotBefore = eventTime.AddDate(0, 6, 0) })
	later := eventTime.AddDate(3, 0, 0)
	now := &pec.VerifyOptions{Now: func() time.Time { return later }}

	r := judgeWith(t, expired.receipt(t, "accettazione"), expired.store(t), now)
	requireValid(t, r) // an old receipt outlives the certificate
	require.Equal(t, trust.Passed, r.Signer.AtEvent.Status)
	require.Equal(t, trust.Failed, r.Signer.Now.Status)
	require.ErrorIs(t, r.Signer.Now.Err, trust.ErrExpired)

	r = judgeWith(t, young.receipt(t, "accettazione"), young.store(t), now)
	requireInvalid(t, r, trust.CheckSignerChain)
	require.ErrorIs(t, r.Signer.AtEvent.Err, trust.ErrNotYetValid)
	require.Equal(t, trust.Passed, r.Signer.Now.Status)

	r = judgeWith(t, expired.receipt(t, "accettazione"), expired.store(t), &pec.VerifyOptions{At: later})
	requireInvalid(t, r, trust.CheckSignerChain)
	require.Equal(t, pec.TimeGiven, r.Basis)
}

// crlOf revokes the certificate of g at a time.
func crlOf(t testing.TB, g *gestore, revoked time.Time, reason int) []byte {
	t.Helper()
	der, err := x509.CreateRevocationList(testpki.Reader(3, "crl"), &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: revoked.Add(time.Hour), NextUpdate: revoked.AddDate(1, 0, 0),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: g.leaf.Certificate.SerialNumber, RevocationTime: revoked, ReasonCode: reason}},
	}, g.ca.Certificate, g.ca.Key)
	require.NoError(t, err)
	return der
}

func TestS23_BackdatedAfterKeyCompromise(t *testing.T) {
	g := gestoreAlfa()
	message := g.receipt(t, "accettazione")
	with := func(revoked, seen time.Time) *pec.Report {
		return judgeWith(t, message, g.store(t), &pec.VerifyOptions{CRLs: [][]byte{crlOf(t, g, revoked, 1)}, FirstSeen: seen})
	}
	requireInvalid(t, with(eventTime.Add(-time.Hour), time.Time{}), trust.CheckRevocation)
	requireOpen(t, with(eventTime.Add(time.Hour), time.Time{}), trust.CheckRevocation)
	requireOpen(t, with(eventTime.Add(time.Hour), eventTime.Add(2*time.Hour)), trust.CheckRevocation)
	requireValid(t, with(eventTime.Add(time.Hour), eventTime.Add(time.Minute)))

	// What the signer says about the time does not move the judgement: the
	// signing time may be anything, the certified time is compared with it.
	d := g.draft(t, g.data("accettazione"))
	d.Time = eventTime.AddDate(-1, 0, 0)
	r := g.judge(t, g.sign(t, d))
	requireValid(t, r)
	requireFindings(t, r, "signing-time-gap")
	require.True(t, r.Time.Equal(eventTime))
}

func TestS24_CertificatesForOtherUses(t *testing.T) {
	ca := testAuthority()
	for name, change := range map[string]func(*x509.Certificate){
		"client authentication": func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} },
		"server":                func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} },
		"time-stamps":           func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping} },
		"encryption":            func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment },
		"an authority": func(c *x509.Certificate) {
			c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGestore(ca, "Gestore Alfa S.p.A.", alfaMailbox, change)
			r := g.judge(t, g.receipt(t, "accettazione"))
			requireInvalid(t, r, trust.CheckSignerChain)
			require.True(t, r.Signature.OK())
		})
	}
}
