package pec_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/trust"
)

// Attacks on the outer header, which no signature covers.

const alfaFrom = "From: " + alfaMailbox + "\r\n"

func TestS04_OuterFromChanged(t *testing.T) {
	g := gestoreAlfa()
	good := g.receipt(t, "avvenuta-consegna")
	for _, from := range []string{"posta-certificata@gestore-z.example", "mario@gamma.example", "Gestore Alfa <avvisi@gestore-a.example>"} {
		r := g.judge(t, edit(t, good, alfaFrom, "From: "+from+"\r\n"))
		requireInvalid(t, r, trust.CheckSignerAddress)
		require.True(t, r.Signature.OK(), "the integrity is another matter")
	}
	requireInvalid(t, g.judge(t, edit(t, good, alfaFrom, "")), trust.CheckSignerAddress)

	real := reftest.File(t, "pec", "aruba-2018-accettazione.eml")
	builtin := store(t, trust.Material{Keys: []trust.KeyAnchor{trust.AgIDCA1()}})
	requireValid(t, judgeWith(t, real, builtin, nil))
	changed := edit(t, real, "From: posta-certificata@pec.aruba.it\n", "From: posta-certificata@legalmail.it\n")
	requireInvalid(t, judgeWith(t, changed, builtin, nil), trust.CheckSignerAddress)
}

func TestS05_DisplayNameSpeaksForAnother(t *testing.T) {
	g := gestoreAlfa()
	good := g.transport(t, submittedMail, nil)
	requireValid(t, g.judge(t, good))
	const behalf = `"Per conto di: ` + mario + `"`
	for _, name := range []string{
		`"Per conto di: direttore@pec.banca.example"`, `"per conto di:direttore@pec.banca.example"`, `Per conto di: direttore@pec.banca.example`,
		`=?utf-8?q?Per_conto_di=3A_direttore=40pec=2Ebanca=2Eexample?=`, `=?utf-8?b?UGVyIGNvbnRvIGRpOiBkaXJldHRvcmVAcGVjLmJhbmNhLmV4YW1wbGU=?=`,
	} {
		r := g.judge(t, edit(t, good, behalf, name))
		if strings.HasPrefix(name, "Per") { // not RFC 5322: the colon makes it a group
			requireInvalid(t, r, trust.CheckSignerAddress)
			continue
		}
		requireInvalid(t, r, trust.CheckHeaders)
		requireFindings(t, r, "display-name-mismatch")
	}
	r := g.judge(t, edit(t, good, behalf, `"Per conto di: MARIO.ROSSI@PEC.alfa.example"`))
	requireValid(t, r)
	m, err := pec.ParseBytes(edit(t, good, behalf, `"Per conto di: x@y.example"`), nil)
	require.NoError(t, err)
	require.Equal(t, mario, m.Sender(), "the certification data say who it is")
}

