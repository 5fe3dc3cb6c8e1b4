package pec_test

import (
	"bytes"
	"context"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/trust"
)

// genuine is a message that was really signed, and what it certifies.
type genuine struct {
	message []byte
	signed  []byte // the signed entity with CR LF
	data    *daticert.Data
}

func genuineMessages(t testing.TB) []genuine {
	g := gestoreAlfa()
	var all []genuine
	for _, message := range [][]byte{
		g.receipt(t, "accettazione"), g.receipt(t, "avvenuta-consegna"), g.receipt(t, "errore-consegna"),
		g.transport(t, submittedMail, func(tr *envelope.Transport) { tr.HTML = true }), g.anomaly(t, []byte(submittedMail)),
	} {
		m := parse(t, message)
		all = append(all, genuine{message, []byte(signedPartOf(t, message)), m.Data})
	}
	return all
}

// neverForged verifies anything: it must not panic, must leave the bytes
// alone, and may call valid only what one of the genuine messages certifies.
func neverForged(t testing.TB, v *pec.Verifier, known []genuine, message []byte) {
	before := bytes.Clone(message)
	m, err := pec.ParseBytes(message, nil)
	if err != nil {
		return
	}
	r, err := v.Verify(context.Background(), m)
	require.NoError(t, err)
	require.Len(t, r.Checks, 9)
	_, _ = m.Text(1 << 16)
	_, _ = m.Attachments()
	_, _ = m.Receipt()
	_, _, _, _ = m.Sender(), m.Subject(), m.RefMessageID(), m.Recipients()
	events, err := r.Events("fuzz")
	require.NoError(t, err)
	for _, e := range events {
		require.Equal(t, r.Verdict == trust.Valid, e.Proof.Verdict == receipt.Valid)
	}
	if o, err := m.Original(); err == nil {
		_, _ = o.SHA256()
		require.NoError(t, o.Close())
	}
	require.Equal(t, before, message)
	if r.Verdict != trust.Valid {
		return
	}
	signed := message[m.Envelope.Signed.Entity.Start:m.Envelope.Signed.Entity.End]
	for _, k := range known {
		if bytes.Equal(looseLines(k.signed), looseLines(signed)) {
			if k.data != nil && m.Data != nil { // their findings speak of the same bytes
				require.True(t, reflect.DeepEqual(k.data, m.Data))
			}
			require.Equal(t, k.data == nil, m.Data == nil)
			return
		}
	}
	t.Fatalf("a forgery is valid: %q", message)
}

// looseLines makes line ends equal.
func looseLines(b []byte) []byte {
	for bytes.Contains(b, []byte("\r\n")) {
		b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	}
	return b
}

func FuzzVerify(f *testing.F) {
	known := genuineMessages(f)
	for _, k := range known {
		f.Add(k.message)
		f.Add(bytes.ReplaceAll(k.message, []byte("\r\n"), []byte("\n")))
	}
	f.Add([]byte(outerHeader))
	v := pec.NewVerifier(gestoreAlfa().store(f), nil)
	f.Fuzz(func(t *testing.T, message []byte) { neverForged(t, v, known, message) })
}

// FuzzEdit cuts a piece out of a genuine message and puts another in.
func FuzzEdit(f *testing.F) {
	known := genuineMessages(f)
	for i := range known {
		f.Add(byte(i), uint16(0), uint16(0), []byte("X-Ricevuta: accettazione\r\n"), false)
		f.Add(byte(i), uint16(300), uint16(2), []byte("\r\n\r\n"), true)
		f.Add(byte(i), uint16(600), uint16(40), []byte("--"), false)
		f.Add(byte(i), uint16(60000), uint16(0), []byte("Content-Type: multipart/signed; boundary=x\r\n"), false)
	}
	v := pec.NewVerifier(gestoreAlfa().store(f), nil)
	f.Fuzz(func(t *testing.T, which byte, at, cut uint16, insert []byte, lf bool) {
		message := known[int(which)%len(known)].message
		from := int(at) % (len(message) + 1)
		to := min(len(message), from+int(cut))
		edited := append(append(bytes.Clone(message[:from]), insert...), message[to:]...)
		if lf {
			edited = bytes.ReplaceAll(edited, []byte("\r\n"), []byte("\n"))
		}
		neverForged(t, v, known, edited)
	})
}
