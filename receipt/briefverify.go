package receipt

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/certmail/certmail/envelope"
)

// A BriefMatch is how a part of a brief original compares with the message that
// was sent.
type BriefMatch string

// The outcomes.
const (
	BriefIdentical BriefMatch = "identical"    // the part itself, unchanged but for line ends
	BriefDigest    BriefMatch = "digest"       // a digest of the attachment, and it is right
	BriefWrong     BriefMatch = "wrong-digest" // a digest, and it is of something else
	BriefMalformed BriefMatch = "no-digest"    // called .hash, and holds no SHA-1 or SHA-256 digest
	BriefChanged   BriefMatch = "changed"      // the part itself, with other content
	BriefMissing   BriefMatch = "missing"      // the receipt does not have it
	BriefExtra     BriefMatch = "extra"        // the receipt has it, the message has not
)

// A BriefPart is the outcome for one part.
type BriefPart struct {
	Path  string // "2.1": the first part of the second
	Name  string // of the attachment
	Match BriefMatch
	// Hash and Input say which digest of what matched.
	Hash  crypto.Hash
	Input BriefInput
	// Digest is what the receipt holds, as written.
	Digest string
}

// A BriefReport compares a brief original with the message that was sent.
type BriefReport struct {
	Parts []BriefPart
}

// OK reports whether every part of the message is in the receipt, as itself or
// as a digest of it, and nothing else is.
func (r *BriefReport) OK() bool {
	for _, p := range r.Parts {
		if p.Match != BriefIdentical && p.Match != BriefDigest {
			return false
		}
	}
	return len(r.Parts) > 0
}

// VerifyBrief compares the original inside a brief delivery receipt with the
// message as it was submitted (RFC 6109 §3.3.2.2; the sender must keep it). The
// top header is left out: providers add to it and replace the Message-ID. Every
// known way to digest an attachment is tried, and the one that fits reported. An
// error means that one of the two cannot be read.
func VerifyBrief(brief, submitted *io.SectionReader, opt *envelope.Options) (*BriefReport, error) {
	got, _, err := envelope.Structure(brief, opt)
	if err != nil {
		return nil, fmt.Errorf("receipt: brief original: %w", err)
	}
	want, _, err := envelope.Structure(submitted, opt)
	if err != nil {
		return nil, fmt.Errorf("receipt: submitted message: %w", err)
	}
	v := briefVerifier{replaceable: make(map[*envelope.Part]bool)}
	for _, p := range attachments(want) {
		v.replaceable[p] = true
	}
	if err := v.compare(got, want, ""); err != nil {
		return nil, err
	}
	return &v.report, nil
}

type briefVerifier struct {
	report      BriefReport
	replaceable map[*envelope.Part]bool
}

func (v *briefVerifier) compare(got, want *envelope.Part, path string) error {
	switch {
	case v.replaceable[want] && isStub(got, want):
		return v.digest(got, want, path)
	case len(want.Parts) > 0 && len(got.Parts) > 0 && got.Type.Value == want.Type.Value:
		for i := range max(len(got.Parts), len(want.Parts)) {
			below := strings.TrimPrefix(path+"."+strconv.Itoa(i+1), ".")
			switch {
			case i >= len(got.Parts):
				v.add(BriefPart{Path: below, Name: want.Parts[i].Name(), Match: BriefMissing})
			case i >= len(want.Parts):
				v.add(BriefPart{Path: below, Name: got.Parts[i].Name(), Match: BriefExtra})
			default:
				if err := v.compare(got.Parts[i], want.Parts[i], below); err != nil {
					return err
				}
			}
		}
		return nil
	default:
		return v.same(got, want, path)
	}
}

func (v *briefVerifier) add(p BriefPart) {
	if p.Path == "" {
		p.Path = "1"
	}
	v.report.Parts = append(v.report.Parts, p)
}

// isStub reports whether a part claims to stand for an attachment: text called
// like it with ".hash" added, or with any such name.
func isStub(got, want *envelope.Part) bool {
	name := got.Name()
	if len(name) < len(hashSuffix) || !strings.EqualFold(name[len(name)-len(hashSuffix):], hashSuffix) {
		return false
	}
	return !strings.EqualFold(name, want.Name()) || got.Type.Value == "text/plain" && want.Type.Value != "text/plain"
}

// same compares parts that stand for themselves, by their encoded bytes.
func (v *briefVerifier) same(got, want *envelope.Part, path string) error {
	p := BriefPart{Path: path, Name: want.Name(), Match: BriefChanged}
	if got.Type.Value == want.Type.Value && got.Encoding() == want.Encoding() {
		a, err := bareDigest(got)
		if err != nil {
			return err
		}
		b, err := bareDigest(want)
		if err != nil {
			return err
		}
		if bytes.Equal(a, b) {
			p.Match = BriefIdentical
		}
	}
	v.add(p)
	return nil
}

// bareDigest is the digest of a part without the line breaks at its end.
func bareDigest(p *envelope.Part) ([]byte, error) {
	return digestOf(p, crypto.SHA256, InputEncodedBare)
}

// digest compares a digest in the receipt with the attachment.
func (v *briefVerifier) digest(got, want *envelope.Part, path string) error {
	p := BriefPart{Path: path, Name: attachmentName(want), Match: BriefMalformed}
	const most = 1024
	text, err := got.Bytes(most)
	if err == nil {
		p.Digest = strings.TrimSpace(string(text))
	}
	sum, err := hex.DecodeString(p.Digest)
	if err != nil || len(sum) != crypto.SHA1.Size() && len(sum) != crypto.SHA256.Size() {
		v.add(p)
		return nil
	}
	p.Hash, p.Match = crypto.SHA1, BriefWrong
	if len(sum) == crypto.SHA256.Size() {
		p.Hash = crypto.SHA256
	}
	p.Input, err = findInput(want, p.Hash, sum)
	if err != nil {
		return err
	}
	if p.Input != "" {
		p.Match = BriefDigest
	}
	v.add(p)
	return nil
}

// findInput returns the first input whose digest fits, empty for none.
func findInput(p *envelope.Part, h crypto.Hash, sum []byte) (BriefInput, error) {
	all, err := digestEncoded(p, h)
	if err != nil {
		return "", err
	}
	for _, input := range [...]BriefInput{InputEncoded, InputEncodedFinal, InputEncodedBare, InputLF, InputLFFinal, InputLFBare} {
		for _, one := range all {
			if one.input == input && bytes.Equal(one.sum, sum) {
				return input, nil
			}
		}
	}
	// An attachment that cannot be decoded matches nothing; it is no error.
	if decoded, err := digestDecoded(p, h); err == nil && bytes.Equal(decoded, sum) {
		return InputDecoded, nil
	}
	return "", nil
}
