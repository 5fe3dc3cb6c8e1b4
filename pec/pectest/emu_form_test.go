package pectest_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
)

// everything makes a network send one of nearly each kind of message.
func everything(t *testing.T, q pectest.Quirks) *pectest.Network {
	n := networkWith(t, func(alfa, beta *pectest.ProviderConfig) {
		alfa.Quirks, beta.Quirks = q, q
		alfa.Scan = noScan
	})
	send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno, "nobody@beta.example"), Cc: pec.Addresses("carla@alfa.example"), Subject: "È già qui: più città", Text: "perché\n"})
	send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno), Subject: "Breve", ReceiptType: daticert.ReceiptBrief,
		Attachments: []pec.File{pec.FileBytes("contratto.bin", "", []byte{1, 2, 3})}})
	send(t, n, anna, &pec.Draft{To: pec.Addresses("carla@beta.example"), Subject: "Virus", Attachments: []pec.File{pec.FileBytes("x.com", "", pectest.EICARFile())}})
	require.NoError(t, account(t, n, anna).Submit(context.Background(), anna, []string{bruno}, plain("carla@alfa.example", bruno)))
	require.NoError(t, n.Inject("ditta@mail.test", []string{bruno}, plain("ditta@mail.test", bruno)))
	n.Settle()
	require.NoError(t, n.AddFault(pectest.Fault{Kind: pectest.Unreachable, Provider: "beta.example"}))
	send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno), Subject: "Lenta"})
	n.Advance(25 * hour)
	return n
}

// TestEMU19_Form: seven bits, the parts in order, valid certification data.
func TestEMU19_Form(t *testing.T) {
	n := everything(t, pectest.Quirks{})
	met := map[pec.Kind]bool{}
	for _, box := range n.Mailboxes() {
		for _, s := range box.Messages() {
			met[s.Kind] = true
			require.Less(t, bytes.IndexFunc(s.Data, func(r rune) bool { return r >= 128 }), 0, "%s is not clean of eight-bit bytes", s.Kind)
			require.NotContains(t, strings.ReplaceAll(string(s.Data), "\r\n", ""), "\n", "bare LF")
			m, err := pec.ParseBytes(s.Data, nil)
			require.NoError(t, err)
			require.Equal(t, "multipart/mixed", m.Envelope.Signed.Type.Value)
			require.Equal(t, "text/plain", m.Envelope.Text.Type.Value)
			require.Equal(t, "iso-8859-1", strings.ToLower(m.Envelope.Text.Type.Param("charset")))
			require.Empty(t, m.Envelope.Extra)
			require.Equal(t, s.Kind == pec.KindAnomaly, m.Envelope.Certification == nil)
		}
	}
	for _, kind := range []pec.Kind{pec.KindAcceptance, pec.KindNonAcceptance, pec.KindTransport, pec.KindAnomaly, pec.KindTakeCharge, pec.KindDelivery,
		pec.KindNonDelivery, pec.KindTimeout, pec.KindVirusDetection} {
		require.True(t, met[kind], kind)
	}
	judgeAll(t, n, nil)
}

// TestEMU20_Certificates: the profile of RFC 6109 §5.5.
func TestEMU20_Certificates(t *testing.T) {
	for _, p := range network(t, nil).Providers() {
		c := p.Signer.Certificate
		require.Equal(t, []string{p.Identity.Address}, c.EmailAddresses)
		require.Equal(t, x509.KeyUsageDigitalSignature, c.KeyUsage&x509.KeyUsageDigitalSignature)
		require.NotEmpty(t, c.AuthorityKeyId)
		require.NotEmpty(t, c.SubjectKeyId)
		critical := map[string]bool{}
		for _, e := range c.Extensions {
			critical[e.Id.String()] = e.Critical
			require.False(t, e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 19}), "no basicConstraints")
		}
		require.True(t, critical["2.5.29.15"], "keyUsage is critical")
		require.False(t, critical["2.5.29.17"], "subjectAltName is not")
		require.NotContains(t, c.Subject.String(), "@")
	}
}

