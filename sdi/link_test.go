package sdi_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/sdi"
)

const (
	clientID = "7f3c.1@pc.alfa.example"
	pecID    = "pec1.20260302090000.00042.1@gestore-a.example"
)

func sentInvoice() sdi.Sent {
	return sdi.Sent{FileName: invoiceName, SHA256: strings.Repeat("aa", 32), PayloadSHA256: strings.Repeat("bb", 32), MessageID: clientID, Identifier: pecID}
}

func notice(typ sdi.Type, change func(*sdi.Notice)) sdi.Notice {
	n := sdi.Notice{Verified: true, Time: at}
	n.Type, n.Channel, n.ID, n.FileName = typ, sdi.ChannelPA, "42", invoiceName
	if change != nil {
		change(&n)
	}
	return n
}

func outcome(result string) sdi.Notice {
	return notice(sdi.NE, func(n *sdi.Notice) { n.Outcome = &sdi.Outcome{Result: result} })
}

func conflictCodes(list []sdi.Conflict) []string {
	out := []string{}
	for _, c := range list {
		out = append(out, c.Code)
	}
	return out
}

func TestSDI_LinkKeys(t *testing.T) {
	other := sdi.Sent{FileName: "IT01234567890_00002.xml", SHA256: strings.Repeat("cc", 32), PayloadSHA256: strings.Repeat("cc", 32), MessageID: "other@pc.alfa.example", Identifier: "other@gestore-a.example"}
	for what, c := range map[string]struct {
		change    func(*sdi.Notice)
		keys      []sdi.Key
		hash      sdi.HashMatch
		conflicts []string
	}{
		"name":               {nil, []sdi.Key{sdi.ByFileName}, sdi.HashAbsent, nil},
		"name, other case":   {func(n *sdi.Notice) { n.FileName = "it01234567890_00001.XML" }, []sdi.Key{sdi.ByFileName}, sdi.HashAbsent, nil},
		"PEC identifier":     {func(n *sdi.Notice) { n.FileName, n.PECMessageID = "", pecID }, []sdi.Key{sdi.ByIdentifier}, sdi.HashAbsent, nil},
		"Message-ID":         {func(n *sdi.Notice) { n.FileName, n.PECMessageID = "", "<"+clientID+">" }, []sdi.Key{sdi.ByPECMessageID}, sdi.HashAbsent, nil},
		"hash":               {func(n *sdi.Notice) { n.FileName, n.Hash = "", strings.Repeat("AA", 32) }, []sdi.Key{sdi.ByHash}, sdi.HashTransmitted, nil},
		"payload's hash":     {func(n *sdi.Notice) { n.Hash = strings.Repeat("bb", 32) }, []sdi.Key{sdi.ByFileName, sdi.ByPayloadHash}, sdi.HashPayload, nil},
		"hash of original":   {func(n *sdi.Notice) { n.OriginalHash = "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=" }, []sdi.Key{sdi.ByFileName, sdi.ByHash}, sdi.HashTransmitted, nil},
		"all of them":        {func(n *sdi.Notice) { n.PECMessageID, n.Hash = pecID, strings.Repeat("aa", 32) }, []sdi.Key{sdi.ByFileName, sdi.ByIdentifier, sdi.ByHash}, sdi.HashTransmitted, nil},
		"another hash":       {func(n *sdi.Notice) { n.Hash = strings.Repeat("dd", 32) }, []sdi.Key{sdi.ByFileName}, sdi.HashDiffers, []string{"hash-differs"}},
		"no hash at all":     {func(n *sdi.Notice) { n.Hash = "nonsense" }, []sdi.Key{sdi.ByFileName}, sdi.HashDiffers, []string{"hash-differs"}},
		"hashes differ":      {func(n *sdi.Notice) { n.Hash, n.OriginalHash = strings.Repeat("aa", 32), strings.Repeat("dd", 32) }, []sdi.Key{sdi.ByFileName, sdi.ByHash}, sdi.HashDiffers, []string{"hash-differs"}},
		"unknown PEC id":     {func(n *sdi.Notice) { n.PECMessageID = "x@y.example" }, []sdi.Key{sdi.ByFileName}, sdi.HashAbsent, []string{"pec-message-id-differs"}},
		"the other's PEC id": {func(n *sdi.Notice) { n.PECMessageID = "other@gestore-a.example" }, []sdi.Key{sdi.ByFileName}, sdi.HashAbsent, []string{"keys-disagree", "pec-message-id-differs"}},
		"the name differs":   {func(n *sdi.Notice) { n.FileName, n.PECMessageID = "IT01234567890_00009.xml", pecID }, []sdi.Key{sdi.ByIdentifier}, sdi.HashAbsent, []string{"file-name-differs"}},
	} {
		l := sdi.Link(sdi.Facts{Sent: []sdi.Sent{other, sentInvoice()}, Notices: []sdi.Notice{notice(sdi.RC, c.change)}})
		require.Len(t, l.Lives, 2)
		require.Empty(t, l.Orphans, what)
		life := l.Lives[0]
		require.Equal(t, invoiceName, life.FileName)
		require.Len(t, life.Notices, 1, what)
		require.Equal(t, c.keys, life.Notices[0].Keys, what)
		require.Equal(t, c.hash, life.Notices[0].Hash, what)
		require.Equal(t, c.conflicts == nil, life.Notices[0].Counts, what)
		if c.conflicts == nil {
			require.Equal(t, sdi.StateDelivered, life.State, what)
			require.Equal(t, "42", life.ID, what)
			require.Equal(t, sdi.StateWaiting, l.Lives[1].State, what)
			require.Empty(t, life.Conflicts)
		} else {
			require.Equal(t, sdi.StateConflict, life.State, what)
			require.Equal(t, c.conflicts, conflictCodes(life.Conflicts), what)
		}
	}
	l := sdi.Link(sdi.Facts{Sent: []sdi.Sent{sentInvoice()}, Notices: []sdi.Notice{notice(sdi.RC, func(n *sdi.Notice) { n.FileName = "IT01234567890_00003.xml" })}})
	require.Len(t, l.Orphans, 1)
	require.Equal(t, sdi.StateWaiting, l.Lives[0].State)
}

