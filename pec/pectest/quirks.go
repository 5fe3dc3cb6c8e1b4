package pectest

import (
	"bytes"
	"crypto"
	"slices"
	"strings"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/receipt"
)

// Quirks are the habits of a provider: what real ones do that is not in the
// rules, or one of the freedoms that these leave. The zero value has none.
type Quirks struct {
	// SHA1 signs with SHA-1, as all real providers did up to the end of 2024.
	SHA1 bool
	// Protocol spells the signature's type, such as
	// "application/pkcs7-signature".
	Protocol string
	// HTML adds the HTML alternative.
	HTML bool
	// ReceiptHeader replaces the header name X-TipoRicevuta, as one provider's
	// "X-Tiporicevuta".
	ReceiptHeader string
	// CertificationName and OriginalName replace daticert.xml and
	// postacert.eml; "-" writes none.
	CertificationName, OriginalName string
	// OriginalFirst puts the original before the certification data.
	OriginalFirst bool
	// Apostrophes writes e' for è in the readable text, as one provider does.
	Apostrophes bool
	// OmitMessageID leaves msgid out of the certification data.
	OmitMessageID bool
	// OtherForUnknown gives altro where no-dest would be right, as real
	// providers do for unknown mailboxes.
	OtherForUnknown bool
	// CommaDetail separates the parts of errore-esteso with ", " and not " - ".
	CommaDetail bool
	// LF stores messages with LF line ends.
	LF bool
	// Brief says how brief receipts digest; nil for the rules.
	Brief *receipt.BriefOptions
}

// QuirkProfile is a set of habits by name.
type QuirkProfile struct {
	Name, Note string
	Quirks     Quirks
}

// QuirkProfiles are the habits of the families of provider software that real
// messages show. They imitate no provider by name.
func QuirkProfiles() []QuirkProfile {
	return []QuirkProfile{
		{"plain", "nothing but the rules", Quirks{}},
		{"reworded", "HTML beside the text, altro for unknown mailboxes, a comma in errore-esteso, SHA-1: a large provider up to 2024",
			Quirks{SHA1: true, HTML: true, OtherForUnknown: true, CommaDetail: true}},
		{"exchange", "X-Tiporicevuta, apostrophes for accents, the original first: a public body's exchange",
			Quirks{HTML: true, ReceiptHeader: "X-Tiporicevuta", Apostrophes: true, OriginalFirst: true}},
		{"terse", "no msgid, pkcs7 without x-, no name for the certification data: an older lineage",
			Quirks{OmitMessageID: true, Protocol: "application/pkcs7-signature", CertificationName: "-"}},
		{"unix", "messages stored with LF line ends, names in capitals",
			Quirks{LF: true, CertificationName: "DATICERT.XML", OriginalName: "POSTACERT.EML"}},
		{"digests", "brief receipts with SHA-256 over the decoded files, in capitals",
			Quirks{HTML: true, Brief: &receipt.BriefOptions{Hash: crypto.SHA256, Input: receipt.InputDecoded, UpperCase: true}}},
	}
}

// Profile returns the habits of a profile of that name.
func Profile(name string) (Quirks, bool) {
	all := QuirkProfiles()
	i := slices.IndexFunc(all, func(p QuirkProfile) bool { return p.Name == name })
	if i < 0 {
		return Quirks{}, false
	}
	return all[i].Quirks, true
}

// apply gives a provider the habits that concern what it writes.
func (q *Quirks) apply(p *Provider) {
	if q.SHA1 {
		p.Signer.Hash = crypto.SHA1
	}
	p.HTML = q.HTML
	p.ReceiptHeaderName = q.ReceiptHeader
	p.Style.Protocol, p.Style.OriginalFirst = q.Protocol, q.OriginalFirst
	p.Style.CertificationName, p.Style.OriginalName = q.CertificationName, q.OriginalName
	p.Style.OmitMessageID = q.OmitMessageID
	if q.Apostrophes {
		p.Style.Reword = apostrophes.Replace
	}
}

var apostrophes = strings.NewReplacer("à", "a'", "è", "e'", "é", "e'", "ì", "i'", "ò", "o'", "ù", "u'", "È", "E'")

// errorFor is the value of errore for a code.
func (q *Quirks) errorFor(code string, usual daticert.ErrorKind) daticert.ErrorKind {
	if q.OtherForUnknown && code == unknownMailbox.code {
		return daticert.ErrorOther
	}
	return usual
}

func (q *Quirks) detail(s string) string {
	if q.CommaDetail {
		return strings.Replace(strings.Replace(s, " - ", ", ", 1), " - ", ", ", 1)
	}
	return s
}

// stored is how a message lies in the mailbox.
func (q *Quirks) stored(data []byte) []byte {
	if q.LF {
		return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	}
	return data
}