func TestS11_HeaderAndDataDisagree(t *testing.T) {
	g := gestoreAlfa()
	bad := edit(t, g.receipt(t, "errore-consegna"), "X-Ricevuta: errore-consegna", "X-Ricevuta: avvenuta-consegna")
	r := g.judge(t, bad)
	requireInvalid(t, r, trust.CheckHeaders)
	requireFindings(t, r, "type-mismatch")
	m, err := pec.ParseBytes(bad, nil)
	require.NoError(t, err)
	require.Equal(t, daticert.TypeNonDelivery, m.Data.Type)

	// An envelope passed off as a receipt, and the reverse.
	r = g.judge(t, edit(t, g.transport(t, submittedMail, nil), "X-Trasporto: posta-certificata", "X-Ricevuta: avvenuta-consegna"))
	requireInvalid(t, r, trust.CheckHeaders)
	r = g.judge(t, edit(t, g.receipt(t, "avvenuta-consegna"), "X-Ricevuta: avvenuta-consegna", "X-Trasporto: posta-certificata"))
	requireInvalid(t, r, trust.CheckHeaders, trust.CheckOriginal)
	// A receipt with data passed off as an anomaly envelope, which has none.
	r = g.judge(t, edit(t, g.receipt(t, "avvenuta-consegna"), "X-Ricevuta: avvenuta-consegna", "X-Trasporto: errore"))
	requireInvalid(t, r, trust.CheckCertificationData, trust.CheckOriginal)
	// An anomaly envelope, which certifies nothing, passed off as what does.
	anomaly := g.anomaly(t, []byte(submittedMail))
	requireValid(t, g.judge(t, anomaly))
	requireInvalid(t, g.judge(t, edit(t, anomaly, "X-Trasporto: errore", "X-Trasporto: posta-certificata")), trust.CheckCertificationData)
	requireInvalid(t, g.judge(t, edit(t, anomaly, "X-Trasporto: errore", "X-Ricevuta: avvenuta-consegna")), trust.CheckCertificationData)
	// The markers taken away.
	r = g.judge(t, edit(t, g.receipt(t, "avvenuta-consegna"), "X-Ricevuta: avvenuta-consegna\r\n", ""))
	requireOpen(t, r, trust.CheckHeaders)
	requireFindings(t, r, "headers-missing")
	require.Equal(t, pec.KindDelivery, r.Kind)
}

func TestS12_ReferenceIsNotMsgid(t *testing.T) {
	g := gestoreAlfa()
	bad := edit(t, g.receipt(t, "avvenuta-consegna"), "X-Riferimento-Message-ID: "+clientID, "X-Riferimento-Message-ID: <altro@pc-rossi.alfa.example>")
	r := g.judge(t, bad)
	requireInvalid(t, r, trust.CheckHeaders)
	requireFindings(t, r, "reference-mismatch")
	m, err := pec.ParseBytes(bad, nil)
	require.NoError(t, err)
	require.Equal(t, strings.Trim(clientID, "<>"), m.RefMessageID())
}

func TestS13_DuplicateHeaders(t *testing.T) {
	g := gestoreAlfa()
	good := g.receipt(t, "avvenuta-consegna")
	contentType := "Content-Type: multipart/mixed; boundary=ALTRO"
	for name, c := range map[string]struct {
		field  string
		failed []string
		codes  []string
	}{
		"From, other":              {"From: direttore@pec.banca.example", []string{trust.CheckSignerAddress, trust.CheckHeaders}, []string{"duplicate-header"}},
		"From, the same":           {strings.TrimSuffix(alfaFrom, "\r\n"), []string{trust.CheckSignerAddress, trust.CheckHeaders}, []string{"duplicate-header"}},
		"from, lower case":         {"fRoM: direttore@pec.banca.example", []string{trust.CheckSignerAddress, trust.CheckHeaders}, []string{"duplicate-header"}},
		"From, space before colon": {"From : direttore@pec.banca.example", []string{trust.CheckSignerAddress, trust.CheckHeaders}, []string{"duplicate-header"}},
		"X-Ricevuta, other":        {"X-Ricevuta: accettazione", []string{trust.CheckHeaders}, []string{"duplicate-header", "conflicting-markers", "unknown-marker"}},
		"X-Ricevuta, the same":     {"X-RICEVUTA: Avvenuta-Consegna", []string{trust.CheckHeaders}, []string{"duplicate-header"}},
		"X-Trasporto":              {"X-Trasporto: posta-certificata", []string{trust.CheckHeaders, trust.CheckOriginal}, []string{"conflicting-markers", "type-mismatch", "identifier-mismatch"}},
		"X-Riferimento":            {"X-Riferimento-Message-ID: <x@y.example>", []string{trust.CheckHeaders}, []string{"duplicate-header", "reference-mismatch"}},
		"Message-ID":               {"Message-ID: <x@y.example>", []string{trust.CheckHeaders}, []string{"duplicate-header"}},
		"Subject":                  {"Subject: altro", []string{trust.CheckHeaders}, []string{"duplicate-header", "subject-mismatch"}},
		"Date":                     {"Date: Tue, 03 Mar 2026 10:15:32 +0100", []string{trust.CheckHeaders}, []string{"duplicate-header"}},
		"To":                       {"To: altro@pec.beta.example", []string{trust.CheckHeaders}, []string{"duplicate-header"}},
	} {
		t.Run(name, func(t *testing.T) {
			for where, message := range map[string][]byte{"first": addHeader(good, c.field), "last": edit(t, good, "MIME-Version: 1.0\r\nContent-Type: multipart/signed", c.field+"\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed")} {
				r := g.judge(t, message)
				require.Equal(t, trust.Invalid, r.Verdict, where)
				require.Equal(t, c.failed, outcome(r, trust.Failed), where)
				if where == "first" {
					requireFindings(t, r, c.codes...)
				} else {
					require.Contains(t, findingCodes(r.Findings), c.codes[0])
				}
			}
		})
	}
	for name, message := range map[string][]byte{
		"first":    addHeader(good, contentType),
		"last":     edit(t, good, "Content-Type: multipart/signed", contentType+"\r\nContent-Type: multipart/signed"),
		"the same": edit(t, good, "Content-Type: multipart/signed", "Content-Type: multipart/signed; boundary=\""+boundaryOf(t, good)+"\"\r\nContent-Type: multipart/signed"),
	} {
		t.Run("Content-Type "+name, func(t *testing.T) {
			r := g.judge(t, message)
			requireInvalid(t, r, trust.CheckSignature, trust.CheckCertificationData, trust.CheckHeaders)
			require.Contains(t, findingCodes(r.Findings), "duplicate-content-type")
			require.Empty(t, r.Signature.Signers, "its structure is not followed")
		})
	}
}

