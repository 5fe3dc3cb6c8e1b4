package remtest

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp/tsptest"
)

// oddFixtures are what the official examples and other programs write otherwise
// than the standards, or leave out. It does no harm, unless the row says so.
func oddFixtures() []fixture {
	const d1, dispatch = "D.1/RD01", "dispatch A.1"
	receipt := func(file, note string, write func(s *studio) ([]byte, error)) fixture {
		return fixture{file: "odd/rem-" + file, kind: KindReceipt, note: note, write: write}
	}
	return []fixture{
		receipt("trailing-semicolon", "a semicolon behind the last parameter of the evidence part's Content-Type",
			signed(d1, `name="ContentConsignment.xml"`+"\r\n", `name="ContentConsignment.xml";`+"\r\n")),
		receipt("unquoted-name", "the name of the evidence part without quotes", signed(d1, `name="ContentConsignment.xml"`, `name=ContentConsignment.xml`)),
		receipt("no-section-type", "the evidence part without REM-Section-Type, found by type and name", signed(d1, "REM-Section-Type: rem_message/xml_evidence\r\n", "")),
		receipt("eight-bit-introduction", "8-bit text in a part that says quoted-printable", signed(d1, "=C3=A8", "\xc3\xa8")),
		receipt("preamble", "text before the first part", unsigned(d1, "This is an S/MIME signed message", "Messaggio firmato. This is a signed message")),
		receipt("bare-signature-part", "the signature part without Content-Disposition and name", func(s *studio) ([]byte, error) {
			m, err := s.take(d1)
			if err != nil {
				return nil, err
			}
			i := bytes.LastIndex(m.Data, []byte("Content-Type: application/pkcs7-signature"))
			j := i + bytes.Index(m.Data[i:], []byte("\r\n\r\n"))
			if i < 0 || j < i {
				return nil, errUnchanged
			}
			head := "Content-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64"
			return slices.Concat(m.Data[:i], []byte(head), m.Data[j:]), nil
		}),
		receipt("next-version", "the version number of the next edition in the header", unsigned(d1, "EN31953203V010201", "EN31953203V010301")),
		receipt("relay-date-in-acceptance", "REM-RelayDate in the receipt of a submission, against table C.26 of EN 319 532-4",
			unsigned("A.1/RA01", "REM-MessageType:", "REM-RelayDate: Mon, 02 Mar 2026 08:30:00 +0000 (UTC)\r\nREM-MessageType:")),
		receipt("no-reason-header", "no REM-ReasonIdentifier, which is only recommended", func(s *studio) ([]byte, error) { return s.withoutField(d1, "REM-ReasonIdentifier") }),
		receipt("bare-sender", "REM-MD08 with a bare address", unsigned(d1, "REM-MD08: <"+anna+">", "REM-MD08: "+anna)),
		receipt("more-headers", "fields that programs on the way added", unsigned(d1, "MIME-Version: 1.0\r\nContent-Type: multipart/signed",
			"X-Spam-Status: No\r\nREM-G99: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed")),
		receipt("pdf-evidence", "the evidence as PDF, too", composed(d1, func(s *sealer, of *node, d *draft) ([]byte, error) {
			d.frame = func(f *rem.Frame) { f.PDF = []rem.PDFEvidence{{Event: d.facts[0].Event, Data: []byte("%PDF-1.7\n")}} }
			return s.compose(of, d, d.documents, s.signers[of])
		})),
		receipt("extension-part", "an extension part of the provider's own", composed(d1, func(s *sealer, of *node, d *draft) ([]byte, error) {
			d.frame = func(f *rem.Frame) {
				f.Extensions = []rem.ExtensionPart{{Name: "dati.xml", Type: "application/xml", Code: "E01", Namespace: "urn:example:dati", Data: []byte("<dati/>")}}
			}
			return s.compose(of, d, d.documents, s.signers[of])
		})),
		receipt("time-with-fraction", "EventTime with a fraction of a second and an offset", resigned(d1, func(xml []byte) ([]byte, error) {
			xml, err := replaceOnce(xml, "<EventTime>2026-03-02T08:", "<EventTime>2026-03-02T09:")
			if err != nil {
				return nil, err
			}
			return replaceOnce(xml, "Z</EventTime>", ".25+01:00</EventTime>")
		})),
		receipt("next-evidence-version", "evidence of the next edition of EN 319 522-3", resigned(d1, func(xml []byte) ([]byte, error) {
			return replaceOnce(xml, "EN319522v1.1.1", "EN319522v1.2.1")
		})),
		receipt("other-words", "a reason with other words under the same URI", resigned(d1, func(xml []byte) ([]byte, error) {
			return replaceOnce(xml, "Message successfully consigned to the recipient", "REM message consigned to the recipient")
		})),
		receipt("other-legal-name", "the issuer's LegalName is not that of the trusted list, which alone tells", spoiledBy(Fault{Kind: WrongName, Message: KindReceipt, Event: evidence.ContentConsignment})),
		{file: "odd/rem-payload", kind: KindPayload, note: "an original without evidence, which the baseline does not use", write: func(s *studio) ([]byte, error) {
			m, err := s.take(dispatch)
			if err != nil {
				return nil, err
			}
			seal := m.n.public.s
			d := &draft{kind: KindPayload, t: &transaction{identifier: "D1.payload@fixtures.example"}, submitted: mailOf(anna, bruno, "ciao")}
			return seal.compose(m.n.nodes[0], d, nil, seal.signers[m.n.nodes[0]])
		}},
		{file: "odd/rem-dispatch-lf", kind: KindDispatch, note: "stored with bare LF line ends", write: func(s *studio) ([]byte, error) {
			m, err := s.take(dispatch)
			if err != nil {
				return nil, err
			}
			return bytes.ReplaceAll(m.Data, []byte("\r\n"), []byte("\n")), nil
		}},
		{file: "odd/rem-outflow-of-the-kit", kind: KindReceipt, fails: trust.CheckHeaders, note: "REM-DigestValue is not that of the evidence, as in AgID's examples of outflow; the evidence wins",
			write: func(s *studio) ([]byte, error) {
				return s.withField("F.1/RF01", "REM-DigestValue", strings.Repeat("A", 43)+"=")
			}},
		{file: "odd/rem-no-headers", kind: KindReceipt, open: trust.CheckHeaders, note: "the REM-* fields of the header were lost on the way; what is signed is whole", write: func(s *studio) ([]byte, error) {
			return s.withoutField(d1, "REM-")
		}},
	}
}