func TestSDI_States(t *testing.T) {
	for what, c := range map[string]struct {
		notices   []sdi.Notice
		want      sdi.State
		conflicts []string
	}{
		"nothing":           {nil, sdi.StateWaiting, []string{}},
		"RC":                {[]sdi.Notice{notice(sdi.RC, nil)}, sdi.StateDelivered, []string{}},
		"NS":                {[]sdi.Notice{notice(sdi.NS, nil)}, sdi.StateRejected, []string{}},
		"MC":                {[]sdi.Notice{notice(sdi.MC, nil)}, sdi.StateUndeliverable, []string{}},
		"MC, then RC":       {[]sdi.Notice{notice(sdi.MC, nil), notice(sdi.RC, nil)}, sdi.StateDelivered, []string{}},
		"MC, then AT":       {[]sdi.Notice{notice(sdi.MC, nil), notice(sdi.AT, nil)}, sdi.StateAttested, []string{}},
		"RC, accepted":      {[]sdi.Notice{notice(sdi.RC, nil), outcome("EC01")}, sdi.StateAccepted, []string{}},
		"refused":           {[]sdi.Notice{outcome("EC02")}, sdi.StateRefused, []string{}},
		"RC, DT":            {[]sdi.Notice{notice(sdi.RC, nil), notice(sdi.DT, nil)}, sdi.StateExpired, []string{}},
		"RC twice":          {[]sdi.Notice{notice(sdi.RC, nil), notice(sdi.RC, nil)}, sdi.StateDelivered, []string{}},
		"RC and NS":         {[]sdi.Notice{notice(sdi.RC, nil), notice(sdi.NS, nil)}, sdi.StateConflict, []string{"notifications-contradict"}},
		"RC and AT":         {[]sdi.Notice{notice(sdi.RC, nil), notice(sdi.AT, nil)}, sdi.StateConflict, []string{"notifications-contradict"}},
		"NE and DT":         {[]sdi.Notice{outcome("EC01"), notice(sdi.DT, nil)}, sdi.StateConflict, []string{"notifications-contradict"}},
		"both outcomes":     {[]sdi.Notice{outcome("EC01"), outcome("EC02")}, sdi.StateConflict, []string{"outcomes-contradict"}},
		"two numbers":       {[]sdi.Notice{notice(sdi.RC, nil), notice(sdi.MC, func(n *sdi.Notice) { n.ID = "43" })}, sdi.StateConflict, []string{"sdi-identifiers-differ"}},
		"not verified":      {[]sdi.Notice{notice(sdi.NS, func(n *sdi.Notice) { n.Verified = false }), notice(sdi.RC, nil)}, sdi.StateDelivered, []string{}},
		"forged, and odd":   {[]sdi.Notice{notice(sdi.NS, func(n *sdi.Notice) { n.Verified, n.Hash = false, strings.Repeat("dd", 32) })}, sdi.StateWaiting, []string{}},
		"broken":            {[]sdi.Notice{notice(sdi.NS, func(n *sdi.Notice) { n.Broken = true }), notice(sdi.RC, nil)}, sdi.StateDelivered, []string{}},
		"a test":            {[]sdi.Notice{notice(sdi.NS, func(n *sdi.Notice) { n.Simulation = true })}, sdi.StateWaiting, []string{}},
		"EC says nothing":   {[]sdi.Notice{notice(sdi.EC, func(n *sdi.Notice) { n.Outcome = &sdi.Outcome{Result: "EC01"} })}, sdi.StateWaiting, []string{}},
		"outcomes of a lot": {[]sdi.Notice{lotOutcome("EC01", "1"), lotOutcome("EC02", "2")}, sdi.StateMixed, []string{}},
		"lot, all accepted": {[]sdi.Notice{lotOutcome("EC01", "1"), lotOutcome("EC01", "2")}, sdi.StateAccepted, []string{}},
		"lot, one twice":    {[]sdi.Notice{lotOutcome("EC01", "1"), lotOutcome("EC02", "1")}, sdi.StateConflict, []string{"outcomes-contradict"}},
		"lot, one and all":  {[]sdi.Notice{outcome("EC01"), lotOutcome("EC02", "1")}, sdi.StateConflict, []string{"outcomes-contradict"}},
		"lot, rest expired": {[]sdi.Notice{lotOutcome("EC01", "1"), notice(sdi.DT, func(n *sdi.Notice) { n.Invoice = &sdi.InvoiceRef{Number: "2"} })}, sdi.StateMixed, []string{}},
	} {
		life := sdi.Link(sdi.Facts{Sent: []sdi.Sent{sentInvoice()}, Notices: c.notices}).Lives[0]
		require.Equal(t, c.want, life.State, "%s: %v", what, life.Conflicts)
		require.Equal(t, c.conflicts, conflictCodes(life.Conflicts), what)
	}
}

