package remtest

import (
	"bytes"
	"context"

	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp/tsptest"
)

// tamperedFixtures are what somebody did to a message: the provider itself,
// somebody with its key, or somebody on the way.
func tamperedFixtures() []fixture {
	d1 := Fault{Message: KindReceipt, Event: evidence.ContentConsignment}
	a1 := Fault{Message: KindReceipt, Event: evidence.SubmissionAcceptance}
	dispatch := Fault{Message: KindDispatch}
	row := func(file string, of Fault, kind FaultKind, fails, note string) fixture {
		of.Kind = kind
		r := fixture{file: "tampered/rem-" + file, kind: of.Message, fails: fails, note: note, write: spoiledBy(of)}
		return r
	}
	open := func(r fixture, check string) fixture {
		r.fails, r.open = "", check
		return r
	}
	const receipt = "ContentConsignment"
	stamp := func(file string, wrong tsptest.Fault, note string) fixture {
		return fixture{file: "tampered/rem-receipt-" + file, kind: KindReceipt, fails: trust.CheckEvidenceTimestamp, note: receipt + ": " + note,
			write: restamped("D.1/RD01", wrong, func(xml []byte) ([]byte, error) { return xml, nil })}
	}
	return []fixture{
		row("receipt-evidence-altered", d1, AlterEvidence, trust.CheckEvidenceSignature, receipt+": the evidence was changed by one octet, and the message signed anew"),
		row("dispatch-evidence-altered", dispatch, AlterEvidence, trust.CheckEvidenceSignature, "dispatch: the evidence was changed by one octet, and the message signed anew"),
		row("dispatch-original-altered", dispatch, AlterOriginal, trust.CheckSignature, "dispatch: one letter of the original was changed behind both signatures"),
		row("receipt-text-altered", d1, AlterOriginal, trust.CheckSignature, receipt+": one letter of the introduction was changed behind the signature"),
		row("receipt-header-altered", d1, AlterHeader, trust.CheckHeaders, receipt+": REM-EventIdentifier, which no signature covers, names another event"),
		row("dispatch-header-altered", dispatch, AlterHeader, trust.CheckHeaders, "dispatch: REM-EventIdentifier, which no signature covers, names another event"),
		row("receipt-evidence-swapped", a1, SwapEvidence, trust.CheckHeaders, "SubmissionAcceptance: genuine evidence about another message, in a message signed anew"),
		row("dispatch-evidence-swapped", dispatch, SwapEvidence, trust.CheckHeaders, "dispatch: genuine evidence about another message, in a message signed anew"),
		row("receipt-signature-wrapped", d1, WrapSignature, trust.CheckEvidenceSignature, receipt+": evidence whose signature holds, wrapped in evidence that says something else"),
		row("receipt-foreign-time-stamp", d1, ForeignTimeStamp, trust.CheckEvidenceTimestamp, receipt+": the time-stamp is one of another signature"),
		row("dispatch-foreign-time-stamp", dispatch, ForeignTimeStamp, trust.CheckEvidenceTimestamp, "dispatch: the time-stamp is one of another signature"),
		row("receipt-expired-signer", d1, ExpiredCertificate, trust.CheckSignerChain, receipt+": the certificate had expired the day before"),
		open(row("receipt-unknown-signer", d1, WrongSigner, "", receipt+": signed in the provider's name by somebody whom nobody knows"), trust.CheckSignerChain),
		row("receipt-no-time-stamp", d1, NoTimeStamp, trust.CheckEvidenceTimestamp, receipt+": no time-stamp, which the baseline requires"),
		stamp("time-stamp-of-a-mail-certificate", tsptest.UsageMail, "the time-stamp is by a certificate for mail, under the same root"),
		stamp("time-stamp-of-an-expired-authority", tsptest.Expired, "the certificate of the time-stamping authority had expired"),
		stamp("time-stamp-signature", tsptest.BadSignature, "the signature of the time-stamp does not hold"),
		stamp("time-stamp-of-other-data", tsptest.OtherToken, "a genuine time-stamp of an hour ago, of other data"),
		{file: "tampered/rem-receipt-other-address", kind: KindReceipt, fails: trust.CheckSignerAddress, note: receipt + ": signed with the certificate of another provider",
			write: composed("D.1/RD01", func(s *sealer, of *node, d *draft) ([]byte, error) {
				m, err := s.compose(of, d, d.documents, s.signers[of])
				if err != nil {
					return nil, err
				}
				return resign(m, s.signers[s.other(of)], s.n.Now())
			})},
		{file: "tampered/rem-receipt-two-signers", kind: KindReceipt, fails: trust.CheckEvidenceSignature, note: receipt + ": the evidence of one provider in the message of another",
			write: composed("D.1/RD01", func(s *sealer, of *node, d *draft) ([]byte, error) {
				other := s.other(of)
				own, err := s.sign(other, d.t, d.facts[0], s.genuine(other))
				if err != nil {
					return nil, err
				}
				m, err := s.compose(other, d, [][]byte{own}, s.signers[other])
				if err != nil {
					return nil, err
				}
				return s.withEvidence(m, s.signers[other], func([]byte) ([]byte, error) { return d.documents[0], nil })
			})},
		{file: "tampered/rem-receipt-second-signature", kind: KindReceipt, fails: trust.CheckEvidenceSignature, note: receipt + ": the evidence has a second ds:Signature",
			write: bent("D.1/RD01", func(xml []byte) ([]byte, error) {
				i, j := bytes.LastIndex(xml, []byte("<ds:Signature ")), bytes.LastIndex(xml, []byte("</tns:Evidence>"))
				if i < 0 || j < 0 {
					return nil, errUnchanged
				}
				return bytes.Join([][]byte{xml[:j], xml[i:j], xml[j:]}, nil), nil
			})},
		{file: "tampered/rem-receipt-duplicate-id", kind: KindReceipt, fails: trust.CheckEvidenceSignature, note: receipt + ": an element of the evidence has the Id of the signed properties",
			write: bent("D.1/RD01", func(xml []byte) ([]byte, error) {
				id := between(xml, "<xades:SignedProperties Id=\"", "\"")
				return replaceOnce(xml, "<ds:Object>", `<ds:Object><other Id="`+id+`"/></ds:Object><ds:Object>`)
			})},
	}
}