func TestS25_LookAlikes(t *testing.T) {
	g := gestoreAlfa()
	good := g.receipt(t, "avvenuta-consegna")
	for _, from := range []string{
		"posta-certificata@gestore-a.example.", "posta-certificata@gestore-a.exampIe", "posta-certificata@gestore_a.example",
		"posta-certificata@gestore-а.example" /* Cyrillic */, "posta-certificata@gestore-ａ.example" /* full width */, "posta-certificata@xn--gestore--8fg.example",
		"posta-certificata@gestore-a.example.evil.example", "posta-certificata@mail.gestore-a.example", "posta-certificata@gestore-a.example@evil.example",
		"posta-certificata+x@gestore-a.example", "postacertificata@gestore-a.example", "\"posta-certificata@gestore-a.example\"@evil.example",
	} {
		requireInvalid(t, g.judge(t, edit(t, good, alfaFrom, "From: "+from+"\r\n")), trust.CheckSignerAddress)
	}
	for _, from := range []string{"Posta-Certificata@GESTORE-A.Example", "<" + alfaMailbox + ">", "\"posta-certificata\"@gestore-a.example"} {
		requireValid(t, g.judge(t, edit(t, good, alfaFrom, "From: "+from+"\r\n")))
	}
}

func TestS26_EncodedWordsInFrom(t *testing.T) {
	g := gestoreAlfa()
	good := g.receipt(t, "avvenuta-consegna")
	for _, from := range []string{
		"=?utf-8?Q?posta-certificata=40gestore-a=2Eexample?= <x@evil.example>",
		"=?utf-8?Q?posta-certificata=40gestore-a=2Eexample_=3Cposta-certificata=40gestore-a=2Eexample=3E?= <x@evil.example>",
		"=?utf-8?Q?posta-certificata=40gestore-a=2Eexample?=",
		"=?utf-8?b?cG9zdGEtY2VydGlmaWNhdGFAZ2VzdG9yZS1hLmV4YW1wbGU=?=",
		"<=?utf-8?Q?posta-certificata=40gestore-a=2Eexample?=>",
		"\"" + alfaMailbox + "\" <x@evil.example>", "\"<" + alfaMailbox + ">\" <x@evil.example>", "\"\\\"<" + alfaMailbox + ">\" <x@evil.example>",
		"x@evil.example (" + alfaMailbox + ")", "=?x?= <x@evil.example>", "=?utf-8?Q?\"_<posta-certificata@gestore-a.example>?= <x@evil.example>",
	} {
		requireInvalid(t, g.judge(t, edit(t, good, alfaFrom, "From: "+from+"\r\n")), trust.CheckSignerAddress)
	}
}

