package sdi_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/sdi"
	"github.com/certmail/certmail/trust"
)

// realParts lets xmllint read the two attachments of the real message, which are
// taken out of it in the plainest way.
func realXPath(t *testing.T, data []byte, name, path string) string {
	t.Helper()
	_, part, ok := bytes.Cut(data, []byte("filename="+name+"\n\n"))
	require.True(t, ok)
	part, _, ok = bytes.Cut(part, []byte("\n------=_Part_115220"))
	require.True(t, ok)
	if bytes.Contains(part, []byte("=3D")) {
		cmd := exec.Command(reftest.Tool(t, "python3"), "-c", "import sys,quopri; quopri.decode(sys.stdin.buffer, sys.stdout.buffer)")
		cmd.Stdin = bytes.NewReader(part)
		out, err := cmd.Output()
		require.NoError(t, err)
		part = out
	}
	file := filepath.Join(t.TempDir(), "part.xml")
	require.NoError(t, os.WriteFile(file, bytes.TrimSpace(part), 0o600))
	return strings.TrimSpace(run(t, "xmllint", "--xpath", path, file))
}

func inspectReal(t *testing.T, name string) (*sdi.Message, *pec.Report) {
	t.Helper()
	m, err := pec.ParseBytes(reftest.File(t, "pec", name), nil)
	require.NoError(t, err)
	store, err := trust.NewStore(trust.Material{Keys: []trust.KeyAnchor{trust.AgIDCA1()}}, nil)
	require.NoError(t, err)
	r, err := pec.NewVerifier(store, nil).Verify(context.Background(), m)
	require.NoError(t, err)
	out, err := sdi.Inspect(m, r, nil)
	require.NoError(t, err)
	return out, r
}

func TestSDI_RealMessage(t *testing.T) {
	const name = "sogei-2018-posta-certificata-sdi.eml"
	m, r := inspectReal(t, name)
	require.Equal(t, trust.Valid, r.Verdict)
	require.True(t, m.FromSDI())
	require.Equal(t, "sdi03@pec.fatturapa.it", m.Sender)
	require.Equal(t, []string{"simulation"}, codes(m.Findings))
	require.True(t, m.Subject.Simulation)
	require.Equal(t, "7339338", m.Subject.ID)
	require.Len(t, m.Files, 2)
	raw := reftest.File(t, "pec", name)
	mt, v := m.Files[0], m.Files[1]
	require.Equal(t, "IT02652600210_00007_MT_002.xml", mt.Name)
	require.Empty(t, mt.Findings)
	xpath := func(path string) string { return realXPath(t, raw, mt.Name, "string("+path+")") }
	require.Equal(t, &sdi.Notification{Type: sdi.MT, Channel: sdi.ChannelPrivate, ID: xpath("//IdentificativoSdI"), FileName: xpath("//NomeFile"),
		Format: xpath("//Formato"), Attempts: 1, MessageID: xpath("//MessageId")}, mt.Notification)
	require.Equal(t, "1", xpath("//TentativiInvio"))
	require.Equal(t, mt.Namespace, xpath("namespace-uri(/*)"))
	require.Equal(t, mt.Notification.FileName, v.Name)

	xpath = func(path string) string { return realXPath(t, raw, v.Name, "string("+path+")") }
	require.Equal(t, sdi.KindInvoice, v.Kind)
	require.Empty(t, v.Findings)
	require.Equal(t, v.Namespace, xpath("namespace-uri(/*)"))
	require.Equal(t, v.Version, xpath("/*/@versione"))
	require.Equal(t, &sdi.Invoice{
		Transmitter: sdi.TaxID{Country: xpath("//IdTrasmittente/IdPaese"), Code: xpath("//IdTrasmittente/IdCodice")},
		Progressive: xpath("//ProgressivoInvio"), Format: xpath("//FormatoTrasmissione"), RecipientCode: xpath("//CodiceDestinatario"),
		Supplier:  sdi.Party{VAT: sdi.TaxID{Country: xpath("//CedentePrestatore//IdFiscaleIVA/IdPaese"), Code: xpath("//CedentePrestatore//IdFiscaleIVA/IdCodice")}},
		Customer:  sdi.Party{VAT: sdi.TaxID{Country: xpath("//CessionarioCommittente//IdFiscaleIVA/IdPaese"), Code: xpath("//CessionarioCommittente//IdFiscaleIVA/IdCodice")}},
		Documents: []sdi.Document{{Type: xpath("//TipoDocumento"), Number: xpath("//Numero"), Date: xpath("//DatiGeneraliDocumento/Data")}}, Count: 1,
	}, v.Invoice)
	require.NotEmpty(t, v.Invoice.Documents[0].Number)
	require.Empty(t, m.Received(name), "a test is no invoice that came")
}

func TestSDI_RealMessageAltered(t *testing.T) {
	m, r := inspectReal(t, "sogei-2018-posta-certificata-sdi-altered.eml")
	require.Equal(t, trust.Invalid, r.Verdict)
	require.False(t, m.FromSDI())
	require.True(t, m.ClaimsSDI)
	require.ErrorIs(t, m.Why, pec.ErrNotValid)
	require.Equal(t, []string{"unverified", "simulation", "metadata-without-invoice"}, codes(m.Findings))
	require.Equal(t, sdi.KindNotification, m.Files[0].Kind)
	require.Equal(t, sdi.KindOther, m.Files[1].Kind, "its root was broken")
	require.Equal(t, []string{"xml-unreadable", "content-not-recognised"}, codes(m.Files[1].Findings))
	require.Empty(t, m.Received(""))
}

func TestSDI_RealReceiptIsNothing(t *testing.T) {
	m, r := inspectReal(t, "aruba-2018-accettazione.eml")
	require.Equal(t, trust.Valid, r.Verdict)
	require.Empty(t, m.Files)
	require.Empty(t, m.Notices(""))
}
