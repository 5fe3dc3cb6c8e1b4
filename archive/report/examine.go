package report

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsp"
)

// An Examination is a package that was verified, with what its proofs say
// about each recipient.
type Examination struct {
	*archive.Verification
	// Journey is what became of each recipient, by the receipts of the package
	// as they verify now.
	Journey *receipt.Report

	facts  map[*archive.Item]*fact
	stamps []stampFact
	files  map[[32]byte]string // digests of the certificates and lists of the package
	pkg    *archive.Package
}

// fact is what the verified bytes of an item say, whatever its side-car has.
type fact struct {
	said  *archive.Item
	path  []*x509.Certificate // of the signer, when it ends at an anchor
	at    time.Time           // what the path was judged at
	stamp *stampFact
	crls  [][]byte
	// events are what a receipt says about recipients.
	events []receipt.Event
	// differs names what the record made at reception says otherwise.
	differs []string
}

// stampFact is a time-stamp that holds, and the path of its authority.
type stampFact struct {
	token, over string // files
	at          time.Time
	path        []*x509.Certificate
}

// Options are those of archive.Package.Verify; Judge is not used.
type Options struct {
	archive.VerifyOptions
	// REM are the anchors for messages of REM; those of Trust when nil, without
	// its Keys, which are those of PEC and do not vouch for REM.
	REM *trust.Material
}

// Examine verifies a package (see archive.Package.Verify), and follows the
// message through the receipts that it holds. The package must stay open until
// the examination was written.
//
// The facts are read again out of the bytes that were verified. What the
// package merely notes about a message is compared with them and never shown
// in their place.
func Examine(ctx context.Context, p *archive.Package, o *Options) (*Examination, error) {
	if o == nil {
		o = &Options{}
	}
	x := &examiner{Examination: &Examination{facts: map[*archive.Item]*fact{}, files: map[[32]byte]string{}, pkg: p}, ledger: receipt.NewLedger(nil)}
	opt := o.VerifyOptions
	opt.Judge = x.judge
	var err error
	if x.mail, x.foreign, x.tsa, err = stores(p, o); err != nil {
		return nil, err
	}
	x.addSent()
	if x.Verification, err = p.Verify(ctx, &opt); err != nil {
		return nil, err
	}
	x.believeBytes()
	x.Journey = x.ledger.Snapshot(o.Now)
	x.index()
	x.stampsOfItems()
	x.stampOfPackage()
	return x.Examination, ctx.Err()
}

type examiner struct {
	*Examination
	ledger             *receipt.Ledger
	mail, foreign, tsa *trust.Store // of PEC, of REM, of time-stamps
	copies             []sentCopy
}

// sentCopy is an own copy in the package.
type sentCopy struct {
	id string
	it *archive.Item
}

// stores makes the stores out of what the caller believes and what was captured.
func stores(p *archive.Package, o *Options) (mail, foreign, tsa *trust.Store, err error) {
	materials := [3]trust.Material{o.Trust, o.Trust, o.Trust}
	if o.TimeStamps != nil {
		materials[2] = *o.TimeStamps
	}
	materials[1].Keys, materials[2].Keys = nil, nil
	if o.REM != nil {
		materials[1] = *o.REM
	}
	var out [3]*trust.Store
	for i := range materials {
		m := &materials[i]
		m.Intermediates, m.CRLs, m.OCSP = slices.Clip(m.Intermediates), slices.Clip(m.CRLs), slices.Clip(m.OCSP)
		for _, it := range p.Transaction.Items {
			for j := range it.Captures {
				_ = it.Captures[j].AddTo(m) // Verify says what is wrong with it
			}
		}
		if out[i], err = trust.NewStore(*m, o.Policy); err != nil {
			return nil, nil, nil, fmt.Errorf("report: %w", err)
		}
	}
	return out[0], out[1], out[2], nil
}

// addSent takes in the own copies of what was sent. What they are is read from
// their bytes.
func (x *examiner) addSent() {
	for _, it := range x.pkg.Transaction.Items {
		src := it.Source()
		if src == nil {
			continue
		}
		m, err := pec.Parse(src, src.Size(), nil)
		if err != nil {
			continue
		}
		if m.Kind == pec.KindOrdinary && !rem.Is(m.Envelope) {
			if sent, err := m.Sent(); err == nil {
				sent.Name = "data/" + it.Name + ".eml"
				x.ledger.AddSent(sent)
				x.copies = append(x.copies, sentCopy{sent.MessageID, it})
			}
		}
		_ = m.Close()
	}
}

func (x *examiner) copiesOf(id string) iter.Seq2[*io.SectionReader, error] {
	return func(yield func(*io.SectionReader, error) bool) {
		for _, c := range x.copies {
			if c.id == id && !yield(c.it.Source(), nil) {
				return
			}
		}
	}
}