func lotOutcome(result, number string) sdi.Notice {
	return notice(sdi.NE, func(n *sdi.Notice) {
		n.Outcome = &sdi.Outcome{Result: result, Invoice: &sdi.InvoiceRef{Number: number, Year: "2026"}}
	})
}

// PEC delivered it to SDI: that is no delivery to the customer, and the other
// way round.
func TestSDI_TwoLevels(t *testing.T) {
	carried := func(s receipt.Status) []sdi.Carriage {
		return []sdi.Carriage{{MessageID: "<" + clientID + ">", Identifier: pecID, Recipient: "sdi01@pec.fatturapa.it", Status: s, Accepted: at}}
	}
	for _, c := range []struct {
		pec     receipt.Status
		notices []sdi.Notice
		want    sdi.State
	}{
		{receipt.StatusDelivered, nil, sdi.StateWaiting},
		{receipt.StatusFailed, nil, sdi.StateWaiting},
		{receipt.StatusAccepted, []sdi.Notice{notice(sdi.RC, nil)}, sdi.StateDelivered},
		{receipt.StatusDelivered, []sdi.Notice{notice(sdi.NS, nil)}, sdi.StateRejected},
		{receipt.StatusFailed, []sdi.Notice{notice(sdi.RC, nil)}, sdi.StateConflict},
		{receipt.StatusFailed, []sdi.Notice{notice(sdi.RC, func(n *sdi.Notice) { n.Verified = false })}, sdi.StateWaiting},
	} {
		sent := sentInvoice()
		sent.Identifier = "" // known from the carriage
		l := sdi.Link(sdi.Facts{Sent: []sdi.Sent{sent}, Notices: c.notices, Carriage: carried(c.pec)})
		life := l.Lives[0]
		require.Equal(t, c.want, life.State)
		require.Len(t, life.Carriage, 1)
		require.Equal(t, c.pec, life.Carriage[0].Status)
		require.Equal(t, pecID, life.Sent.Identifier)
		require.Empty(t, l.Unused)
		if c.want == sdi.StateConflict {
			require.Equal(t, []string{"outcome-without-delivery"}, conflictCodes(life.Conflicts))
		}
	}
	l := sdi.Link(sdi.Facts{Carriage: carried(receipt.StatusDelivered)})
	require.Len(t, l.Unused, 1)
}

func TestSDI_LinkAmbiguous(t *testing.T) {
	again := sentInvoice()
	again.MessageID, again.Identifier, again.SHA256, again.PayloadSHA256 = "second@pc.alfa.example", "second@gestore-a.example", strings.Repeat("ee", 32), strings.Repeat("ee", 32)
	facts := sdi.Facts{Sent: []sdi.Sent{sentInvoice(), again}, Notices: []sdi.Notice{notice(sdi.RC, nil)}}
	for _, life := range sdi.Link(facts).Lives {
		require.Equal(t, sdi.StateConflict, life.State)
		require.Equal(t, []string{"ambiguous"}, conflictCodes(life.Conflicts))
	}
	facts.Notices[0].PECMessageID = again.Identifier // the PEC transaction decides
	l := sdi.Link(facts)
	require.Equal(t, []sdi.State{sdi.StateWaiting, sdi.StateDelivered}, []sdi.State{l.Lives[0].State, l.Lives[1].State})
	require.Equal(t, again, l.Lives[1].Sent)
}

