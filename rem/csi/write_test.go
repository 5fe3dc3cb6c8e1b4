package csi_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/rem/csi"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/stretchr/testify/require"
)

// full uses every field.
func full(r *remid) *csi.Document {
	d := r.document()
	d.Scheme.OperatorAddress.Postal[0].Province = "RM"
	d.Scheme.History = []string{"https://provider.example/history/" + csi.HistoryName([]byte("x"))}
	d.Scheme.DistributionPoints = append(d.Scheme.DistributionPoints, "https://mirror.example/csi.xml?a=1&b=2")
	c := &d.Capabilities
	c.Repository, c.ListLocation, c.RootLocation = "https://provider.example/r", "https://scheme.example/TSL-IT.xml", "https://provider.example/root"
	c.Qualified, c.Policies = csi.True, []string{"urn:oid:1.2.3", "https://authority.example/policy"}
	c.GoverningBody = "Gestore <perché> & figli"
	d.Security.DomainCertificate = r.ca.Certificate.Raw
	return d
}

func TestWrittenDocumentsAreValid(t *testing.T) {
	r := newREMID()
	for _, d := range []*csi.Document{r.document(), full(r)} {
		xml, err := csi.Write(d)
		require.NoError(t, err)
		reftest.ValidCSI(t, xml)
		xml = signed(t, d, signer(r.service))
		reftest.ValidCSI(t, xml)
		file := filepath.Join(t.TempDir(), "csi.xml")
		require.NoError(t, os.WriteFile(file, xml, 0o600))
		out, err := exec.Command(reftest.Tool(t, "xmlsec1"), "--verify", "--insecure", "--enabled-key-data", "x509",
			"--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", file).CombinedOutput()
		require.NoError(t, err, string(out))
	}
}

func TestWrittenDocumentsAreReadAsTheyWere(t *testing.T) {
	r := newREMID()
	want := full(r)
	got := parsed(t, signed(t, want, signer(r.service)))
	require.Empty(t, got.Findings)
	want.Version, want.Capabilities.Version, want.Capabilities.IDScheme, want.Security.Version = csi.Version, csi.CapabilitiesVersion, csi.IdentifierScheme, csi.Version
	want.Scheme.VersionIdentifier = 1
	require.Equal(t, want.Scheme, got.Scheme)
	require.Equal(t, want.Capabilities, got.Capabilities)
	require.Equal(t, want.Security, got.Security)
	require.Equal(t, []string{want.Version, want.ID}, []string{got.Version, got.ID})
	require.Equal(t, "https://authority.example/policy", got.Scheme.PolicyURI())
	cert, err := got.Security.Certificate()
	require.NoError(t, err)
	require.Equal(t, r.tls.Certificate.Raw, cert.Raw)
}

func TestIncompleteDocumentsAreNotWritten(t *testing.T) {
	r := newREMID()
	_, err := csi.Write(&csi.Document{})
	require.ErrorIs(t, err, csi.ErrIncomplete)
	for name, spoil := range map[string]func(*csi.Document){
		"CSISequenceNumber":             func(d *csi.Document) { d.Scheme.Sequence = 0 },
		"CSISchemeOperatorName":         func(d *csi.Document) { d.Scheme.OperatorName = nil },
		"CSISchemeOperatorAddress":      func(d *csi.Document) { d.Scheme.OperatorAddress.Electronic = nil },
		"CSISchemeInformationURI":       func(d *csi.Document) { d.Scheme.InformationURIs = nil },
		"CSISchemePolicyCommunityRules": func(d *csi.Document) { d.Scheme.PolicyRules = nil },
		"CSIPointerToTL":                func(d *csi.Document) { d.Scheme.ListLocation = "" },
		"CSIIssueDateTime":              func(d *csi.Document) { d.Scheme.Issued = time.Time{} },
		"CSINextUpdate":                 func(d *csi.Document) { d.Scheme.NextUpdate = d.Scheme.Issued },
		"CSIDistributionPoints":         func(d *csi.Document) { d.Scheme.DistributionPoints = nil },
		"ERDSId":                        func(d *csi.Document) { d.Capabilities.ID = "" },
		"ERDSDomain":                    func(d *csi.Document) { d.Capabilities.Domain = "" },
		"ERDSGoverningBody":             func(d *csi.Document) { d.Capabilities.GoverningBody = "" },
		"ERDSProfileSupported":          func(d *csi.Document) { d.Capabilities.Profile = "" },
		"ERDSExpiryDateAndTimeSupport":  func(d *csi.Document) { d.Capabilities.ExpiryDate = csi.Absent },
		"ERDSScheduledDeliverySupport":  func(d *csi.Document) { d.Capabilities.ScheduledDelivery = "no" },
		"ERDSEUQualifiedIndicator":      func(d *csi.Document) { d.Capabilities.Qualified = "si" },
		"TLSCertificate":                func(d *csi.Document) { d.Security.TLSCertificate = nil },
	} {
		d := r.document()
		spoil(d)
		_, err := csi.Sign(background(), d, signer(r.service), issued)
		require.ErrorIs(t, err, csi.ErrIncomplete)
		require.ErrorContains(t, err, name)
	}
}