// resigned changes evidence, and signs evidence and message anew.
func resigned(name string, change func(xml []byte) ([]byte, error)) func(s *studio) ([]byte, error) {
	return restamped(name, "", change)
}

// restamped does so with the time-stamp of an authority that has a fault.
func restamped(name string, wrong tsptest.Fault, change func(xml []byte) ([]byte, error)) func(s *studio) ([]byte, error) {
	return func(s *studio) ([]byte, error) {
		m, err := s.take(name)
		if err != nil {
			return nil, err
		}
		seal, leaf := m.seal()
		return seal.withEvidence(m.Data, leaf, func(xml []byte) ([]byte, error) {
			i, j := bytes.Index(xml, []byte("<ds:Signature ")), bytes.LastIndex(xml, []byte("</ds:Signature>"))
			if i < 0 || j < 0 {
				return nil, errUnchanged
			}
			xml, err := change(slices.Concat(xml[:i], xml[j+len("</ds:Signature>"):]))
			if err != nil {
				return nil, err
			}
			tsa := seal.ca.tsa
			if wrong != "" {
				if tsa, err = tsa.With(wrong); err != nil {
					return nil, err
				}
			}
			return evidence.Sign(context.Background(), xml, &evidence.Signer{Key: leaf.Key, Certificate: leaf.Certificate, Chain: leaf.Chain, TimeStamp: tsa, Now: seal.n.Now})
		})
	}
}

// unsigned changes what no signature covers.
func unsigned(name, old, with string) func(s *studio) ([]byte, error) {
	return func(s *studio) ([]byte, error) {
		m, err := s.take(name)
		if err != nil {
			return nil, err
		}
		return replaceOnce(m.Data, old, with)
	}
}

// signed changes the signed part, and signs it anew.
func signed(name, old, with string) func(s *studio) ([]byte, error) {
	return func(s *studio) ([]byte, error) {
		m, err := s.take(name)
		if err != nil {
			return nil, err
		}
		r, err := rem.ParseBytes(m.Data, nil)
		if err != nil {
			return nil, err
		}
		e := r.Envelope.Signed.Entity
		entity, err := replaceOnce(m.Data[e.Start:e.End], old, with)
		if err != nil {
			return nil, err
		}
		seal, leaf := m.seal()
		return resign(slices.Concat(m.Data[:e.Start], entity, m.Data[e.End:]), leaf, seal.n.Now())
	}
}

// seal is what the provider of a message signs with.
func (m *stored) seal() (*sealer, *testpki.Leaf) {
	s := m.n.public.s
	if len(m.Facts) == 0 {
		return s, s.signers[m.n.nodes[0]]
	}
	return s, s.signers[m.n.byDomain[m.Facts[0].Provider]]
}

// withField changes a field of the header, withoutField leaves out those whose
// name begins so.
func (s *studio) withField(name, field, value string) ([]byte, error) {
	m, err := s.take(name)
	if err != nil {
		return nil, err
	}
	old := between(m.Data, "\r\n"+field+": ", "\r\n")
	return replaceOnce(m.Data, "\r\n"+field+": "+old+"\r\n", "\r\n"+field+": "+value+"\r\n")
}

func (s *studio) withoutField(name, prefix string) ([]byte, error) {
	m, err := s.take(name)
	if err != nil {
		return nil, err
	}
	header, rest, _ := bytes.Cut(m.Data, []byte("\r\n\r\n"))
	var kept [][]byte
	drop := false
	for _, line := range bytes.Split(header, []byte("\r\n")) {
		if len(line) == 0 || line[0] != ' ' && line[0] != '\t' {
			drop = bytes.HasPrefix(line, []byte(prefix))
		}
		if !drop {
			kept = append(kept, line)
		}
	}
	return slices.Concat(bytes.Join(kept, []byte("\r\n")), []byte("\r\n\r\n"), rest), nil
}
