package remtest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/rem"
	"github.com/certmail/certmail/rem/csi"
	"github.com/certmail/certmail/rem/evidence"
	"github.com/certmail/certmail/rem/remtest"
	"github.com/certmail/certmail/trust"
	"github.com/certmail/certmail/trust/tsl"
)

// send sends a message and lets all arrive.
func send(t *testing.T, n *remtest.Network, from string, to ...string) {
	t.Helper()
	_, err := account(t, n, from).Send(context.Background(), &pec.Draft{To: pec.Addresses(to...), Subject: "Contratto", Text: "In allegato.\n"})
	require.NoError(t, err)
	n.Settle()
}

// judged verifies a message by the network's trust of now.
func judged(t *testing.T, n *remtest.Network, data []byte) *rem.Report {
	t.Helper()
	v, err := n.Verifier()
	require.NoError(t, err)
	m, err := rem.ParseBytes(data, nil)
	require.NoError(t, err)
	r, err := v.Verify(context.Background(), m)
	require.NoError(t, err)
	return r
}

// inbox are the messages of a mailbox.
func inbox(t *testing.T, n *remtest.Network, address string) []remtest.Stored {
	t.Helper()
	m, err := n.Mailbox(address)
	require.NoError(t, err)
	return m.Messages()
}

// spoiled plays one message with a fault that nobody on the way notices, and
// returns the report on what it spoiled.
func spoiled(t *testing.T, f remtest.Fault) *rem.Report {
	t.Helper()
	n := network(t, &remtest.NetworkOptions{Faults: []remtest.Fault{f}})
	send(t, n, anna, bruno)
	for _, box := range n.Mailboxes() {
		for _, s := range box.Messages() {
			if s.Spoiled == f.Kind {
				return judged(t, n, s.Data)
			}
			require.NoError(t, judged(t, n, s.Data).Err(), "the others are genuine")
		}
	}
	require.Fail(t, "nothing was spoiled")
	return nil
}

// failing are the checks that failed.
func failing(r *rem.Report) string {
	var all []string
	for _, c := range r.Checks {
		if c.Status == trust.Failed {
			all = append(all, c.Name)
		}
	}
	return strings.Join(all, " ")
}

var (
	aDispatch   = remtest.Fault{Message: remtest.KindDispatch}
	aDelivery   = remtest.Fault{Message: remtest.KindReceipt, Event: evidence.ContentConsignment}
	anAccepting = remtest.Fault{Message: remtest.KindReceipt, Event: evidence.SubmissionAcceptance}
)

// spoils are tampering and what must fail.
func spoils(t *testing.T, kind remtest.FaultKind, rows map[*remtest.Fault]string) {
	t.Helper()
	for of, want := range rows {
		f := *of
		f.Kind = kind
		r := spoiled(t, f)
		require.Equal(t, trust.Invalid, r.Verdict, "%s", f)
		require.Equal(t, want, failing(r), "%s: %v", f, r.Err())
	}
}

func TestTNEG1_EvidenceAltered(t *testing.T) {
	spoils(t, remtest.AlterEvidence, map[*remtest.Fault]string{&aDispatch: "evidence-signature", &aDelivery: "evidence-signature"})
}

func TestTNEG2_OriginalAltered(t *testing.T) {
	spoils(t, remtest.AlterOriginal, map[*remtest.Fault]string{&aDispatch: "signature original-digest", &aDelivery: "signature"})
}

func TestTNEG3_OuterHeaderAltered(t *testing.T) {
	spoils(t, remtest.AlterHeader, map[*remtest.Fault]string{&aDispatch: "headers", &aDelivery: "headers"})
}

func TestTNEG4_EvidenceSwapped(t *testing.T) {
	spoils(t, remtest.SwapEvidence, map[*remtest.Fault]string{&aDispatch: "headers original-digest", &anAccepting: "headers"})
}

func TestTNEG5_SignatureWrapped(t *testing.T) {
	for _, of := range []remtest.Fault{aDispatch, aDelivery} {
		of.Kind = remtest.WrapSignature
		r := spoiled(t, of)
		require.Equal(t, trust.Invalid, r.Verdict)
		require.Equal(t, trust.Failed, r.Check(trust.CheckEvidenceSignature).Status)
	}
}

func TestTNEG6_ForeignTimeStamp(t *testing.T) {
	spoils(t, remtest.ForeignTimeStamp, map[*remtest.Fault]string{&aDispatch: "evidence-timestamp", &aDelivery: "evidence-timestamp"})
	spoils(t, remtest.NoTimeStamp, map[*remtest.Fault]string{&aDispatch: "evidence-timestamp", &aDelivery: "evidence-timestamp"})
}

