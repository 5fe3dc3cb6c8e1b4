package remtest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/rem/remtest"
)

// The scenario checklist: each row plays its scenarios, with every message
// judged from outside and by our own verifier, and all evidence of a transaction
// held against each other.

// play plays the scenarios whose name begins so, and returns the last network.
func play(t *testing.T, prefix string) (n *remtest.Network) {
	t.Helper()
	for _, s := range remtest.Scenarios() {
		if strings.HasPrefix(s.Name, prefix) {
			var err error
			n, err = s.Play(context.Background())
			require.NoError(t, err, s.Name)
			for _, tx := range judgeAll(t, n) {
				contradicted := ""
				for _, c := range tx.Contradictions {
					contradicted += c.Code + " "
				}
				if strings.Contains(s.Name, "after RD03") {
					require.Equal(t, "delivered-and-failed ", contradicted)
					continue
				}
				require.Empty(t, contradicted, "%s: what is attested fits together", s.Name)
			}
		}
	}
	require.NotNil(t, n, "no scenario begins with %q", prefix)
	return n
}

func TestTBB1_AllRecipientsLocal(t *testing.T)      { play(t, "T-BB-1 ") }
func TestTBB2_UnknownRecipient(t *testing.T)        { play(t, "T-BB-2 ") }
func TestTSR1_SubmissionOfWrongForm(t *testing.T)   { play(t, "T-SR-1 ") }
func TestTSR2_SubmissionWithMalware(t *testing.T)   { play(t, "T-SR-2 ") }
func TestTSR3_SubmissionAgainstPolicy(t *testing.T) { play(t, "T-SR-3 ") }
func TestTSR4_SubmissionMalfunction(t *testing.T)   { play(t, "T-SR-4 ") }
func TestT4C1_TwoProvidersAndOrdinary(t *testing.T) { play(t, "T-4C-1 ") }
func TestT4C2_RelayRejectedRB02(t *testing.T)       { play(t, "T-4C-2 ") }
func TestT4C3_RelayRejectedRB03(t *testing.T)       { play(t, "T-4C-3 ") }
func TestT4C4_RelayRejectedRB04(t *testing.T)       { play(t, "T-4C-4 ") }
func TestT4C5_RelayRejectedRB05(t *testing.T)       { play(t, "T-4C-5 ") }
func TestT4C6_RelayRejectedRB06(t *testing.T)       { play(t, "T-4C-6 ") }
func TestT4C7_RelayImpossibleRB07(t *testing.T)     { play(t, "T-4C-7 ") }
func TestT4C8_RelayImpossibleRB08(t *testing.T)     { play(t, "T-4C-8 ") }
func TestT4C9_RelayImpossibleRB09(t *testing.T)     { play(t, "T-4C-9 ") }
func TestT4C10_RelayImpossibleRB10(t *testing.T)    { play(t, "T-4C-10 ") }
func TestT4C11_UnregisteredSilentWell(t *testing.T) { play(t, "T-4C-11 ") }
func TestT4C12_NoInformationQuotaType(t *testing.T) { play(t, "T-4C-12 ") }
func TestT4C13_UnregisteredAfterRelay(t *testing.T) { play(t, "T-4C-13 ") }
func TestT4C14_SplitDispatch(t *testing.T)          { play(t, "T-4C-14 ") }
func TestT4C15_LocalRemoteAndCopies(t *testing.T)   { play(t, "T-4C-15 ") }
func TestTIN1_Inflow(t *testing.T)                  { play(t, "T-IN-1 ") }
func TestTOUT1_Outflow(t *testing.T)                { play(t, "T-OUT-1 ") }
func TestTOUT2_OutflowUnreachable(t *testing.T)     { play(t, "T-OUT-2 ") }
func TestTOUT3_OutflowRefused(t *testing.T)         { play(t, "T-OUT-3 ") }
func TestTOUT4_OutflowNotAllowed(t *testing.T)      { play(t, "T-OUT-4 ") }
func TestTSN1_SenderAsksAccepted(t *testing.T)      { play(t, "T-SN-1 ") }
func TestTSN2_SenderAsksRejected(t *testing.T)      { play(t, "T-SN-2 ") }
func TestTSN3_SenderAsksNeverAnswered(t *testing.T) { play(t, "T-SN-3 ") }
func TestTSN4_AcceptedNotConsigned(t *testing.T)    { play(t, "T-SN-4 ") }
func TestTSN5_AcceptedNotHandedOver(t *testing.T)   { play(t, "T-SN-5 ") }
func TestTSFSN_RecipientsProviderAsks(t *testing.T) { play(t, "T-SF-SN ") }
func TestTEXT1_ByAnIntermediate(t *testing.T)       { play(t, "T-EXT-1 ") }
func TestTEXT2_RejectedBehindIt(t *testing.T)       { play(t, "T-EXT-2 ") }
func TestTEXT3_SilenceBehindIt(t *testing.T)        { play(t, "T-EXT-3 ") }
func TestTEXT4_NotConsignedBehindIt(t *testing.T)   { play(t, "T-EXT-4 ") }
func TestTEXT5_OutOfReachBehindIt(t *testing.T)     { play(t, "T-EXT-5 ") }
func TestFlowsBeyondTheChecklist(t *testing.T) {
	for _, s := range remtest.Scenarios() {
		if !strings.HasPrefix(s.Name, "T-") && !strings.Contains(s.Name, "spoiled") && !strings.Contains(s.Name, "forged") {
			t.Run(s.Name, func(t *testing.T) { play(t, s.Name) })
		}
	}
}