// judge verifies one item, as archive.Evidence.Judge does, and notes what its
// receipt says.
func (x *examiner) judge(ctx context.Context, it *archive.Item, src *io.SectionReader, e *archive.Evidence) (*archive.Report, error) {
	f := x.fact(it)
	p, err := pec.Parse(src, src.Size(), &pec.Options{Envelope: e.Envelope})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	now := func() time.Time { return e.Now }
	name := "data/" + it.Name + ".eml"
	if !rem.Is(p.Envelope) {
		report, err := pec.NewVerifier(x.mail, &pec.VerifyOptions{Now: now, FirstSeen: e.Seen}).Verify(ctx, p)
		if err != nil {
			return nil, err
		}
		f.sign(report.Signer, report.Time)
		if p.Kind.IsReceipt() {
			f.say(report.EventsFor(name, x.copiesOf(p.RefMessageID())))
		}
		return archive.ReportPEC(report, e.Now), nil
	}
	r, err := rem.FromEnvelope(p.Envelope, nil)
	if err != nil {
		return nil, err
	}
	report, err := rem.NewVerifier(x.foreign, &rem.VerifyOptions{Now: now, FirstSeen: e.Seen, TimeStamps: x.tsa, Lists: e.Lists}).Verify(ctx, r)
	if err != nil {
		return nil, err
	}
	f.sign(report.Signer, report.Time)
	if r.Original == nil {
		f.say(report.EventsFor(name, x.copiesOf(r.RefMessageID())))
	}
	return archive.ReportREM(report, e.Now), nil
}

// say notes what a receipt says; one that cannot be read says nothing, and the
// checks say why.
func (f *fact) say(events []receipt.Event, err error) {
	if err == nil {
		f.events = events
	}
}

func (f *fact) sign(s *trust.Signer, at time.Time) {
	if s != nil && s.AtEvent.Status == trust.Passed {
		f.path, f.at = s.AtEvent.Path, at
	}
}

// believeBytes takes what the bytes say, whatever the record made at reception has.
// A receipt proves no more than its item does: that may be less than it said when
// it was judged by itself.
func (x *examiner) believeBytes() {
	for _, iv := range x.Items {
		if iv.Said == nil {
			continue
		}
		f := x.fact(iv.Item)
		f.said, f.differs = iv.Said, iv.Differs
		for _, e := range f.events {
			switch {
			case iv.Verdict == trust.Invalid:
				e.Proof.Verdict = receipt.Invalid
			case iv.Verdict != trust.Valid && e.Proof.Verdict == receipt.Valid:
				e.Proof.Verdict = receipt.Indeterminate
			}
			x.ledger.Add(e)
		}
		for i := range iv.Item.Captures {
			if iv.Item.Captures[i].Of == "message" {
				f.crls = append(f.crls, iv.Item.Captures[i].CRLs...)
			}
		}
	}
}

func (x *examiner) fact(it *archive.Item) *fact {
	f := x.facts[it]
	if f == nil {
		f = new(fact)
		x.facts[it] = f
	}
	return f
}

// maxCertificate bounds what is taken for a certificate or list of the package.
const maxCertificate = 16 << 20

// index finds the files of certificates and revocation lists by their bytes.
func (x *examiner) index() {
	for _, name := range x.pkg.Files() {
		if !strings.HasPrefix(name, "evidence/") || !strings.HasSuffix(name, ".der") {
			continue
		}
		if data, err := x.read(name); err == nil {
			if _, there := x.files[sha256.Sum256(data)]; !there {
				x.files[sha256.Sum256(data)] = name
			}
		}
	}
}

func (x *examiner) read(name string) ([]byte, error) {
	r, err := x.pkg.OpenFile(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, maxCertificate+1))
	if err = errors.Join(err, r.Close()); err == nil && len(data) > maxCertificate {
		err = fmt.Errorf("report: %s is too large", name)
	}
	return data, err
}

// stampsOfItems finds the authorities of the time-stamps that hold.
func (x *examiner) stampsOfItems() {
	for _, iv := range x.Items {
		f := x.facts[iv.Item]
		if proof := iv.Proof(archive.ProofTimeStamp); f == nil || !proof.Holds() || len(proof.By) == 0 {
			continue
		}
		sum, err := digestOf(iv.Item.Source())
		if err != nil {
			continue
		}
		f.stamp = x.stamp(iv.Item.TimeStamp, tsp.OfDigest(sum, crypto.SHA256), iv.Proof(archive.ProofTimeStamp).By[0], iv.Path)
	}
}

// stampOfPackage does the same for the one over the package.
func (x *examiner) stampOfPackage() {
	proof := x.Proof(archive.ProofPackageStamp)
	if !proof.Holds() || len(proof.By) != 2 {
		return
	}
	token, err := x.read(proof.By[0])
	if err != nil {
		return
	}
	over, err := x.pkg.OpenFile(proof.By[1])
	if err != nil {
		return
	}
	defer over.Close()
	if s := x.stamp(token, tsp.OfReader(over), proof.By[0], proof.By[1]); s != nil {
		x.stamps = append(x.stamps, *s)
	}
}

func (x *examiner) stamp(token []byte, imprint tsp.ImprintFunc, file, over string) *stampFact {
	t, err := tsp.Parse(token)
	if err != nil {
		return nil
	}
	r := tsp.Verify(t, tsp.Query{Imprint: imprint, Store: x.tsa, Now: x.Now, FirstSeen: t.GenTime})
	if !r.Trusted || r.Signer == nil || r.Signer.AtEvent.Status != trust.Passed {
		return nil
	}
	return &stampFact{file, over, r.Time, r.Signer.AtEvent.Path}
}

func digestOf(r io.Reader) ([]byte, error) {
	h := sha256.New()
	_, err := io.Copy(h, r)
	return h.Sum(nil), err
}

// Said is what an item says of itself, read again out of its bytes as they are;
// of one that is missing, nothing. Its source is read while the package is open.
func (x *Examination) Said(iv *archive.ItemVerification) *archive.Item {
	if f := x.facts[iv.Item]; f != nil {
		return f.said
	}
	return &archive.Item{Role: archive.RoleUnreadable, System: string(pec.SystemMail), Kind: "missing"}
}