func TestTNEG7_OtherLegalName(t *testing.T) {
	for _, of := range []remtest.Fault{aDispatch, aDelivery} {
		of.Kind = remtest.WrongName
		r := spoiled(t, of)
		require.Equal(t, trust.Invalid, r.Verdict, "the trusted list knows the name: %v", failing(r))
		require.Contains(t, r.Err().Error(), "Altra ")
	}
}

func TestTNEG_SignersNobodyKnows(t *testing.T) {
	for _, of := range []remtest.Fault{aDispatch, aDelivery} {
		of.Kind = remtest.WrongSigner
		r := spoiled(t, of)
		require.NotEqual(t, trust.Valid, r.Verdict)
		require.Equal(t, trust.Unknown, r.Check(trust.CheckSignerChain).Status)
		of.Kind = remtest.ExpiredCertificate
		r = spoiled(t, of)
		require.Equal(t, trust.Invalid, r.Verdict)
		require.Equal(t, trust.Failed, r.Check(trust.CheckSignerChain).Status)
	}
}

// TestTNEG8_ServiceWithdrawn: what was signed before stays trusted, what is
// signed after it is not; and nobody relays to the provider any more.
func TestTNEG8_ServiceWithdrawn(t *testing.T) {
	n := network(t, &remtest.NetworkOptions{Faults: []remtest.Fault{{Kind: remtest.ServiceWithdrawn, Provider: "beta.example", From: 2 * hour}}})
	send(t, n, anna, bruno)
	n.Advance(3 * hour)
	send(t, n, bruno, carla)
	before, after := inbox(t, n, anna)[1], inbox(t, n, bruno)
	require.Equal(t, "D.1/RD01", before.String())
	r := judged(t, n, before.Data)
	require.NoError(t, r.Err())
	require.Equal(t, trust.Passed, r.Check(trust.CheckTrustedList).Status)
	require.Equal(t, "A.1/RA01", after[1].String())
	r = judged(t, n, after[1].Data)
	require.Equal(t, trust.Invalid, r.Verdict)
	require.Equal(t, trust.Failed, r.Check(trust.CheckTrustedList).Status)
	require.Contains(t, r.Check(trust.CheckTrustedList).Detail, "withdrawn")
	for _, s := range []string{"T-NEG-8 "} {
		play(t, s)
	}
	relayRefused(t, remtest.ServiceWithdrawn, tsl.ErrNotActive.Error())
	relayRefused(t, remtest.ServiceUnlisted, csi.ErrNoPeer.Error())
}

// relayRefused sends to a provider whom nobody can trust, and looks for the
// reason in the log.
func relayRefused(t *testing.T, kind remtest.FaultKind, why string) {
	t.Helper()
	n := network(t, &remtest.NetworkOptions{Faults: []remtest.Fault{{Kind: kind, Provider: "beta.example"}}})
	send(t, n, anna, bruno)
	n.Advance(25 * hour)
	for _, e := range n.Log("alfa.example") {
		if e.Event == "relay-check" {
			require.Contains(t, e.Detail, why, "%s", kind)
			require.Equal(t, []string{bruno}, e.Recipients)
			require.Empty(t, inbox(t, n, bruno))
			d, err := evidence.Parse(n.Evidence(n.Facts()[0].ID), nil)
			require.NoError(t, err)
			require.Equal(t, []int{1}, d.Untrusted(), "the sender is told at once")
			return
		}
	}
	require.Fail(t, "relayed all the same", string(kind))
}

func TestTNEG9_CapabilitiesDoNotHold(t *testing.T) {
	play(t, "T-NEG-9 ")
	for kind, why := range map[remtest.FaultKind]string{
		remtest.CSIExpired:    csi.ErrStale.Error(),
		remtest.CSIUnsigned:   csi.ErrSignature.Error(),
		remtest.CSIWrongValue: "ERDSScheduledDeliverySupport",
		remtest.WrongTLS:      csi.ErrTLSPeer.Error(),
	} {
		relayRefused(t, kind, why)
	}
}

// TestTNEG9_TrustComesBack: within the policy's period nothing is lost.
func TestTNEG9_TrustComesBack(t *testing.T) {
	n := network(t, &remtest.NetworkOptions{Faults: []remtest.Fault{{Kind: remtest.CSIExpired, Provider: "beta.example", Until: 3 * hour}}})
	send(t, n, anna, bruno)
	require.Empty(t, inbox(t, n, bruno))
	n.Advance(4 * hour)
	require.Len(t, inbox(t, n, bruno), 1)
}