func TestS27_NotOneMailbox(t *testing.T) {
	g := gestoreAlfa()
	good := g.receipt(t, "avvenuta-consegna")
	for name, from := range map[string]string{
		"two":                     alfaMailbox + ", x@evil.example",
		"two, other order":        "x@evil.example, " + alfaMailbox,
		"two in brackets":         "<x@evil.example> <" + alfaMailbox + ">",
		"brackets in brackets":    "<x@evil.example<" + alfaMailbox + ">>",
		"group":                   "Gestore: " + alfaMailbox + ";",
		"group of two":            "Gestore: " + alfaMailbox + ", x@evil.example;",
		"empty group":             "Gestore:;",
		"route":                   "<@evil.example:" + alfaMailbox + ">",
		"none":                    "",
		"only a name":             "Gestore Alfa",
		"brackets empty":          "<>",
		"NUL in the address":      "posta-certificata\x00@evil.example@gestore-a.example",
		"NUL behind":              alfaMailbox + "\x00@evil.example",
		"NUL in the quoted name":  "\"Gestore\x00\" <" + alfaMailbox + ">",
		"CR in the quoted name":   "\"Gestore\rFrom: x@evil.example\r\" <" + alfaMailbox + ">",
		"CR before":               "x@evil.example\r" + alfaMailbox,
		"unclosed comment":        alfaMailbox + " (",
		"semicolon":               alfaMailbox + "; x@evil.example",
		"colon in a comment":      alfaMailbox + " (a:b)",
		"comma without a mailbox": alfaMailbox + ", evil",
	} {
		t.Run(name, func(t *testing.T) {
			r := g.judge(t, edit(t, good, alfaFrom, "From: "+from+"\r\n"))
			requireInvalid(t, r, trust.CheckSignerAddress)
			m, err := pec.ParseBytes(edit(t, good, alfaFrom, "From: "+from+"\r\n"), nil)
			require.NoError(t, err)
			require.Equal(t, mario, m.Sender(), "the certified one")
		})
	}
	for name, from := range map[string]string{
		"comment": alfaMailbox + " (Gestore)", "folded": "\"Gestore Alfa\"\r\n\t<" + alfaMailbox + ">", "name in UTF-8": "\"è\" <" + alfaMailbox + ">",
	} {
		t.Run(name, func(t *testing.T) {
			requireValid(t, g.judge(t, edit(t, good, alfaFrom, "From: "+from+"\r\n")))
		})
	}
}

// TestS28_ControlBytesInTheHeader: bytes over which two parsers disagree are
// reported, and never turn a message into something else.
func TestS28_ControlBytesInTheHeader(t *testing.T) {
	g := gestoreAlfa()
	good := g.receipt(t, "accettazione")
	for name, c := range map[string]struct {
		message []byte
		codes   []string
	}{
		"CR hides a marker":       {addHeader(good, "X-A: a\rX-Ricevuta: avvenuta-consegna\rX-B: b"), []string{"cr-in-header"}},
		"CR hides the end":        {addHeader(good, "X-A: a\r\rContent-Type: text/html\r\rfalso"), []string{"cr-in-header"}},
		"CR at the end of a line": {addHeader(good, "X-A: a\r"), []string{"cr-in-header"}},
		"NUL":                     {addHeader(good, "X-A: a\x00b"), []string{"nul-in-header"}},
		"NUL in a name":           {addHeader(good, "X-\x00A: b"), []string{"malformed-header-line", "nul-in-header"}},
		"8-bit":                   {addHeader(good, "X-A: \xe8"), nil},
		"no colon":                {addHeader(good, "Content-Type"), []string{"malformed-header-line"}},
		"mbox":                    {addHeader(good, "From x@evil.example Tue Mar  3 10:15:32 2026"), []string{"mbox-separator"}},
		"folded at the start":     {addHeader(good, " X-Ricevuta: avvenuta-consegna"), []string{"malformed-header-line"}},
		"byte order mark":         {append([]byte("\xef\xbb\xbf"), good...), []string{"malformed-header-line"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := g.judge(t, c.message)
			require.Equal(t, pec.KindAcceptance, r.Kind)
			requireValid(t, r)
			requireFindings(t, r, c.codes...)
		})
	}
}