// TestEMU21_DigestAndProtocol can be chosen.
func TestEMU21_DigestAndProtocol(t *testing.T) {
	for _, q := range []pectest.Quirks{{}, {SHA1: true}, {Protocol: "application/pkcs7-signature"}} {
		n := networkWith(t, func(alfa, _ *pectest.ProviderConfig) { alfa.Quirks = q })
		send(t, n, anna, &pec.Draft{To: pec.Addresses(bruno), Subject: "Contratto"})
		n.Settle()
		m := only(t, n, bruno, pec.KindTransport)
		want, micalg := crypto.SHA256, "sha-256"
		if q.SHA1 {
			want, micalg = crypto.SHA1, "sha1"
		}
		require.Equal(t, want, m.Envelope.VerifySignature(nil).Signers[0].Digest)
		require.Equal(t, micalg, m.Envelope.Root.Type.Param("micalg"))
		protocol := q.Protocol
		if protocol == "" {
			protocol = "application/x-pkcs7-signature"
		}
		require.Equal(t, protocol, m.Envelope.Root.Type.Param("protocol"))
		judgeAll(t, n, nil)
	}
}

// TestEMU22_Quirks: every profile's messages are odd in its way and still
// verify, with everybody.
func TestEMU22_Quirks(t *testing.T) {
	for _, profile := range pectest.QuirkProfiles() {
		n := everything(t, profile.Quirks)
		judgeAll(t, n, nil)
		q := profile.Quirks
		var envelopes []pectest.Stored
		for _, s := range inbox(t, n, bruno) {
			if s.Kind == pec.KindTransport {
				envelopes = append(envelopes, s)
			}
		}
		envelope := envelopes[0]
		raw := string(envelope.Data)
		m, err := pec.ParseBytes(envelope.Data, nil)
		require.NoError(t, err)
		require.Equal(t, q.LF, !strings.Contains(raw, "\r\n"), profile.Name)
		require.Equal(t, q.HTML, strings.Contains(raw, "text/html"), profile.Name)
		require.Equal(t, q.OmitMessageID, m.Data.MessageID == "", profile.Name)
		require.Equal(t, q.Apostrophes, strings.Contains(notice(t, m), "e' stato inviato"), profile.Name)
		if q.OriginalFirst {
			require.Less(t, m.Envelope.Original.Entity.Start, m.Envelope.Certification.Entity.Start)
		}
		if name := q.CertificationName; name != "" {
			require.Equal(t, strings.TrimPrefix(name, "-"), m.Envelope.Certification.Name(), profile.Name)
		}
		if name := q.OriginalName; name != "" {
			require.Equal(t, name, m.Envelope.Original.Name())
		}
		if name := q.ReceiptHeader; name != "" {
			brief := envelopes[1]
			require.Contains(t, string(brief.Data), "\n"+name+": breve")
		}
		for _, s := range inbox(t, n, anna) {
			m, err := pec.ParseBytes(s.Data, nil)
			require.NoError(t, err)
			require.NotEmpty(t, m.RefMessageID(), "%s: the sender still finds its message", profile.Name)
			if m.Kind != pec.KindNonDelivery || m.Data.Error == daticert.ErrorVirus {
				continue
			}
			reason := receipt.ReasonOf(m.Data)
			require.Equal(t, "5.1.1", reason.Code, profile.Name)
			require.Equal(t, receipt.UnknownRecipient, reason.Category)
			require.Equal(t, q.OtherForUnknown, m.Data.Error == daticert.ErrorOther, profile.Name)
			require.Equal(t, q.CommaDetail, strings.HasPrefix(m.Data.ErrorDetail, "5.1.1, "), m.Data.ErrorDetail)
		}
		if q.Brief != nil {
			for _, s := range inbox(t, n, anna) {
				if bytes.Contains(s.Data, []byte("contratto.bin.hash")) {
					require.Regexp(t, `[0-9A-F]{64}`, string(s.Data))
				}
			}
		}
		_, known := pectest.Profile(profile.Name)
		require.True(t, known)
	}
	_, known := pectest.Profile("nobody")
	require.False(t, known)
}

// TestEMU25_NoRealDomains: nothing here may carry the name of a real provider.
func TestEMU25_NoRealDomains(t *testing.T) {
	for _, c := range []pectest.ProviderConfig{
		{Name: "G", Domain: "pec.aruba.it"}, {Name: "G", Domain: "g.example", Domains: []string{"legalmail.it"}},
	} {
		_, err := pectest.NewNetwork(&pectest.NetworkOptions{Providers: []pectest.ProviderConfig{c}})
		require.ErrorIs(t, err, pectest.ErrRealDomain)
		require.ErrorIs(t, err, pectest.ErrConfig)
	}
	for _, c := range []pectest.ProviderConfig{
		{}, {Name: "G", Domain: "g.example", Accounts: []string{"x@other.example"}}, {Name: "G", Domain: "alfa.example"},
	} {
		_, err := pectest.NewNetwork(&pectest.NetworkOptions{Providers: append(pectest.DefaultProviders(), c)})
		require.ErrorIs(t, err, pectest.ErrConfig)
	}
}
