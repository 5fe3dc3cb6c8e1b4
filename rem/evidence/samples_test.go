package evidence

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/stretchr/testify/require"
)

// The transaction of spec/rem.md §2.9: anna writes to two recipients at another
// service, and each of the five events that can follow.
const (
	alfa = "Alfa REM S.p.A."
	beta = "Beta REM S.r.l."

	anna     = "anna.bianchi@alfa-rem.example"
	ufficio  = "ufficio@beta-rem.example"
	archivio = "archivio@beta-rem.example"

	dispatchID = "D1.20260115T093001Z.7F3A9C21@rem-service.alfa-rem.example"
)

var submitted = time.Date(2026, 1, 15, 9, 30, 1, 0, time.UTC)

func sample(event Event, id string, seconds int, reason, issuer string, identities bool) *Evidence {
	e, err := New(event, submitted.Add(time.Duration(seconds)*time.Second), reason)
	if err != nil {
		panic(err)
	}
	digest, err := base64.StdEncoding.DecodeString("B0wEaFT7yMBUIZgGLQcymUgN3ZZoD8yGaqvGyaVhlrE=")
	if err != nil {
		panic(err)
	}
	e.ID = id
	e.Policies = []string{PolicyBaseline, PolicyREMITEvidence}
	e.Issuer = Provider(issuer)
	e.Sender = Mailbox(anna).WithPersonIdentifier(PersonIdentifier("IT", "IT", anna))
	e.Sender.Assurance = &Assurance{
		Global:         &Level{URI: LevelSubstantial, Policy: PolicyREMITAssurance},
		Authentication: &Authentication{Time: At(submitted.Add(-4*time.Minute - 51*time.Second)), Method: MethodREMIT},
	}
	e.Recipients = []User{Mailbox(ufficio), Mailbox(archivio)}
	if identities {
		for i, a := range []string{ufficio, archivio} {
			e.Recipients[i] = e.Recipients[i].WithPersonIdentifier(PersonIdentifier("IT", "IT", a))
		}
	}
	at := At(submitted)
	e.Submitted = &at
	e.MessageID = dispatchID
	e.Content = OriginalMessage("<4f1d2c$0a1b@client.example>", DigestSHA256, digest)
	title := "Offerta n. 42"
	e.Extensions = []Extension{{General: &GeneralInfo{Subject: &title}}}
	return e
}

func submissionAcceptance() *Evidence {
	return sample(SubmissionAcceptance, "E1.20260115T093001Z.5B0E77D0@rem-service.alfa-rem.example", 0, "RA01", alfa, false)
}

func relayAcceptance() *Evidence {
	e := sample(RelayAcceptance, "E2.20260115T093004Z.19C4A6F2@rem-service.beta-rem.example", 3, "RB01", beta, true)
	other := Provider(alfa)
	e.ExternalERDS = &other
	e.Extensions = append(e.Extensions, Extension{Relay: &RelayInfo{RefersTo: []int{1, 2}}})
	return e
}

func contentConsignment() *Evidence {
	e := sample(ContentConsignment, "E3.20260115T093006Z.A1D20B93@rem-service.beta-rem.example", 5, "RD01", beta, true)
	e.RefersTo = number(1)
	return e
}

func contentConsignmentFailure() *Evidence {
	e := sample(ContentConsignmentFailure, "E4.20260115T093006Z.0C77E5A8@rem-service.beta-rem.example", 5, "RD04", beta, true)
	e.RefersTo = number(2)
	return e
}

func submissionRejection() *Evidence {
	return sample(SubmissionRejection, "E5.20260115T093001Z.66F1B2E4@rem-service.alfa-rem.example", 0, "RA03", alfa, false)
}

func number(n int) *int { return &n }

func samples() []*Evidence {
	return []*Evidence{submissionAcceptance(), relayAcceptance(), contentConsignment(), contentConsignmentFailure(), submissionRejection()}
}

// value leaves out what belongs to a document and not to its value.
func value(e *Evidence) *Evidence {
	v := *e
	v.Raw, v.Findings, v.Signatures = "", nil, 0
	return &v
}

// The five documents of the digest and the five that we build are the same
// values; ETSI's schemas accept both.
func TestSamplesOfTheDigest(t *testing.T) {
	var theirs [][]byte
	for _, block := range strings.Split(string(reftest.File(t, "..", "spec", "rem.md")), "```xml\n")[1:] {
		if xml, _, _ := strings.Cut(block, "```"); strings.Contains(xml, "<tns:Evidence ") {
			theirs = append(theirs, []byte(xml))
		}
	}
	require.Len(t, theirs, 5)
	var ours [][]byte
	for i, e := range samples() {
		want, err := Parse(theirs[i], nil)
		require.NoError(t, err)
		require.Empty(t, want.Findings)
		require.Equal(t, value(want), value(e))

		xml, err := e.Marshal(PolicyIT())
		require.NoError(t, err)
		again, err := e.Marshal(Baseline())
		require.NoError(t, err)
		require.Equal(t, string(xml), string(again), "deterministic")
		got, err := Parse(xml, nil)
		require.NoError(t, err)
		require.Empty(t, got.Findings)
		require.Equal(t, value(want), value(got))
		ours = append(ours, xml)
	}
	for _, said := range validate(t, append(theirs, ours...)...) {
		require.Empty(t, said)
	}
}