func TestSDI_LinkArchive(t *testing.T) {
	zip := sdi.Sent{FileName: "IT01234567890_00009.zip", Names: []string{invoiceName, "IT01234567890_00002.xml", "readme.txt"}, MessageID: clientID, Identifier: pecID, SHA256: strings.Repeat("aa", 32), PayloadSHA256: strings.Repeat("aa", 32)}
	l := sdi.Link(sdi.Facts{Sent: []sdi.Sent{zip}, Notices: []sdi.Notice{
		notice(sdi.RC, func(n *sdi.Notice) {
			n.Archive, n.PECMessageID, n.Hash = sdi.ArchiveRef{ID: "40", FileName: zip.FileName}, pecID, strings.Repeat("dd", 32)
		}),
		notice(sdi.NS, func(n *sdi.Notice) { n.FileName, n.ID = "IT01234567890_00002.xml", "43" }),
		notice(sdi.NS, func(n *sdi.Notice) {
			n.FileName, n.ID, n.Archive.FileName = invoiceName, "44", "IT01234567890_00008.zip"
		}),
	}})
	states := map[string]sdi.State{}
	for _, life := range l.Lives {
		states[life.Archive+"/"+life.FileName] = life.State
	}
	require.Equal(t, map[string]sdi.State{"/IT01234567890_00009.zip": sdi.StateWaiting, "IT01234567890_00009.zip/" + invoiceName: sdi.StateDelivered,
		"IT01234567890_00009.zip/IT01234567890_00002.xml": sdi.StateRejected}, states)
	require.Len(t, l.Orphans, 1, "about another archive")
}

// SE and DT to the customer's side name no file that was sent: the number links.
func TestSDI_LinkByNumber(t *testing.T) {
	received := sdi.Sent{FileName: "IT09876543210_00001.xml", ID: "77"}
	se := notice(sdi.SE, func(n *sdi.Notice) { n.ID, n.FileName = "77", "" })
	l := sdi.Link(sdi.Facts{Sent: []sdi.Sent{received, sentInvoice()}, Notices: []sdi.Notice{se, notice(sdi.RC, nil), notice(sdi.SE, func(n *sdi.Notice) { n.FileName = "" })}})
	require.Empty(t, l.Orphans)
	require.Equal(t, []sdi.Key{sdi.BySDIIdentifier}, l.Lives[1].Notices[0].Keys)
	require.Len(t, l.Lives[0].Notices, 2, "the number is known from the RC")
	l = sdi.Link(sdi.Facts{Sent: []sdi.Sent{sentInvoice()}, Notices: []sdi.Notice{notice(sdi.RC, func(n *sdi.Notice) { n.Verified = false }), notice(sdi.SE, func(n *sdi.Notice) { n.FileName = "" })}})
	require.Len(t, l.Orphans, 1, "what does not count tells no numbers")
}

func TestSDI_LinkDoesNotDependOnOrder(t *testing.T) {
	facts := sdi.Facts{Sent: []sdi.Sent{sentInvoice(), {FileName: "IT01234567890_00002.xml", MessageID: "b@x.example"}, {FileName: invoiceName, MessageID: clientID, Source: "copy"}},
		Carriage: []sdi.Carriage{{MessageID: clientID, Status: receipt.StatusDelivered, Recipient: "a@b.example"}, {MessageID: "b@x.example", Status: receipt.StatusFailed}, {MessageID: "c", Status: receipt.StatusFailed}}}
	for i, typ := range sdi.Types() {
		facts.Notices = append(facts.Notices, notice(typ, func(n *sdi.Notice) {
			n.Time = at.Add(time.Duration(i%3) * time.Hour)
			n.Simulation = i%2 == 0
			if i%4 == 0 {
				n.FileName = "IT01234567890_00002.xml"
			}
		}), outcome("EC01"), lotOutcome("EC02", "1"))
	}
	want := sdi.Link(facts)
	require.Len(t, want.Lives, 2, "two sayings of one file are one")
	require.Equal(t, "copy", want.Lives[0].Sent.Source)
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		r.Shuffle(len(facts.Notices), func(i, j int) { facts.Notices[i], facts.Notices[j] = facts.Notices[j], facts.Notices[i] })
		r.Shuffle(len(facts.Sent), func(i, j int) { facts.Sent[i], facts.Sent[j] = facts.Sent[j], facts.Sent[i] })
		r.Shuffle(len(facts.Carriage), func(i, j int) { facts.Carriage[i], facts.Carriage[j] = facts.Carriage[j], facts.Carriage[i] })
		double := facts
		double.Notices = append(append([]sdi.Notice{}, facts.Notices...), facts.Notices...)
		require.Equal(t, want, sdi.Link(double), "seed %d", seed)
	}
}
