package xmltree_test

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/xmltree"
)

// evidenceOf returns the kit's evidence nearest to the size.
func evidenceOf(b *testing.B) []byte {
	return reftest.KitEvidence(b)[0].XML
}

func largest(b *testing.B) []byte {
	var most []byte
	for _, data := range lists(b) {
		if len(data) > len(most) {
			most = data
		}
	}
	// Five times its providers: the size of the largest lists there are.
	from := bytes.Index(most, []byte("<TrustServiceProvider>"))
	if from < 0 {
		from = bytes.Index(most, []byte("<tsl:TrustServiceProvider>"))
	}
	to := bytes.LastIndex(most, []byte("TrustServiceProvider>")) + len("TrustServiceProvider>")
	require.Positive(b, from)
	out := bytes.Clone(most[:from])
	for range 5 {
		out = append(out, most[from:to]...)
	}
	return append(out, most[to:]...)
}

func BenchmarkParse(b *testing.B) {
	for name, data := range map[string][]byte{"evidence": evidenceOf(b), "list": largest(b)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := xmltree.Parse(data, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCanonical(b *testing.B) {
	for name, data := range map[string][]byte{"evidence": evidenceOf(b), "list": largest(b)} {
		d, err := xmltree.Parse(data, nil)
		require.NoError(b, err)
		for how, canon := range map[string]xmltree.Canon{"exclusive": {Exclusive: true}, "inclusive": {}} {
			b.Run(name+"/"+how, func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				var buf []byte
				for b.Loop() {
					if buf, err = d.AppendCanonical(buf[:0], nil, canon); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(name+"/"+how+"+SHA-256", func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				for b.Loop() {
					h := sha256.New()
					if err := d.WriteCanonical(h, nil, canon); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