// TestS28_LineEnds: the copies that programs make, and those that an attacker
// would like them to be.
func TestS28_LineEnds(t *testing.T) {
	g := gestoreAlfa()
	good := g.receipt(t, "accettazione")
	lf := strings.ReplaceAll(string(good), "\r\n", "\n")
	m, err := envelope.OpenBytes(good, nil)
	require.NoError(t, err)
	head, signed, tail := string(good[:m.Signed.Entity.Start]), string(good[m.Signed.Entity.Start:m.Signed.Entity.End]), string(good[m.Signed.Entity.End:])
	for name, c := range map[string]struct {
		message string
		valid   bool
		codes   []string
	}{
		"LF":                {lf, true, []string{"line-endings-changed"}},
		"LF outside only":   {strings.ReplaceAll(head, "\r\n", "\n") + signed + strings.ReplaceAll(tail, "\r\n", "\n"), true, []string{"line-endings-changed"}},
		"LF inside only":    {head + strings.ReplaceAll(signed, "\r\n", "\n") + tail, true, []string{"line-endings-changed"}},
		"LF at a delimiter": {head + strings.Replace(signed, "\r\nContent-Type: text/plain", "\nContent-Type: text/plain", 1) + tail, true, []string{"line-endings-changed"}},
		"mixed":             {head + strings.Replace(signed, "\r\n", "\n", 3) + tail, true, []string{"line-endings-changed"}},
		"CR CR LF":          {head + strings.ReplaceAll(signed, "\r\n", "\r\r\n") + tail, true, []string{"line-endings-as-signed"}},
		"CR only":           {strings.ReplaceAll(string(good), "\r\n", "\r"), false, nil},
		"CR only inside":    {head + strings.ReplaceAll(signed, "\r\n", "\r") + tail, false, nil},
		"blanks stripped":   {strings.ReplaceAll(string(good), "; ", ";"), false, nil},
		"an LF more":        {head + strings.Replace(signed, "\r\n\r\n", "\r\n\n\r\n", 1) + tail, false, nil},
		"a CR more":         {head + strings.Replace(signed, "messaggio", "mes\rsaggio", 1) + tail, false, nil},
		"a NUL more":        {head + strings.Replace(signed, "messaggio", "mes\x00saggio", 1) + tail, false, nil},
		"a line end more":   {head + signed + "\r\n" + tail, false, nil},
		"a line end less":   {head + strings.TrimSuffix(signed, "\r\n") + tail, false, nil},
		"a blank line end":  {head + strings.Replace(signed, "\r\n", " \r\n", 1) + tail, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := pec.ParseBytes([]byte(c.message), nil)
			require.NoError(t, err)
			r, err := pec.NewVerifier(g.store(t), nil).Verify(t.Context(), parsed)
			require.NoError(t, err)
			if !c.valid {
				require.NotEqual(t, trust.Valid, r.Verdict)
				return
			}
			requireValid(t, r)
			require.Subset(t, findingCodes(r.Findings), c.codes)
			require.Equal(t, mario, parsed.Data.Sender)
		})
	}
}

