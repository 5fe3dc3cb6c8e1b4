package tsl_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/certmail/certmail/trust/tsl/tsltest"
	"github.com/stretchr/testify/require"
)

// pointed returns the certificates that the real list of lists gives for a
// territory.
func pointed(tb testing.TB, territory string) []*x509.Certificate {
	tb.Helper()
	lotl := realList(tb, lotlFile)
	for i := range lotl.Pointers {
		if p := &lotl.Pointers[i]; p.Territory == territory && p.MediaType == tsl.MediaTypeXML {
			certs, unreadable := p.Parsed()
			require.Zero(tb, unreadable)
			return certs
		}
	}
	require.Fail(tb, "no pointer to "+territory)
	return nil
}

func statuses(v *tsl.Verification) map[string]trust.Status {
	found := map[string]trust.Status{}
	for _, c := range v.Checks {
		found[c.Name] = c.Status
	}
	return found
}

func TestRealListsVerify(t *testing.T) {
	now := at("2023-10-01T00:00:00Z")
	for file, territory := range map[string]string{lotlFile: "EU", beFile: "BE", siFile: "SI"} {
		t.Run(territory, func(t *testing.T) {
			l := realList(t, file)
			v := l.Verify(pointed(t, territory), now, &tsl.VerifyOptions{Territory: territory, Type: l.Type, LastSequence: l.Sequence})
			require.NoError(t, v.Err)
			require.Equal(t, map[string]trust.Status{"signature": trust.Passed, "signer": trust.Passed, "territory": trust.Passed,
				"sequence": trust.Passed, "fresh": trust.Passed}, statuses(v))
			require.Equal(t, trust.Valid, v.Verdict())
			require.True(t, v.Believed())
			require.WithinDuration(t, l.Issued, v.SigningTime, 24*time.Hour)

			// Another territory's certificates do not do, nor do none.
			other := map[string]string{"EU": "BE", "BE": "SI", "SI": "EU"}[territory]
			v = l.Verify(pointed(t, other), now, nil)
			require.ErrorIs(t, v.Err, tsl.ErrSigner)
			require.Equal(t, trust.Invalid, v.Verdict())
			require.False(t, v.Believed())
			v = l.Verify(nil, now, nil)
			require.Equal(t, trust.Unknown, v.Check(tsl.CheckSigner).Status)
			require.Equal(t, trust.Indeterminate, v.Verdict())
			require.False(t, v.Believed())
			_, err := tsl.NewSet(v)
			require.ErrorIs(t, err, tsl.ErrNotVerified)
		})
	}
}

func TestListWithTwoSignaturesIsRefused(t *testing.T) {
	l := realList(t, czFile)
	v := l.Verify(pointed(t, "CZ"), at("2020-01-01T00:00:00Z"), nil)
	require.ErrorIs(t, v.Err, tsl.ErrSignatures)
	require.Equal(t, trust.Failed, v.Check(trust.CheckSignature).Status)
	require.False(t, v.Believed())
	vouched := l.Vouch(at("2020-01-01T00:00:00Z"), nil)
	require.False(t, vouched.Believed())
	_, err := tsl.NewSet(vouched)
	require.ErrorIs(t, err, tsl.ErrSignatures)
}

func signed(tb testing.TB, o *tsltest.Operator, l *tsl.List) []byte {
	tb.Helper()
	xml, err := o.Sign(background(), l)
	require.NoError(tb, err)
	return xml
}

func parsed(tb testing.TB, xml []byte) *tsl.List {
	tb.Helper()
	l, err := tsl.Parse(xml, nil)
	require.NoError(tb, err)
	return l
}

// xmlsecVerify lets xmlsec1 judge the signature of a list.
func xmlsecVerify(tb testing.TB, xml []byte) error {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "list.xml")
	require.NoError(tb, os.WriteFile(file, xml, 0o600))
	return exec.Command(reftest.Tool(tb, "xmlsec1"), "--verify", "--insecure", "--enabled-key-data", "x509",
		"--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
		"--id-attr:Id", "http://uri.etsi.org/02231/v2#:TrustServiceStatusList", file).Run()
}

func TestMadeListsVerify(t *testing.T) {
	p, operator := newPKI(), tsltest.NewOperator(seed, "IT")
	xml := signed(t, operator, full(p))
	require.NoError(t, xmlsecVerify(t, xml))
	reftest.ValidTrustedList(t, xml)
	v := parsed(t, xml).Verify([]*x509.Certificate{operator.Certificate}, at("2025-02-01T00:00:00Z"), &tsl.VerifyOptions{Territory: "it", Type: tsl.TypeGeneric})
	require.NoError(t, v.Err)
	require.Equal(t, trust.Valid, v.Verdict())
	require.Empty(t, v.Findings)
	require.Equal(t, at("2025-01-10T10:00:00Z"), v.SigningTime)
}

