package rem

import (
	"context"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/receipt"
)

var _ receipt.Reader = (*Verifier)(nil)

// ReadCertified implements receipt.Reader: with it, a pec.Client takes receipts
// of REM in as it does those of PEC. It returns nil for what is no REM message.
// Messages are read within the default limits.
func (v *Verifier) ReadCertified(ctx context.Context, e *envelope.Message, name string, copies receipt.Copies) (*receipt.Reading, error) {
	if !Is(e) {
		return nil, nil
	}
	m, err := FromEnvelope(e, nil)
	if err != nil {
		return nil, err
	}
	report, err := v.Verify(ctx, m)
	if err != nil {
		return nil, err
	}
	proof, err := report.Proof(name)
	if err != nil {
		return nil, err
	}
	r := &receipt.Reading{System: receipt.REM, Kind: string(m.Kind), Verdict: proof.Verdict}
	if copies == nil {
		r.Events, err = report.Events(name)
	} else {
		r.Events, err = report.EventsFor(name, copies(m.RefMessageID()))
	}
	return r, err
}