func TestToleranceWhileReading(t *testing.T) {
	r := newREMID()
	clean := signed(t, r.document(), signer(r.service))
	replace := func(old, new string) []byte {
		require.Contains(t, string(clean), old)
		return bytes.Replace(clean, []byte(old), []byte(new), 1)
	}
	for name, c := range map[string]struct {
		data []byte
		code []string
	}{
		"qualified locals":   {replace("<ERDSDomain>mx.provider.example</ERDSDomain>", "<ci:ERDSDomain>mx.provider.example</ci:ERDSDomain>"), []string{"wrong-namespace"}},
		"unknown element":    {replace("<ERDSDomain>", "<ERDSNovelty/><ERDSDomain>"), []string{"unknown-element"}},
		"twice":              {replace("</ERDSDomain>", "</ERDSDomain><ERDSDomain>mx.evil.example</ERDSDomain>"), []string{"element-twice"}},
		"other version":      {replace(csi.Version, "EN319532v2"), []string{"csi-version"}},
		"bad flag":           {replace("<ERDSExpiryDateAndTimeSupport>false", "<ERDSExpiryDateAndTimeSupport>never"), []string{"bad-boolean"}},
		"bad number":         {replace("<si:CSISequenceNumber>3", "<si:CSISequenceNumber>three"), []string{"bad-number"}},
		"bad time":           {replace("<si:CSIIssueDateTime>2025-01-10T10:00:00Z", "<si:CSIIssueDateTime>2025-01-10"), []string{"bad-time"}},
		"no zone":            {replace("<si:CSIIssueDateTime>2025-01-10T10:00:00Z", "<si:CSIIssueDateTime>2025-01-10T10:00:00"), []string{"time-without-zone"}},
		"bad certificate":    {replace("<si:TLSCertificate>MI", "<si:TLSCertificate>??"), []string{"bad-certificate"}},
		"wrong order":        {replace("<ERDSDomain>mx.provider.example</ERDSDomain><ERDSGoverningBody>Provider IT</ERDSGoverningBody>", "<ERDSGoverningBody>Provider IT</ERDSGoverningBody><ERDSDomain>mx.provider.example</ERDSDomain>"), []string{"wrong-order"}},
		"no metadata at all": {replace("ci:ERDSMetadata version", "ci:Nothing version"), nil},
	} {
		d, err := csi.Parse(c.data, nil)
		if c.code == nil {
			require.ErrorIs(t, err, csi.ErrXML, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, c.code, codes(d), name)
		require.Equal(t, "mx.provider.example", d.Capabilities.Domain, name)
		require.ErrorIs(t, d.Verify(nil).Err, csi.ErrSignature, name)
	}
	for data, want := range map[string]error{
		"":                                    csi.ErrXML,
		"<!DOCTYPE x><x/>":                    csi.ErrXML,
		"<CapabilityAndSecurityInformation/>": csi.ErrNotCSI,
		"<x xmlns='" + "http://uri.etsi.org/19532/v1#" + "'/>": csi.ErrNotCSI,
	} {
		_, err := csi.Parse([]byte(data), nil)
		require.ErrorIs(t, err, want, data)
	}
	_, err := csi.Parse(clean, &csi.Options{Bytes: 1000})
	require.ErrorIs(t, err, csi.ErrXML)
	d, err := csi.Parse(clean, &csi.Options{Certificate: 100})
	require.NoError(t, err)
	require.Equal(t, []string{"bad-certificate"}, codes(d))
	d, err = csi.Parse([]byte("<CapabilityAndSecurityInformation xmlns='http://uri.etsi.org/19532/v1#'/>"), nil)
	require.NoError(t, err)
	require.Subset(t, codes(d), []string{"csi-version", "not-signed", "missing-element"})
}

// The example documents of EN 319 532-4: read, valid by schema, with
// placeholders for signature and certificates, and the provider called by its
// service's name.
func TestKitDocuments(t *testing.T) {
	folder := []string{"etsi", "en319532-4-v1.2.1-kit", "INFORMATIVE-EXAMPLES", "COMMON_SERVICE_INTERFACE"}
	var vouched []*tsl.Verification
	for _, c := range []string{"A", "B", "C"} {
		l, err := tsl.Parse(reftest.File(t, append(folder, "TL_CC"+c+".xml")...), &tsl.Options{AnyVersion: true})
		require.NoError(t, err)
		vouched = append(vouched, l.Vouch(time.Time{}, &tsl.VerifyOptions{Grace: 366 * 24 * time.Hour}))
	}
	lists, err := tsl.NewSet(vouched...)
	require.NoError(t, err)
	when := at("2022-01-15T00:00:00Z")
	var read []*csi.Document
	for i, c := range []string{"A", "B", "C"} {
		data := reftest.File(t, append(folder, "CSI_CC"+c+".xml")...)
		reftest.ValidCSI(t, data)
		d := parsed(t, data)
		require.Empty(t, d.Findings)
		require.Equal(t, 3, d.Scheme.Sequence)
		require.Equal(t, "https://CC"+c+"-remid-authority.cc"+strings.ToLower(c)+"/remid-policy-en.html", d.Scheme.PolicyURI())
		require.Len(t, d.Scheme.History, 1)
		require.Empty(t, csi.Baseline(d))
		read = append(read, d)

		mx := []string{"mx.sa-rems.rem", "mx.rb-rems.rem", "mx.rc-rems.rem"}[i]
		require.Equal(t, mx, d.Capabilities.Domain)
		peer, err := csi.FindByMX(lists, strings.ToUpper(mx)+".", tsl.REMBaseline(), when)
		require.NoError(t, err)
		require.Len(t, peer.Same, 3)
		v := d.Verify(&csi.VerifyOptions{Now: when, Lists: lists, Peer: peer, Location: peer.SupplyPoints.Document})
		require.Equal(t, trust.Invalid, v.Verdict())
		require.ErrorIs(t, v.Err, csi.ErrSignature)
		status := map[string]trust.Status{}
		for _, c := range v.Checks {
			status[c.Name] = c.Status
		}
		require.Equal(t, map[string]trust.Status{
			"signature": trust.Failed, "signer": trust.Unknown, "fresh": trust.Failed, "sequence": trust.Skipped, "digest": trust.Skipped,
			"distribution-point": trust.Failed, "domain": trust.Passed, "governing-body": trust.Failed,
		}, status)
		require.Contains(t, v.Check(csi.CheckGoverningBody).Detail, "is the name of the service")
		require.ErrorIs(t, d.MatchTLS(nil), csi.ErrTLSCertificate)
	}
	require.Empty(t, csi.Compare(read[0], read[1]))
	require.Empty(t, csi.Compare(read[1], read[2]))
}