// A list signed by xmlsec1 verifies with us, without XAdES it does not.
func TestListsSignedByXmlsec(t *testing.T) {
	operator := tsltest.NewOperator(seed, "IT")
	xml := signed(t, operator, made("IT"))
	require.NoError(t, xmlsecVerify(t, xml))

	// Take our signature apart into a template, and let xmlsec1 fill it again.
	dir := t.TempDir()
	key, template, out := filepath.Join(dir, "key.pem"), filepath.Join(dir, "t.xml"), filepath.Join(dir, "o.xml")
	der, err := x509.MarshalPKCS8PrivateKey(operator.Key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	text := string(xml)
	for _, element := range []string{"DigestValue", "SignatureValue"} {
		text = emptied(text, element)
	}
	require.NoError(t, os.WriteFile(template, []byte(text), 0o600))
	require.ErrorIs(t, parsed(t, []byte(text)).Verify([]*x509.Certificate{operator.Certificate}, time.Time{}, nil).Err, tsl.ErrSignature)
	msg, err := exec.Command(reftest.Tool(t, "xmlsec1"), "--sign", "--privkey-pem", key, "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties",
		"--output", out, template).CombinedOutput()
	require.NoError(t, err, string(msg))
	filled, err := os.ReadFile(out)
	require.NoError(t, err)
	v := parsed(t, filled).Verify([]*x509.Certificate{operator.Certificate}, time.Time{}, nil)
	require.NoError(t, v.Err)
	require.True(t, v.Believed())
}

// emptied takes the text out of the ds elements of a name, those of references
// and of the signature, but not of the certificate's digest.
func emptied(xml, element string) string {
	var b strings.Builder
	for {
		open := strings.Index(xml, "<ds:"+element)
		if open < 0 || strings.Contains(xml[:open], "CertDigest>") {
			return b.String() + xml
		}
		inner := open + strings.Index(xml[open:], ">") + 1
		end := strings.Index(xml, "</ds:"+element+">")
		b.WriteString(xml[:inner])
		xml = xml[end:]
		b.WriteString(xml[:5])
		xml = xml[5:]
	}
}

func TestVerifyChecks(t *testing.T) {
	operator, other := tsltest.NewOperator(seed, "IT"), tsltest.NewOperator(seed+1, "IT")
	certs := []*x509.Certificate{nil, other.Certificate, operator.Certificate}
	l := parsed(t, signed(t, operator, made("IT")))
	closed := made("IT")
	closed.Closed = true
	now := at("2025-02-01T00:00:00Z")
	for _, c := range []struct {
		name     string
		list     *tsl.List
		certs    []*x509.Certificate
		now      time.Time
		o        *tsl.VerifyOptions
		check    string
		status   trust.Status
		err      error
		believed bool
	}{
		{"as expected", l, certs, now, nil, tsl.CheckFresh, trust.Passed, nil, true},
		{"no time", l, certs, time.Time{}, nil, tsl.CheckFresh, trust.Unknown, nil, true},
		{"at the last instant", l, certs, l.NextUpdate, nil, tsl.CheckFresh, trust.Passed, nil, true},
		{"overdue", l, certs, l.NextUpdate.Add(1), nil, tsl.CheckFresh, trust.Unknown, nil, true},
		{"overdue within grace", l, certs, l.NextUpdate.Add(time.Hour), &tsl.VerifyOptions{Grace: time.Hour}, tsl.CheckFresh, trust.Passed, nil, true},
		{"closed", parsed(t, signed(t, operator, closed)), certs, now, nil, tsl.CheckFresh, trust.Unknown, nil, true},
		{"other territory", l, certs, now, &tsl.VerifyOptions{Territory: "SI"}, tsl.CheckTerritory, trust.Failed, tsl.ErrTerritory, false},
		{"other type", l, certs, now, &tsl.VerifyOptions{Territory: "IT", Type: tsl.TypeListOfLists}, tsl.CheckTerritory, trust.Failed, tsl.ErrTerritory, false},
		{"rollback", l, certs, now, &tsl.VerifyOptions{LastSequence: 8}, tsl.CheckSequence, trust.Failed, tsl.ErrSequence, false},
		{"same issue", l, certs, now, &tsl.VerifyOptions{LastSequence: 7}, tsl.CheckSequence, trust.Passed, nil, true},
		{"signed by another", l, certs[:2], now, nil, tsl.CheckSigner, trust.Failed, tsl.ErrSigner, false},
		{"unsigned", written(t, made("IT")), certs, now, nil, trust.CheckSignature, trust.Failed, tsl.ErrUnsigned, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := c.list.Verify(c.certs, c.now, c.o)
			require.Equal(t, c.status, v.Check(c.check).Status, v.Check(c.check).Detail)
			if c.err == nil {
				require.NoError(t, v.Err)
			} else {
				require.ErrorIs(t, v.Err, c.err)
			}
			require.Equal(t, c.believed, v.Believed())
			_, err := tsl.NewSet(v)
			require.Equal(t, c.believed, err == nil)
		})
	}
}

