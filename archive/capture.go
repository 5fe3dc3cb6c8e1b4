package archive

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/certmail/certmail/trust/tsp"
)

// RevocationSource finds revocation data about a certificate: CRLs and OCSP
// responses in DER. It is the caller's, and may use the network or a cache. path
// leads from the certificate upwards as far as it is known. An error is a
// finding of the item and does not stop the capture.
type RevocationSource func(ctx context.Context, path []*x509.Certificate) (crls, ocsp [][]byte, err error)

// CaptureOptions are what is captured with. FirstSeen or Now is needed,
// everything else may be left out: what is not given is not captured, and the
// report says that it could not be judged.
type CaptureOptions struct {
	// FirstSeen is when the message came in; Now() when zero.
	FirstSeen time.Time
	// Now is the clock of the verification; FirstSeen when nil.
	Now func() time.Time
	// Origin is where the message comes from.
	Origin Origin
	// Trust judges the signers of mail, REM those of REM messages, and TimeStamps
	// the authorities of time-stamps in REM evidence and of Source; each of the two
	// is Trust without its keys (trust.Material.Keys), which are those of PEC, when
	// nil: give REM where Trust has other anchors that are for PEC alone. Lists are
	// the trusted lists. Without Trust nothing is verified and no report kept.
	Trust, REM *trust.Store
	TimeStamps *trust.Store
	Lists      *tsl.Set
	// Revocation finds revocation data beyond those of the stores.
	Revocation RevocationSource
	// Snapshots name the directory and the lists behind Trust and Lists.
	Snapshots []Snapshot
	// Source, if any, makes a time-stamp over each message. Its failure is the
	// error of Capture, for a time-stamp cannot be had later.
	Source tsp.Source
	// Envelope bounds the reading of messages.
	Envelope envelope.Options
}

func (o *CaptureOptions) now() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return o.FirstSeen
}

func (o *CaptureOptions) registered() *trust.Store {
	if o.REM != nil {
		return o.REM
	}
	return withoutKeys(o.Trust)
}

func (o *CaptureOptions) timeStamps() *trust.Store {
	if o.TimeStamps != nil {
		return o.TimeStamps
	}
	return withoutKeys(o.Trust)
}

func withoutKeys(s *trust.Store) *trust.Store {
	if s == nil {
		return nil
	}
	return s.WithoutKeys()
}

// Capture takes a message as it came in, with everything that can never be had
// again. src must give the same bytes as long as the Item is used; it is read
// and never changed. Whatever is wrong with the message itself is in the
// item: bytes that are no message are captured like any other.
//
// The errors are those of the source, the context and the time-stamp source,
// and ErrItem when the options lack a time.
func Capture(ctx context.Context, src io.ReaderAt, size int64, o *CaptureOptions) (*Item, error) {
	if o == nil || o.FirstSeen.IsZero() && o.Now == nil {
		return nil, fmt.Errorf("%w: neither FirstSeen nor Now given", ErrItem)
	}
	opt := *o
	if opt.FirstSeen.IsZero() {
		opt.FirstSeen = opt.Now()
	}
	it := &Item{FirstSeen: opt.FirstSeen.UTC(), Origin: opt.Origin, Snapshots: opt.Snapshots, source: io.NewSectionReader(src, 0, size)}
	if err := it.hash(ctx); err != nil {
		return nil, err
	}
	if err := it.read(ctx, &opt); err != nil {
		return nil, err
	}
	at := it.Time
	if at.IsZero() {
		at = it.FirstSeen
	}
	it.Name = ItemName(at, it.Kind, it.SHA256)
	if opt.Source != nil {
		if err := it.stamp(ctx, &opt); err != nil {
			return nil, fmt.Errorf("archive: time-stamp: %w", err)
		}
	}
	for i := range it.Captures {
		c := &it.Captures[i]
		c.MessageSHA256 = it.SHA256
		c.sound = c.sum() // trust.Store.Capture has read all of it
	}
	return it, nil
}

// stamp gets a time-stamp over the bytes, and the evidence about its authority.
func (it *Item) stamp(ctx context.Context, o *CaptureOptions) error {
	sum, err := hex.DecodeString(it.SHA256)
	if err != nil {
		return err
	}
	if it.TimeStamp, err = o.Source.TimeStamp(ctx, sum, crypto.SHA256); err != nil {
		return err
	}
	t, err := tsp.Parse(it.TimeStamp)
	if err != nil {
		return err
	}
	r := tsp.Verify(t, tsp.Query{Imprint: tsp.OfDigest(sum, crypto.SHA256), Store: o.timeStamps()})
	if !r.OK {
		return r.Err
	}
	if r.Signer != nil {
		var crls, ocsp [][]byte
		it.capture(ctx, ofToken, o.timeStamps(), trust.ForTimeStamps, r.Certificate.Raw, t.Certificates, r.Signer.AtEvent.Path, r.Time, o, &crls, &ocsp)
	}
	return nil
}

// hash fills in what the bytes alone show.
func (it *Item) hash(ctx context.Context) error {
	f, err := scan(ctx, it.Source(), it.source.Size())
	if err != nil {
		return err
	}
	it.Size, it.SHA256, it.SHA512, it.crc, it.hashed = it.source.Size(), f.sha256, f.sha512, f.crc, true
	it.LineEnds, it.FinalNewline, it.EightBit, it.NUL = f.lineEnds(), f.final, f.eightBit, f.nul
	return nil
}

// read describes and verifies the message.
func (it *Item) read(ctx context.Context, o *CaptureOptions) error {
	p, r, err := it.describe(o.Envelope)
	switch {
	case err != nil:
		if errors.Is(err, envelope.ErrSource) {
			return fmt.Errorf("archive: read: %w", err)
		}
		return nil // the item says so
	case o.Trust == nil:
		return ctx.Err()
	case r != nil:
		return it.verifyREM(ctx, r, o)
	}
	return it.verifyPEC(ctx, p, o)
}

