package pec_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/internal/cms"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/trust"
)

// certified is all that a report says a provider certifies.
type certified struct {
	kind         pec.Kind
	data         *daticert.Data
	time         string
	provider     string
	original     string // SHA-256
	attributes   []byte // signed, of the signer
	signature    []byte
	certificate  []byte
	signedDigest []byte
}

// certifiedBy verifies a message. Without a valid verdict nothing is certified.
func certifiedBy(t testing.TB, v *pec.Verifier, message []byte) (*certified, bool) {
	m, err := pec.ParseBytes(message, nil)
	if err != nil {
		return nil, false
	}
	r, err := v.Verify(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	c, err := r.Certified()
	if (err == nil) != (r.Verdict == trust.Valid) {
		t.Fatalf("certified view %v, verdict %s", c, r.Verdict)
	}
	if err != nil {
		return nil, false
	}
	out := &certified{kind: r.Kind, data: c.Data, time: c.Time.String(), provider: c.Provider, certificate: r.Signature.Signers[0].RawCertificate}
	if o, err := c.Original(); err == nil {
		if out.original, err = o.SHA256(); err != nil {
			t.Fatal(err)
		}
		_ = o.Close()
	}
	body := m.Envelope.SignaturePart.Body
	sd, err := cms.Parse(lenientBase64(message[body.Start:body.End]), nil)
	if err != nil {
		t.Fatal(err)
	}
	out.attributes, out.signature = sd.Signers[0].RawSignedAttributes, sd.Signers[0].Signature
	if out.signedDigest, err = m.Envelope.Digest(r.Signature.Signers[0].Digest, r.Signature.LineEnds); err != nil {
		t.Fatal(err)
	}
	return out, true
}

// lenientBase64 decodes up to the padding and ignores white space.
func lenientBase64(text []byte) []byte {
	if i := bytes.IndexByte(text, '='); i >= 0 {
		text = text[:i]
	}
	text = bytes.Join(bytes.Fields(text), nil)
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(text)))
	n, _ := base64.RawStdEncoding.Decode(out, text)
	return out[:n]
}

func (c *certified) equal(o *certified) bool {
	return c.kind == o.kind && reflect.DeepEqual(c.data, o.data) && c.time == o.time && c.provider == o.provider && c.original == o.original &&
		bytes.Equal(c.attributes, o.attributes) && bytes.Equal(c.signature, o.signature) && bytes.Equal(c.certificate, o.certificate) &&
		bytes.Equal(c.signedDigest, o.signedDigest)
}

// TestFlipEveryByte damages every byte of a message in turn, by one bit and
// by all. What is signed, and what signs, cannot be damaged without being
// noticed; damage elsewhere never changes what is certified.
func TestFlipEveryByte(t *testing.T) {
	g := gestoreAlfa()
	ours := trust.Material{Anchors: g.leaf.Chain}
	agid := trust.Material{Keys: []trust.KeyAnchor{trust.AgIDCA1()}}
	aruba := reftest.File(t, "pec", "aruba-2018-accettazione.eml")
	envelopeOf := g.transport(t, submittedMail, nil)
	step := 1
	if testing.Short() || raceDetector {
		step = 23
	}
	for _, c := range []struct {
		name    string
		message []byte
		trusted trust.Material
		bits    int // flips of one bit tried per byte
	}{
		{"receipt", g.receipt(t, "avvenuta-consegna"), ours, 8},
		{"envelope", envelopeOf, ours, 2},
		{"envelope, LF", bytes.ReplaceAll(envelopeOf, []byte("\r\n"), []byte("\n")), ours, 2},
		{"anomaly", g.anomaly(t, []byte(submittedMail)), ours, 1},
		{"Aruba, LF", aruba, agid, 1},
		{"Aruba, CRLF", crlf(aruba), agid, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := pec.NewVerifier(store(t, c.trusted), nil)
			want, ok := certifiedBy(t, v, c.message)
			require.True(t, ok)
			m := parse(t, c.message)
			signed, broken := m.Envelope.Signed.Entity, bytes.Clone(c.message)
			harmless, detected := 0, 0
			try := func(i int, mask byte) {
				broken[i] ^= mask
				defer func() { broken[i] ^= mask }()
				got, ok := certifiedBy(t, v, broken)
				switch inside := signed.Start <= int64(i) && int64(i) < signed.End; {
				case !ok:
					detected++
				case inside:
					t.Fatalf("byte %d %q xor %#02x lies in the signed part, and the verdict is valid", i, c.message[i], mask)
				case !got.equal(want):
					t.Fatalf("byte %d %q xor %#02x changes what is certified", i, c.message[i], mask)
				default:
					harmless++
				}
			}
			for i := 0; i < len(broken); i += step {
				for b := range c.bits {
					try(i, 1<<((i+b)%8))
				}
				try(i, 0xff)
			}
			require.Equal(t, c.message, broken)
			require.Positive(t, harmless, "the preamble, for one, is nobody's")
			require.Greater(t, detected, harmless)
			t.Logf("%d bytes: %d flips noticed, %d harmless", len(broken), detected, harmless)
		})
	}
}

// TestCutAtEveryOffset: a message that ends too early is an error or is not
// valid, or nothing but its unsigned end is missing.
func TestCutAtEveryOffset(t *testing.T) {
	g := gestoreAlfa()
	message := g.receipt(t, "avvenuta-consegna")
	v := pec.NewVerifier(g.store(t), nil)
	want, _ := certifiedBy(t, v, message)
	m := parse(t, message)
	last := int(m.Envelope.SignaturePart.Body.End)
	step := 1
	if testing.Short() || raceDetector {
		step = 7
	}
	dir := t.TempDir()
	for n := 0; n < len(message); n += step {
		cut := message[:n:n]
		got, ok := certifiedBy(t, v, cut)
		if ok && (n < last-4 || !got.equal(want)) {
			t.Fatalf("valid after %d of %d bytes", n, len(message))
		}
		if n == 0 {
			continue
		}
		opt := &pec.Options{}
		opt.Envelope.SpoolMemory, opt.Envelope.SpoolDir = 512, dir
		spooled, err := pec.Read(bytes.NewReader(cut), opt)
		at, errAt := pec.Parse(bytes.NewReader(cut), int64(n), nil)
		if err != nil || errAt != nil { // not a message yet
			require.Less(t, n, 80)
			require.EqualError(t, err, errAt.Error())
			continue
		}
		require.Equal(t, at.Kind, spooled.Kind)
		require.Equal(t, at.Data, spooled.Data)
		if n > int(m.Envelope.Root.Body.Start) && n < last {
			require.Contains(t, findingCodes(at.Findings), "truncated", n)
		}
		for _, one := range []*pec.Message{at, spooled} {
			_, err = one.Text(1 << 12)
			_ = err // clear or none, never a panic
			_, err = one.Attachments()
			_ = err
		}
		require.NoError(t, spooled.Close())
	}
	requireEmptyDir(t, dir)
}