// TestVisibleFieldsAgainstTheData: Subject and Reply-To are unsigned and what a
// user sees and uses first. A difference is told and fails nothing.
func TestVisibleFieldsAgainstTheData(t *testing.T) {
	g := gestoreAlfa()
	long := strings.Repeat("parola ", 60)
	envelope := g.transport(t, submittedMail, nil)
	with := func(old, with string) []byte {
		return g.transport(t, strings.Replace(submittedMail, old, with, 1), nil)
	}
	outer := func(message []byte, old, with string) []byte { // the first, which the original has too
		return []byte(strings.Replace(string(message), old, with, 1))
	}
	ownReplyTo := with("Subject:", "Reply-To: Ufficio <u@pec.alfa.example>, altri@pec.alfa.example\r\nSubject:")
	for name, c := range map[string]struct {
		message []byte
		codes   []string
	}{
		"subject":                          {edit(t, envelope, "Subject: POSTA CERTIFICATA: Contratto n. 7", "Subject: POSTA CERTIFICATA: Sfratto n. 7"), []string{"subject-mismatch"}},
		"subject, more behind":             {edit(t, envelope, "Subject: POSTA CERTIFICATA: Contratto n. 7", "Subject: POSTA CERTIFICATA: Contratto n. 7 URGENTE"), []string{"subject-mismatch"}},
		"prefix of another kind":           {edit(t, g.receipt(t, "errore-consegna"), "Subject: AVVISO DI MANCATA CONSEGNA:", "Subject: CONSEGNA:"), []string{"subject-mismatch"}},
		"prefix twice":                     {edit(t, envelope, "Subject: POSTA CERTIFICATA:", "Subject: POSTA CERTIFICATA: POSTA CERTIFICATA:"), []string{"subject-mismatch"}},
		"no prefix":                        {edit(t, envelope, "Subject: POSTA CERTIFICATA: ", "Subject: "), []string{"subject-mismatch"}},
		"no Subject":                       {edit(t, envelope, "Subject: POSTA CERTIFICATA: Contratto n. 7\r\n", ""), nil},
		"folded":                           {edit(t, envelope, "Subject: POSTA CERTIFICATA: Contratto n. 7", "Subject: POSTA CERTIFICATA:\r\n  Contratto\r\n\tn.  7"), nil},
		"no oggetto":                       {with("Subject: Contratto n. 7\r\n", ""), nil},
		"empty oggetto":                    {with("Subject: Contratto n. 7", "Subject:"), nil},
		"truncated":                        {edit(t, with("Subject: Contratto n. 7", "Subject: "+long), " parola parola\r\nX-Riferimento", "\r\nX-Riferimento"), nil},
		"a prefix of its own":              {with("Subject: Contratto", "Subject: POSTA CERTIFICATA: Contratto"), nil},
		"reply-to":                         {edit(t, envelope, "Reply-To: "+mario, "Reply-To: falso@pec.alfa.example"), []string{"reply-to-mismatch"}},
		"reply-to, another name":           {edit(t, envelope, "Reply-To: "+mario, "Reply-To: \"x@y.example\" <"+strings.ToUpper(mario)+">"), nil},
		"reply-to, one more":               {edit(t, envelope, "Reply-To: "+mario, "Reply-To: "+mario+", falso@pec.alfa.example"), []string{"reply-to-mismatch"}},
		"reply-to twice":                   {edit(t, envelope, "Reply-To: "+mario, "Reply-To: "+mario+"\r\nReply-To: falso@pec.alfa.example"), []string{"reply-to-mismatch"}},
		"no reply-to":                      {edit(t, envelope, "Reply-To: "+mario+"\r\n", ""), nil},
		"reply-to of the original":         {ownReplyTo, nil},
		"reply-to of the original, other":  {outer(ownReplyTo, ", altri@", ", falsi@"), []string{"reply-to-mismatch"}},
		"reply-to of the original, a part": {outer(ownReplyTo, "Ufficio <u@pec.alfa.example>, altri@pec.alfa.example", "u@pec.alfa.example"), nil},
		"reply-to of a receipt":            {addHeader(g.receipt(t, "avvenuta-consegna"), "Reply-To: assistenza@gestore-a.example"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := g.judge(t, c.message)
			requireValid(t, r)
			requireFindings(t, r, c.codes...)
		})
	}
}