// describe notes what the bytes say of themselves. Of what is no readable
// message that is nothing, and the error says why.
func (it *Item) describe(opt envelope.Options) (*pec.Message, *rem.Message, error) {
	it.Role, it.System, it.Kind = RoleUnreadable, string(pec.SystemMail), "unreadable"
	p, r, err := openMessage(it.Source(), opt)
	switch {
	case errors.Is(err, envelope.ErrSource):
	case notMessage(err):
		it.find("not-a-message", err.Error())
	case err != nil:
		it.find("not-readable", err.Error())
	case r != nil:
		it.describeREM(r)
	default:
		it.describePEC(p)
	}
	return p, r, err
}

// notMessage tells bytes that are none from a message that cannot be read.
func notMessage(err error) bool {
	return errors.Is(err, envelope.ErrEmpty) || errors.Is(err, envelope.ErrNotMessage)
}

// openMessage opens a message as what it is: exactly one of the two is set.
func openMessage(src *io.SectionReader, opt envelope.Options) (*pec.Message, *rem.Message, error) {
	p, err := pec.Parse(src, src.Size(), &pec.Options{Envelope: opt, Daticert: daticert.Options{}})
	if err != nil {
		return nil, nil, err
	}
	if !rem.Is(p.Envelope) {
		return p, nil, nil
	}
	r, err := rem.FromEnvelope(p.Envelope, nil)
	if err != nil {
		return nil, nil, err
	}
	return nil, r, nil
}

func (it *Item) verifyPEC(ctx context.Context, m *pec.Message, o *CaptureOptions) error {
	v := &pec.VerifyOptions{Now: o.now, FirstSeen: o.FirstSeen}
	report, err := pec.NewVerifier(o.Trust, v).Verify(ctx, m)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	if m.Kind != pec.KindOrdinary && report.Signer != nil && report.Signature != nil {
		leaf := signerOf(report.Signature)
		if it.capture(ctx, ofMessage, o.Trust, trust.ForMail, leaf, report.Signature.Certificates, report.Signer.AtEvent.Path, report.Time, o, &v.CRLs, &v.OCSP) {
			if report, err = pec.NewVerifier(o.Trust, v).Verify(ctx, m); err != nil { // with what was found
				return fmt.Errorf("archive: %w", err)
			}
		}
	}
	it.Report = ReportPEC(report, o.now())
	return nil
}

func (it *Item) verifyREM(ctx context.Context, m *rem.Message, o *CaptureOptions) error {
	v := &rem.VerifyOptions{Now: o.now, FirstSeen: o.FirstSeen, TimeStamps: o.timeStamps(), Lists: o.Lists}
	report, err := rem.NewVerifier(o.registered(), v).Verify(ctx, m)
	if err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	again := false
	if report.Signature != nil && report.Signer != nil && m.Kind != rem.KindOrdinary {
		again = it.capture(ctx, ofMessage, o.registered(), trust.ForMail, signerOf(report.Signature), report.Signature.Certificates, report.Signer.AtEvent.Path, report.Time, o, &v.CRLs, &v.OCSP)
	}
	for _, e := range report.Evidence {
		if e == nil {
			continue
		}
		if e.Certificate != nil && e.Signer != nil {
			again = it.capture(ctx, ofEvidence, o.registered(), trust.ForMail, e.Certificate.Raw, nil, e.Signer.AtEvent.Path, e.Time, o, &v.CRLs, &v.OCSP) || again
		}
		if ts := e.TimeStamp; ts != nil && ts.Certificate != nil && ts.Signer != nil {
			again = it.capture(ctx, ofTimeStamp, o.timeStamps(), trust.ForTimeStamps, ts.Certificate.Raw, nil, ts.Signer.AtEvent.Path, ts.Time, o, &v.CRLs, &v.OCSP) || again
		}
	}
	if again {
		if report, err = rem.NewVerifier(o.registered(), v).Verify(ctx, m); err != nil {
			return fmt.Errorf("archive: %w", err)
		}
	}
	it.Report = ReportREM(report, o.now())
	return nil
}

func signerOf(s *envelope.Signature) []byte {
	if len(s.Signers) == 1 {
		return s.Signers[0].RawCertificate
	}
	return nil
}

// capture keeps the evidence about one signer, and tells whether revocation data
// were found that the verification has not seen.
func (it *Item) capture(ctx context.Context, of string, s *trust.Store, purpose trust.Purpose, leaf []byte, bag [][]byte, path []*x509.Certificate, at time.Time, o *CaptureOptions, crls, ocsp *[][]byte) bool {
	if len(leaf) == 0 || s == nil {
		return false
	}
	found := false
	q := trust.Query{Leaf: leaf, Bag: bag, Purpose: purpose, At: at, Now: o.now(), FirstSeen: o.FirstSeen}
	if o.Revocation != nil && len(path) > 0 {
		c, r, err := o.Revocation(ctx, path)
		if err != nil {
			it.find("no-revocation-data", of+": "+err.Error())
		}
		found = len(c)+len(r) > 0
		*crls, *ocsp = append(*crls, c...), append(*ocsp, r...)
	}
	q.CRLs, q.OCSP = *crls, *ocsp
	if at.IsZero() {
		q.At = o.FirstSeen
	}
	c, err := s.Capture(q)
	if err != nil {
		it.find("no-capture", of+": "+err.Error())
		return found
	}
	it.Captures = append(it.Captures, SignerCapture{Of: of, Capture: *c})
	return found
}

func (it *Item) find(code, detail string) {
	it.Findings = append(it.Findings, trust.Finding{Code: code, Detail: detail})
}