// The signer's name, key identifier, even its key do not do: it is the whole
// certificate that the pointer gives.
func TestSignerIsComparedInFull(t *testing.T) {
	operator := tsltest.NewOperator(seed, "IT")
	l := parsed(t, signed(t, operator, made("IT")))
	twin := testpki.NewAuthority(seed, "Scheme operator IT", func(c *x509.Certificate) {
		c.Subject, c.SerialNumber = operator.Certificate.Subject, operator.Certificate.SerialNumber
		c.SubjectKeyId, c.IsCA = operator.Certificate.SubjectKeyId, false
		c.NotAfter = c.NotAfter.Add(time.Second)
	})
	require.Equal(t, operator.Certificate.RawSubjectPublicKeyInfo, twin.Certificate.RawSubjectPublicKeyInfo)
	require.ErrorIs(t, l.Verify([]*x509.Certificate{twin.Certificate}, time.Time{}, nil).Err, tsl.ErrSigner)
}

func TestAlteredListsAreNotBelieved(t *testing.T) {
	p, operator := newPKI(), tsltest.NewOperator(seed, "IT")
	certs := []*x509.Certificate{operator.Certificate}
	xml := string(signed(t, operator, made("IT", service(entry(tsl.ServiceREMQualified, tsl.StatusWithdrawn, "2024-01-01T00:00:00Z", p.rem.Certificate)))))
	alter := func(old, new string) string {
		require.Contains(t, xml, old)
		return strings.Replace(xml, old, new, 1)
	}
	for name, altered := range map[string]string{
		"status":               alter(tsl.StatusWithdrawn, tsl.StatusGranted),
		"time":                 alter("2024-01-01T00:00:00Z", "2034-01-01T00:00:00Z"),
		"attribute":            alter(`xml:lang="en">Provider IT`, `xml:lang="it">Provider IT`),
		"namespace":            alter("<TSPServices>", `<TSPServices xmlns="urn:x">`),
		"another provider":     alter("</TrustServiceProviderList>", "<TrustServiceProvider/></TrustServiceProviderList>"),
		"a second list inside": alter("</TrustServiceStatusList>", "<TrustServiceStatusList/></TrustServiceStatusList>"),
		"instruction":          alter("?>\n", "?>\n<?x y?>"),
		"signing time":         alter("<xades:SigningTime>2025", "<xades:SigningTime>2024"),
	} {
		l, err := tsl.Parse([]byte(altered), nil)
		require.NoError(t, err, name)
		v := l.Verify(certs, time.Time{}, nil)
		require.ErrorIs(t, v.Err, tsl.ErrSignature, name)
		require.Nil(t, v.Signer, name)
		require.False(t, l.Vouch(time.Time{}, nil).Believed(), name)
	}
	// Comments are not signed, and nothing is read from them.
	commented := alter("withdrawn<", "with<!-- -->drawn<")
	l := parsed(t, []byte(commented))
	require.True(t, l.Verify(certs, time.Time{}, nil).Believed())
	require.Equal(t, tsl.StatusWithdrawn, l.Providers[0].Services[0].Status)
}

// The whole list moved below a wrapper: the root is not a list any more, or the
// signature is not the root's.
func TestWrappedListsAreNotBelieved(t *testing.T) {
	operator := tsltest.NewOperator(seed, "IT")
	genuine := string(signed(t, operator, made("IT")))
	genuine = genuine[strings.Index(genuine, "<Trust"):]
	_, err := tsl.Parse([]byte("<x>"+genuine+"</x>"), nil)
	require.ErrorIs(t, err, tsl.ErrNotAList)
	forged := string(tsltest.Write(made("IT", service(entry(tsl.ServiceREMQualified, tsl.StatusGranted, "2024-01-01T00:00:00Z")))))
	for _, inside := range []string{genuine, genuine[strings.Index(genuine, "<ds:Signature"):strings.LastIndex(genuine, "</Trust")]} {
		l := parsed(t, []byte(strings.Replace(forged, "</TrustServiceStatusList>", inside+"</TrustServiceStatusList>", 1)))
		v := l.Verify([]*x509.Certificate{operator.Certificate}, time.Time{}, nil)
		require.Error(t, v.Err)
		require.False(t, v.Believed())
	}
}

func TestVouchedLists(t *testing.T) {
	operator := tsltest.NewOperator(seed, "IT")
	v := parsed(t, signed(t, operator, made("IT"))).Vouch(at("2025-02-01T00:00:00Z"), nil)
	require.True(t, v.Believed())
	require.Equal(t, trust.Passed, v.Check(trust.CheckSignature).Status)
	require.Equal(t, trust.Valid, v.Verdict())
	require.Equal(t, operator.Certificate.Raw, v.Signer.Raw)

	v = written(t, made("IT")).Vouch(at("2025-02-01T00:00:00Z"), nil)
	require.True(t, v.Believed())
	require.Equal(t, trust.Skipped, v.Check(trust.CheckSignature).Status)
	require.Equal(t, "list-unsigned", v.Findings[0].Code)
	require.NoError(t, v.Err)

	require.False(t, written(t, made("IT")).Vouch(time.Time{}, &tsl.VerifyOptions{Territory: "SI"}).Believed())
}