// spoiledBy plays the first scenario of the checklist with a fault, and takes
// what it spoiled.
func spoiledBy(f Fault) func(s *studio) ([]byte, error) {
	return func(s *studio) ([]byte, error) {
		n, err := NewNetwork(&NetworkOptions{Seed: s.seed})
		if err != nil {
			return nil, err
		}
		if err := n.AddFault(f); err != nil {
			return nil, err
		}
		sc := Scenario{Send: to(bruno)}
		if err := sc.play(context.Background(), n); err != nil {
			return nil, err
		}
		for _, box := range n.Mailboxes() {
			for _, m := range box.Messages() {
				if m.Spoiled == f.Kind {
					return m.Data, nil
				}
			}
		}
		return nil, errUnchanged
	}
}

// bent changes the evidence of a message and signs the message anew.
func bent(name string, change func(xml []byte) ([]byte, error)) func(s *studio) ([]byte, error) {
	return func(s *studio) ([]byte, error) {
		m, err := s.take(name)
		if err != nil {
			return nil, err
		}
		seal, leaf := m.seal()
		return seal.withEvidence(m.Data, leaf, change)
	}
}

// composed writes a message anew, out of what it holds.
func composed(name string, write func(s *sealer, of *node, d *draft) ([]byte, error)) func(s *studio) ([]byte, error) {
	return func(s *studio) ([]byte, error) {
		m, err := s.take(name)
		if err != nil {
			return nil, err
		}
		seal := m.n.public.s
		c, err := seal.read(m.Data)
		if err != nil {
			return nil, err
		}
		d := &draft{kind: m.Kind, t: c.t, facts: c.facts, documents: c.documents, to: []string{c.t.sender.Address}, id: "R1." + fileName(name) + "@fixtures.example"}
		return write(seal, m.n.byDomain[c.facts[0].Provider], d)
	}
}

// other is another provider.
func (s *sealer) other(of *node) *node {
	for _, n := range s.n.nodes {
		if n != of {
			return n
		}
	}
	return of
}

// between is what stands between two marks, "" without them.
func between(b []byte, open, shut string) string {
	_, rest, ok := bytes.Cut(b, []byte(open))
	if !ok {
		return ""
	}
	inner, _, _ := bytes.Cut(rest, []byte(shut))
	return string(inner)
}
