package sdi_test

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/sdi/sditest"
)

// lines is an invoice of 5 MB that consists of lines, the dearest kind.
func lines() []byte {
	line := "<DettaglioLinee><NumeroLinea>1</NumeroLinea><Descrizione>Servizi di consulenza resi nel mese</Descrizione><Quantita>1.00</Quantita><PrezzoUnitario>100.00</PrezzoUnitario><PrezzoTotale>100.00</PrezzoTotale><AliquotaIVA>22.00</AliquotaIVA></DettaglioLinee>"
	return bytes.Replace(sditest.Invoice(sampleInvoice()), []byte("</DatiBeniServizi>"), []byte(strings.Repeat(line, 5_000_000/len(line))+"</DatiBeniServizi>"), 1)
}

func TestSDI_FiveMegabytes(t *testing.T) {
	for _, data := range [][]byte{bigInvoice(5_000_000), lines()} {
		f := recognise(t, invoiceName, data, nil)
		require.Equal(t, sampleInvoice(), f.Invoice)
		require.Empty(t, f.Findings)
	}
}

// An attachment that cannot be of SDI costs its digest and no memory.
func TestSDI_OtherFilesAreNotKept(t *testing.T) {
	pdf := append([]byte("%PDF-1.7"), make([]byte, 20_000_000)...)
	result := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			recognise(b, "a.pdf", pdf, nil)
		}
	})
	require.Less(t, result.AllocedBytesPerOp(), int64(200_000))
}

func BenchmarkRecognise(b *testing.B) {
	for name, data := range map[string][]byte{"attachment": bigInvoice(5_000_000), "lines": lines()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				recognise(b, invoiceName, data, nil)
			}
		})
		b.Run(name+"/sha256", func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				sha256.Sum256(data)
			}
		})
	}
	big := seal(b, bigInvoice(5_000_000))
	b.Run("p7m", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(big)))
		for b.Loop() {
			recognise(b, invoiceName+".p7m", big, nil)
		}
	})
}
