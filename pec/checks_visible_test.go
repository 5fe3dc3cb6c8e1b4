package pec

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
)

func TestSameSubject(t *testing.T) {
	long := strings.Repeat("parola ", 60)
	for _, c := range []struct {
		header, data string
		same         bool
	}{
		{"", "", true},
		{"", "a", false},
		{"Contratto n. 7", "Contratto n. 7", true},
		{"Contratto n. 7", "Contratto n. 8", false},
		{"Contratto n. 7", "Contratto n. 7 bis", false},
		{"Contratto n. 7", "contratto n. 7", false},
		{"Contratto  n. 7", "Contratto\r\n n. 7 ", true},
		{"a b", "a\u0085\u2028b\x7f", true},
		{"Perché", "=?utf-8?q?Perch=C3=A9?=", true}, // not decoded in the data
		{"=?x-none?q?Perch=E9?=", "Perché", true},   // not to be decoded by us
		{"Re: =?x-none?q?Perch=E9?=", "Perché", false},
		{"Perch\uFFFD firmare", "Perché firmare", true},
		{"Perch? firmare", "Perché firmare", true},
		{"Perch\uFFFD\uFFFD firmare", "Perché pagare", false},
		{"\uFFFD paga qui", "Contratto", false},
		{"Firmare?", "Firmare!", false},
		{long[:199], long, false},
		{long[:300], long, true},
		{long, long[:300] + "...", true},
		{long[:300] + "…", long, true},
		{long[:300] + " altro", long, false},
	} {
		require.Equal(t, c.same, sameSubject(c.header, c.data), "%q %q", c.header, c.data)
		require.Equal(t, c.same, sameSubject(c.data, c.header), "%q %q", c.data, c.header)
	}
}

func FuzzSameSubject(f *testing.F) {
	f.Add("Contratto n. 7", "Contratto")
	f.Add("=?", "\uFFFD?")
	f.Add("\xff", "?è")
	f.Fuzz(func(t *testing.T, a, b string) {
		require.True(t, sameSubject(a, a))
		sameSubject(a, b)
		require.True(t, sameSubject(a+" \t", " "+a) || strings.Contains(a, "=?"))
	})
}

func TestSameClientID(t *testing.T) {
	for _, c := range []struct {
		header, data string
		same         bool
	}{
		{"<a@b>", "a@b", true},
		{"<a@b>", "<A@b>", false},
		{"=?utf-8?q?=3C=C3=A8=40b=3E?=", "<è@b>", true},
		{"=?utf-8?q?=3Cx=40y=3E?=", "=?utf-8?q?=3Cx=40y=3E?=", true},
		{"=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3F=3D?=", "=?utf-8?q?x?=", true},
		{"=?utf-8?q?=3Cx=40y=3E?=", "<z@y>", false},
	} {
		require.Equal(t, c.same, sameClientID(c.header, c.data), "%q %q", c.header, c.data)
	}
}

// BenchmarkCompareVisible is what the comparisons cost a message that agrees.
func BenchmarkCompareVisible(b *testing.B) {
	for _, c := range []struct{ name, header, tipo string }{
		{"receipt", "Subject: CONSEGNA: Contratto n. 7\r\nTo: a@b.example\r\nX-Ricevuta: avvenuta-consegna\r\n\r\nx\r\n", "avvenuta-consegna"},
		{"envelope", "Subject: POSTA CERTIFICATA: Contratto n. 7\r\nReply-To: a@b.example\r\nX-Trasporto: posta-certificata\r\n\r\nx\r\n", "posta-certificata"},
	} {
		b.Run(c.name, func(b *testing.B) {
			e, err := envelope.OpenBytes([]byte(c.header), nil)
			require.NoError(b, err)
			d := &daticert.Data{Type: daticert.Type(c.tipo), Subject: "Contratto n. 7", HasSubject: true, Sender: "a@b.example"}
			r := &Report{message: &Message{Kind: Kind(c.tipo), Envelope: e, Data: d}}
			b.ReportAllocs()
			for b.Loop() {
				r.compareSubject()
				r.compareReplyTo()
			}
			require.Empty(b, r.Findings)
		})
	}
}
