package receipt

import (
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func digest(s string) Digest { return sha256.Sum256([]byte(s)) }

// carrying are the events of a delivery receipt to bruno whose original says
// something.
func carrying(t *testing.T, name, says string, v Verdict) []Event {
	t.Helper()
	list := events(t, data("avvenuta-consegna", after(9*time.Second), to(bruno)), name, v)
	if says != "" {
		list[0].Proof.Body = digest(says)
	}
	return list
}

func copyOf(name, says string) Sent {
	s := sent(bruno)
	s.Name = name
	if says != "" {
		s.Body = digest(says)
	}
	return s
}

func TestS21_ContentIsThatOfTheSentCopy(t *testing.T) {
	s := copyOf("sent.eml", "a")
	m := only(t, ledger(&s, carrying(t, "cons.eml", "a", Valid)), start)
	require.Equal(t, Green, m.Light)
	require.Empty(t, m.Conflicts)
	require.Equal(t, ContentSame, m.Recipients[0].Proofs[0].Content)
	require.Contains(t, asJSON(t, m), `"content": "same"`)
}

func TestS21_ContentIsNotThatOfTheSentCopy(t *testing.T) {
	acc := events(t, data("accettazione", after(2*time.Second), nil), "acc.eml", Valid)
	s := copyOf("sent.eml", "a")
	m := only(t, ledger(&s, acc, carrying(t, "cons.eml", "b", Valid)), start)
	require.Equal(t, Red, m.Light)
	require.Equal(t, StatusConflict, m.Recipients[0].Status)
	require.True(t, m.Recipients[0].Verified)
	require.Contains(t, m.Recipients[0].Explanation, "content-differs: ")
	require.Contains(t, m.Recipients[0].Explanation, "the original in cons.eml is not what the sent copy sent.eml says")
	require.Len(t, m.Conflicts, 1)
	c := m.Conflicts[0]
	require.Equal(t, ConflictContent, c.Code)
	require.True(t, c.Verified)
	require.Equal(t, []string{"cons.eml", "sent.eml"}, c.Files)
	require.Contains(t, c.Detail, "the original in cons.eml is not what the sent copy sent.eml says")
	require.Contains(t, c.Detail, "valid proof cons.eml")
	i := slices.IndexFunc(m.Recipients[0].Proofs, func(p ProofStatus) bool { return p.File == "cons.eml" })
	require.Equal(t, ContentDiffers, m.Recipients[0].Proofs[i].Content)
	require.Contains(t, asJSON(t, m), `"content": "differs"`)
}

// What cannot be compared is not: a concise receipt, a copy whose bytes nobody
// read.
func TestS21_ContentThatIsNotKnown(t *testing.T) {
	for _, c := range []struct{ sent, proof string }{{"", "b"}, {"a", ""}, {"", ""}} {
		s := copyOf("sent.eml", c.sent)
		m := only(t, ledger(&s, carrying(t, "cons.eml", c.proof, Valid)), start)
		require.Equal(t, Green, m.Light)
		require.Equal(t, ContentNotCompared, m.Recipients[0].Proofs[0].Content)
		require.NotContains(t, asJSON(t, m), `"content"`)
	}
	m := only(t, ledger(nil, carrying(t, "cons.eml", "b", Valid)), start)
	require.Equal(t, Green, m.Light)
}

// A receipt that is not valid makes no verified conflict, and next to valid ones
// none at all.
func TestS21_UnverifiedContentConvictsNobody(t *testing.T) {
	for _, v := range []Verdict{Unverified, Indeterminate, Invalid} {
		s := copyOf("sent.eml", "a")
		m := only(t, ledger(&s, carrying(t, "forged.eml", "b", v)), start)
		require.Equal(t, Grey, m.Light, v)
		for _, c := range m.Conflicts {
			require.False(t, c.Verified, v)
		}
		require.Equal(t, v != Invalid, len(m.Conflicts) == 1, v)
		require.False(t, m.Recipients[0].Verified)

		m = only(t, ledger(&s, carrying(t, "cons.eml", "a", Valid), carrying(t, "forged.eml", "b", v)), start)
		require.Equal(t, Green, m.Light, v)
		require.Empty(t, m.Conflicts)

		acc := events(t, data("accettazione", after(2*time.Second), nil), "acc.eml", Valid)
		m = only(t, ledger(&s, acc, carrying(t, "forged.eml", "b", v)), start)
		require.Equal(t, Grey, m.Light, v)
		require.Empty(t, m.Conflicts)
		require.Equal(t, StatusAccepted, m.Recipients[0].Status)
		if v != Invalid {
			require.Equal(t, "its content is not that of the sent copy", m.Recipients[0].Proofs[1].Note)
		}
	}
}

// One receipt with another content is about the one message that all got.
func TestS21_ContentConcernsAllRecipients(t *testing.T) {
	s := sent(bruno, carla)
	s.Body = digest("a")
	one := events(t, data("avvenuta-consegna", after(9*time.Second), both(people(bruno, carla), to(bruno))), "one", Valid)
	two := events(t, data("avvenuta-consegna", after(9*time.Second), both(people(bruno, carla), to(carla))), "two", Valid)
	one[0].Proof.Body, two[0].Proof.Body = digest("a"), digest("b")
	m := only(t, ledger(&s, one, two), start)
	require.Equal(t, map[string]Status{bruno: StatusConflict, carla: StatusConflict}, statuses(m))
	require.Equal(t, Red, m.Light)
}

// A message that another sender sent under our Message-ID is none of ours.
func TestS21_ContentOfAnotherSender(t *testing.T) {
	s := copyOf("sent.eml", "a")
	other := carrying(t, "other.eml", "b", Valid)
	other[0].Sender = "evil@gamma.example"
	report := ledger(&s, other, carrying(t, "cons.eml", "a", Valid)).Snapshot(start)
	require.Equal(t, Green, report.Messages[0].Light)
	require.Equal(t, whySender, report.Orphans[0].Why)
}

func TestSubmittedTwiceWithTwoContents(t *testing.T) {
	one, two := copyOf("one.eml", "a"), copyOf("two.eml", "b")
	one.SHA256, two.SHA256 = digest("1"), digest("2")
	for _, c := range []struct {
		says  string
		light Light
	}{{"a", Amber}, {"b", Amber}, {"", Amber}, {"c", Red}} {
		l := NewLedger(nil)
		l.AddSent(two, one)
		l.Add(carrying(t, "cons.eml", c.says, Valid)...)
		m := only(t, l, start)
		require.Equal(t, c.light, m.Light, c.says)
		require.Equal(t, []string{FindingSubmittedTwice}, codesOf(m.Findings))
		require.Equal(t, whyTwice+"; one.eml; two.eml", m.Findings[0].Detail)
	}
}

// Copies that mailboxes have stored in their own ways are one submission.
func TestCopiesOfOneContent(t *testing.T) {
	one, two := copyOf("one.eml", "a"), copyOf("two.eml", "a")
	one.SHA256, two.SHA256 = digest("with LF"), digest("with CR LF")
	two.Time = after(time.Second)
	l := NewLedger(nil)
	l.AddSent(one, two)
	l.Add(carrying(t, "cons.eml", "a", Valid)...)
	m := only(t, l, start)
	require.Equal(t, Green, m.Light)
	require.Empty(t, m.Findings)

	three := two
	three.Subject = "Altro"
	l.AddSent(three)
	m = only(t, l, start)
	require.Equal(t, Green, m.Light)
	require.Equal(t, []string{FindingSubmittedTwice}, codesOf(m.Findings))

	unread := copyOf("", "")
	unread.SHA256 = digest("with LF")
	l = NewLedger(nil)
	l.AddSent(unread, one, one)
	l.Add(carrying(t, "cons.eml", "b", Valid)...)
	m = only(t, l, start)
	require.Equal(t, Red, m.Light, "the copy that was read says something else")
	require.Empty(t, m.Findings)
}

func TestSameSubmissionUnderTwoNames(t *testing.T) {
	for _, names := range [][]string{{"b", "a", ""}, {"", "a", "b"}, {"a", "b", ""}} {
		l := NewLedger(nil)
		for _, name := range names {
			l.AddSent(copyOf(name, "a"))
		}
		l.Add(carrying(t, "cons.eml", "b", Valid)...)
		m := only(t, l, start)
		require.Equal(t, []string{"cons.eml", "a"}, m.Conflicts[0].Files)
		require.Empty(t, m.Findings)
	}
}
