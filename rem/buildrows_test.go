package rem_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
)

// TestB18_HeaderIsOfTheEvidence: event, id and every reason, in its order, are
// those of the evidence inside (EN 319 532-4 §5.4.1), whichever it is.
func TestB18_HeaderIsOfTheEvidence(t *testing.T) {
	w := newWorld(t)
	for _, document := range [][]byte{
		w.evidence(evidence.SubmissionAcceptance, w.alfa, "RA01"),
		w.evidence(evidence.SubmissionRejection, w.alfa, "RA03", "RA02"),
		w.evidence(evidence.RelayFailure, w.alfa, "RB22"),
	} {
		m, err := rem.ParseBytes(w.receipt(w.alfa, document), nil)
		require.NoError(t, err)
		e, err := evidence.Parse(document, nil)
		require.NoError(t, err)
		var reasons []string
		for _, r := range e.Reasons {
			reasons = append(reasons, r.URI)
		}
		h := m.Envelope.Header
		require.Equal(t, []string{e.EventID}, h.Values("REM-EventIdentifier"))
		require.Equal(t, []string{"<" + e.ID + ">"}, h.Values("REM-Evidence-ID"))
		require.Equal(t, reasons, h.Values("REM-ReasonIdentifier"))
	}
}

// TestB19_RecipientsAreTheOriginals: To and Cc of a dispatch are those of the
// original, Reply-To is its From (EN 319 532-3 table 3).
func TestB19_RecipientsAreTheOriginals(t *testing.T) {
	_, signer := service(t, "S-REMS-1 provider", kitService)
	for name, submitted := range map[string]string{
		"without Cc": offer,
		"with Cc":    strings.Replace(offer, "\nSubject:", "\nCc: <protocollo@beta-rem.example>, \"Gino Verdi\" <gino@alfa-rem.example>\nSubject:", 1),
	} {
		d := dispatch(t)
		d.Original, _ = prepared(t, submitted)
		m, err := rem.ParseBytes(built(t, func(w io.Writer) error { return rem.WriteDispatch(w, d, signer) }), nil)
		require.NoError(t, err)
		o, err := m.OpenOriginal()
		require.NoError(t, err)
		defer o.Close()
		for outer, inner := range map[string]string{"To": "To", "Cc": "Cc", "Reply-To": "From"} {
			require.Equal(t, len(o.Header.Values(inner)), len(m.Envelope.Header.Values(outer)), "%s: %s", name, outer)
			if o.Header.Get(inner) == "" {
				require.Equal(t, "Cc", outer)
				require.Equal(t, "without Cc", name)
				continue
			}
			want, _, err := envelope.ParseMailboxes(o.Header.Get(inner))
			require.NoError(t, err)
			got, _, err := envelope.ParseMailboxes(m.Envelope.Header.Get(outer))
			require.NoError(t, err)
			require.Equal(t, len(want), len(got), outer)
			for i := range want {
				require.Equal(t, want[i].Address, got[i].Address, outer)
			}
		}
	}
}

// TestB20_Parts: each part has the fields of EN 319 532-3 tables 4 to 12, and
// the original stands in its part octet for octet.
func TestB20_Parts(t *testing.T) {
	w := newWorld(t)
	message := w.dispatch(w.evidence(evidence.SubmissionAcceptance, w.alfa, "RA01"))
	m, err := rem.ParseBytes(message, nil)
	require.NoError(t, err)
	parts := m.Envelope.Signed.Parts
	require.Len(t, parts, 3)
	for i, want := range []map[string]string{
		{"REM-Section-Type": "rem_message/introduction"},
		{"REM-Section-Type": "rem_message/original", "Content-Transfer-Encoding": "binary", "Content-Disposition": "attachment; filename=AttachedMimeMessage"},
		{"REM-Section-Type": "rem_message/xml_evidence", "Content-Transfer-Encoding": "base64", "Content-Disposition": `attachment; filename="SubmissionAcceptance.xml"`},
	} {
		for field, value := range want {
			require.Equal(t, []string{value}, parts[i].Header.Values(field), "part %d", i)
		}
	}
	require.Equal(t, []string{"multipart/alternative", "message/rfc822", "application/xml"}, []string{parts[0].Type.Value, parts[1].Type.Value, parts[2].Type.Value})
	require.Equal(t, "AttachedMimeMessage", parts[1].Type.Param("name"))
	require.Equal(t, "SubmissionAcceptance.xml", parts[2].Type.Param("name"))
	var want bytes.Buffer
	_, err = w.prepared().WriteTo(&want)
	require.NoError(t, err)
	require.Contains(t, string(message), "\r\n\r\n"+want.String()+"\r\n--", "message/rfc822 is never encoded")
}
