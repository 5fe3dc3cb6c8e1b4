package pec_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
)

// foreign is a message that another program composed.
func foreign(t testing.TB, change ...string) *envelope.Message {
	t.Helper()
	raw := "From: \"Ufficio\" <ufficio@azienda.example>\r\n" +
		"To: Anna <anna@uno.example>,\r\n bruno@due.example\r\n" +
		"Cc: carla@tre.example\r\n" +
		"Subject: prova\r\n" +
		"Date: Sat, 21 Nov 2026 10:30:00 +0100\r\n" +
		"Message-ID: <1@azienda.example>\r\n" +
		"MIME-Version: 1.0\r\n" +
		"\r\n" +
		"testo\r\n"
	for i := 0; i < len(change); i += 2 {
		require.Contains(t, raw, change[i])
		raw = strings.Replace(raw, change[i], change[i+1], 1)
	}
	m, err := envelope.OpenBytes([]byte(raw), nil)
	require.NoError(t, err)
	return m
}

var (
	foreignPath = "ufficio@azienda.example"
	foreignRCPT = []string{"anna@uno.example", "bruno@due.example", "carla@tre.example"}
)

func foreignAccount() *pec.Account {
	return &pec.Account{Address: "ufficio@azienda.example", User: "M1234567", Host: "smtp.gestore.example", Port: 465}
}

func TestPreflightPasses(t *testing.T) {
	for _, a := range []*pec.Account{nil, foreignAccount()} {
		findings, err := pec.Preflight(foreign(t), foreignPath, foreignRCPT, a)
		require.NoError(t, err)
		require.Empty(t, findings)
	}
	findings, err := pec.Preflight(foreign(t), "<Ufficio@AZIENDA.example>", []string{"<CARLA@tre.example>", "bruno@due.example", "anna@UNO.example", "anna@uno.example"}, foreignAccount())
	require.NoError(t, err)
	require.Empty(t, findings)
	_, err = pec.Preflight(nil, "", nil, nil)
	require.ErrorIs(t, err, envelope.ErrEmpty)
}

func TestSND01_AuthenticatedAndTLS(t *testing.T) {
	for _, s := range []pec.Security{pec.ImplicitTLS, pec.StartTLS} {
		a := foreignAccount()
		a.Security = s
		require.NoError(t, a.Check())
	}
	for _, s := range []pec.Security{pec.Plaintext, 99, -1} {
		a := foreignAccount()
		a.Security = s
		require.ErrorIs(t, a.Check(), pec.ErrInsecureSubmission)
		_, err := pec.Preflight(foreign(t), foreignPath, foreignRCPT, a)
		require.Equal(t, []string{"SND-01"}, rulesOf(err))
		_, err = pec.Compose(everydayDraft(), &pec.ComposeOptions{Account: a})
		require.ErrorIs(t, err, pec.ErrInsecureSubmission)
	}
	require.Equal(t, []string{"SND-01", "SND-02"}, rulesOf((&pec.Account{}).Check()), "nobody to authenticate as")
	require.Equal(t, "M1234567", foreignAccount().Login())
	require.Equal(t, "a@x.example", (&pec.Account{Address: "a@x.example"}).Login())
	require.Equal(t, "tls starttls plaintext Security(7)", fmt.Sprint(pec.ImplicitTLS, pec.StartTLS, pec.Plaintext, pec.Security(7)))
}

func TestSND02_OneSender(t *testing.T) {
	other := foreignAccount()
	other.Address = "altro@azienda.example"
	for name, c := range map[string]struct {
		m    *envelope.Message
		path string
		a    *pec.Account
	}{
		"MAIL FROM is another":  {foreign(t), "altro@azienda.example", nil},
		"MAIL FROM is null":     {foreign(t), "", nil},
		"MAIL FROM is brackets": {foreign(t), "<>", nil},
		"From is another":       {foreign(t, "<ufficio@azienda.example>", "<altro@azienda.example>"), foreignPath, foreignAccount()},
		"account is another":    {foreign(t), foreignPath, other},
		"a Kelvin sign is no k": {foreign(t, "<ufficio@azienda.example>", "<\u212Aappa@azienda.example>"), "kappa@azienda.example", nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pec.Preflight(c.m, c.path, foreignRCPT, c.a)
			require.ErrorIs(t, err, pec.ErrSenderMismatch)
			require.Equal(t, []string{"SND-02"}, rulesOf(err))
		})
	}
	_, err := pec.Compose(everydayDraft(), &pec.ComposeOptions{Account: other})
	require.Equal(t, []string{"SND-02"}, rulesOf(err))
	user := foreignAccount()
	user.User = "altro@azienda.example"
	findings, err := pec.Preflight(foreign(t), foreignPath, foreignRCPT, user)
	require.NoError(t, err)
	require.Equal(t, []string{pec.FindingUser}, codesOf(findings))
}

func TestSND03_PreflightOneAuthor(t *testing.T) {
	for name, from := range map[string]string{
		"two addresses": "From: ufficio@azienda.example, b@x.example\r\n",
		"two fields":    "From: ufficio@azienda.example\r\nFrom: ufficio@azienda.example\r\n",
		"none":          "",
		"a group":       "From: Tutti: ufficio@azienda.example;\r\n",
		"no address":    "From: Ufficio\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pec.Preflight(foreign(t, "From: \"Ufficio\" <ufficio@azienda.example>\r\n", from), foreignPath, foreignRCPT, foreignAccount())
			require.ErrorIs(t, err, pec.ErrAuthor)
			require.Equal(t, []string{"SND-03"}, rulesOf(err))
		})
	}
}

func TestSND04_PreflightRecipientInTo(t *testing.T) {
	const to = "To: Anna <anna@uno.example>,\r\n bruno@due.example\r\n"
	for name, c := range map[string]struct {
		to    string
		rules []string
	}{
		"only Cc":         {"", []string{"SND-04"}},
		"empty":           {"To: \r\n", []string{"SND-04"}},
		"an empty group":  {"To: undisclosed-recipients:;\r\n", []string{"SND-04"}},
		"cannot be read":  {"To: anna@\r\n", []string{"SND-04", "SND-05"}},
		"a broken second": {"To: anna@uno.example, <\r\n", []string{"SND-04", "SND-05"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pec.Preflight(foreign(t, to, c.to), foreignPath, []string{"carla@tre.example"}, nil)
			require.ErrorIs(t, err, pec.ErrNoRecipient)
			require.Equal(t, c.rules, rulesOf(err))
		})
	}
}

func TestSND05_RCPTEqualsHeader(t *testing.T) {
	for name, rcpt := range map[string][]string{
		"extra":   append(foreignRCPT[:3:3], "nascosto@x.example"),
		"missing": foreignRCPT[:2],
		"both":    {"anna@uno.example", "bruno@due.example", "nascosto@x.example"},
		"none":    nil,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pec.Preflight(foreign(t), foreignPath, rcpt, nil)
			require.ErrorIs(t, err, pec.ErrRecipientMismatch)
			require.Equal(t, []string{"SND-05"}, rulesOf(err))
			require.Equal(t, name != "missing" && name != "none", strings.Contains(err.Error(), `neither in To nor in Cc: "nascosto@x.example"`))
			require.Equal(t, name != "extra", strings.Contains(err.Error(), "no RCPT TO for "))
		})
	}
	// Names in any charset, groups and repeated fields do not hide an address.
	m := foreign(t, "Anna <anna@uno.example>", "=?windows-1252?q?Perch=E9?= <anna@uno.example>, =?x-none?q?a?= <dario@uno.example>",
		"Cc: ", "Cc: Tutti: elena@x.example;\r\nCc: ")
	findings, err := pec.Preflight(m, foreignPath, append(foreignRCPT[:3:3], "dario@uno.example", "elena@x.example"), nil)
	require.NoError(t, err)
	require.Equal(t, []string{pec.FindingGroup}, codesOf(findings))
}

func TestSND06_PreflightRefusesBcc(t *testing.T) {
	for _, field := range []string{"Bcc: x@y.example\r\n", "BCC: anna@uno.example\r\n", "Bcc:\r\nBcc: x\r\n", "Bcc:\r\n x@y.example\r\n"} {
		_, err := pec.Preflight(foreign(t, "Cc: ", field+"Cc: "), foreignPath, foreignRCPT, nil)
		require.ErrorIs(t, err, pec.ErrBlindCopy)
		require.Equal(t, []string{"SND-06"}, rulesOf(err))
	}
	findings, err := pec.Preflight(foreign(t, "Cc: ", "Bcc: \r\nCc: "), foreignPath, foreignRCPT, nil)
	require.NoError(t, err)
	require.Equal(t, []string{pec.FindingEmptyBcc}, codesOf(findings))
}

// 3 recipients × 11 MB: a warning; over the configured limit: an error.
func TestSND07_SizeTimesRecipients(t *testing.T) {
	big := foreign(t, "testo\r\n", strings.Repeat(strings.Repeat("x", 98)+"\r\n", 110_000))
	small := foreign(t)
	limited := func(l pec.Limits) *pec.Account {
		a := foreignAccount()
		a.Limits = l
		return a
	}
	for name, c := range map[string]struct {
		m        *envelope.Message
		a        *pec.Account
		findings []string
		rules    []string
	}{
		"3 × 11 MB":              {big, nil, []string{pec.FindingLoad}, nil},
		"within the account's":   {big, limited(pec.Limits{MaxLoad: 100 << 20}), []string{pec.FindingLoad}, nil},
		"exactly the account's":  {big, limited(pec.Limits{MaxLoad: 3 * big.Size(), MaxSize: big.Size()}), []string{pec.FindingLoad}, nil},
		"a byte over":            {big, limited(pec.Limits{MaxLoad: 3*big.Size() - 1}), []string{pec.FindingLoad}, []string{"SND-07"}},
		"one message over":       {big, limited(pec.Limits{MaxSize: 10 << 20}), []string{pec.FindingLoad}, []string{"SND-07"}},
		"a small one over":       {small, limited(pec.Limits{MaxLoad: 100}), nil, []string{"SND-07"}},
		"exactly the guaranteed": {foreign(t, "testo\r\n", strings.Repeat("x\r\n", (10_000_000-int(small.Size())+7)/3)), nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			findings, err := pec.Preflight(c.m, foreignPath, foreignRCPT, c.a)
			require.Equal(t, c.findings, codesOf(findings))
			require.Equal(t, c.rules, rulesOf(err))
			require.Equal(t, c.rules != nil, errors.Is(err, pec.ErrOversize))
		})
	}
	// Composing stops at the limit instead of writing to its end.
	d := everydayDraft()
	endless := &counted{}
	d.Attachments = []pec.File{pec.FileReader("a.bin", "", endless)}
	a := limited(pec.Limits{MaxLoad: 3_000_000})
	_, err := pec.Compose(d, &pec.ComposeOptions{Account: a})
	require.ErrorIs(t, err, pec.ErrOversize)
	require.Equal(t, []string{"SND-07"}, rulesOf(err))
	require.Less(t, endless.n, 1_000_000)
	// Composing warns, too.
	d.Attachments = []pec.File{pec.FileBytes("a.bin", "", make([]byte, 8_000_000))}
	require.Equal(t, []string{pec.FindingLoad}, codesOf(composed(t, d, nil).Findings))
}

type counted struct{ n int }

func (c *counted) Read(p []byte) (int, error) { clear(p); c.n += len(p); return len(p), nil }

func TestSND08_Recipients(t *testing.T) {
	draft := func(n int) *pec.Draft {
		d := everydayDraft()
		d.To, d.Cc = pec.Addresses(manyAddresses(n)...), pec.Addresses(manyAddresses(1)...)
		return d
	}
	require.Equal(t, []string{pec.FindingRepeated}, codesOf(composed(t, draft(50), nil).Findings))
	out := composed(t, draft(51), nil)
	require.Len(t, out.Recipients, 51)
	require.Equal(t, []string{pec.FindingRepeated, pec.FindingRecipients}, codesOf(out.Findings))
	a := foreignAccount()
	a.Limits.MaxRecipients = 51
	_, err := pec.Compose(draft(51), &pec.ComposeOptions{Account: a})
	require.NoError(t, err)
	_, err = pec.Compose(draft(52), &pec.ComposeOptions{Account: a})
	require.ErrorIs(t, err, pec.ErrTooManyRecipients)
	require.Equal(t, []string{"SND-08"}, rulesOf(err))
	a.Limits.MaxRecipients = 2
	_, err = pec.Preflight(foreign(t), foreignPath, foreignRCPT, a)
	require.Equal(t, []string{"SND-08"}, rulesOf(err))
}

func TestSND09_PreflightMessageID(t *testing.T) {
	const field = "Message-ID: <1@azienda.example>\r\n"
	for _, bad := range []string{"", "Message-ID: \r\n", "Message-ID: <>\r\n", field + field} {
		_, err := pec.Preflight(foreign(t, field, bad), foreignPath, foreignRCPT, nil)
		require.ErrorIs(t, err, pec.ErrMessageID)
		require.Equal(t, []string{"SND-09"}, rulesOf(err))
	}
	findings, err := pec.Preflight(foreign(t, field, "Message-ID: <senza chiocciola>\r\n"), foreignPath, foreignRCPT, nil)
	require.NoError(t, err)
	require.Equal(t, []string{pec.FindingMessageIDForm}, codesOf(findings))
}

func TestSND10_PreflightReceiptType(t *testing.T) {
	for value, legal := range map[string]bool{"completa": true, "breve": true, "sintetica": true, "Breve": false, "": false, "altro": false, "breve\r\nx-tiporicevuta: breve": false} {
		_, err := pec.Preflight(foreign(t, "Subject", "X-TipoRicevuta: "+value+"\r\nSubject"), foreignPath, foreignRCPT, nil)
		require.Equal(t, !legal, errors.Is(err, pec.ErrReceiptType), "%q", value)
	}
}

func TestSND18_PreflightFindsWhatMayChange(t *testing.T) {
	for code, change := range map[string][]string{
		pec.FindingEightBitHeader: {"Subject: prova", "Subject: perché"},
		pec.FindingEightBitBody:   {"testo", "perché"},
		pec.FindingBareLineEnd:    {"testo\r\n", "testo\r"},
		pec.FindingLongLine:       {"testo", strings.Repeat("x", 999)},
		pec.FindingNUL:            {"testo", "te\x00sto"},
		pec.FindingDate:           {"Date: Sat", "Date: Boh"},
		pec.FindingProviderField:  {"Subject", "X-Trasporto: posta-certificata\r\nSubject"},
	} {
		findings, err := pec.Preflight(foreign(t, change...), foreignPath, foreignRCPT, nil)
		require.NoError(t, err)
		require.Equal(t, []string{code}, codesOf(findings))
	}
	for _, change := range [][]string{{"testo\r\n", "testo\n"}, {"testo\r\n", "testo"}, {"testo\r\n", "te\rsto\r\n"}, {"testo\r\n", "te\r\r\n"}, {"Subject: prova\r\n", "Subject: prova\n"}} {
		findings, err := pec.Preflight(foreign(t, change...), foreignPath, foreignRCPT, nil)
		require.NoError(t, err)
		require.Equal(t, []string{pec.FindingBareLineEnd}, codesOf(findings), "%q", change)
	}
	findings, err := pec.Preflight(foreign(t, "testo", strings.Repeat("x", 998)), foreignPath, foreignRCPT, nil)
	require.NoError(t, err)
	require.Empty(t, findings, "998 is legal")
}

func TestPreflightReportsAllTogether(t *testing.T) {
	m := foreign(t, "From: \"Ufficio\" <ufficio@azienda.example>\r\n", "", "To: Anna <anna@uno.example>,\r\n bruno@due.example\r\n", "Bcc: x\r\n",
		"Message-ID: <1@azienda.example>\r\n", "X-TipoRicevuta: x\r\n")
	a := &pec.Account{Address: "altro@x.example", Security: pec.Plaintext, Limits: pec.Limits{MaxLoad: 1, MaxRecipients: 1}}
	_, err := pec.Preflight(m, foreignPath, []string{"z@x.example", "y@x.example"}, a)
	require.Equal(t, []string{"SND-01", "SND-02", "SND-03", "SND-04", "SND-05", "SND-06", "SND-07", "SND-08", "SND-09", "SND-10"}, rulesOf(err))
	for _, v := range pec.Violations(err) {
		require.NotEmpty(t, v.Clause)
		require.NotEmpty(t, v.Detail)
		require.ErrorIs(t, err, v.Err)
	}
	require.Empty(t, pec.Violations(nil))
	require.Empty(t, pec.Violations(errors.New("x")))
	require.Len(t, pec.Violations(fmt.Errorf("outbox: %w", err)), 10)
}

// FuzzPreflight: any bytes are judged, and a message that passes has what a
// provider will look for.
func FuzzPreflight(f *testing.F) {
	f.Add([]byte("From: a@x.example\r\nTo: b@x.example\r\nMessage-ID: <1@x>\r\nDate: Sat, 21 Nov 2026 10:30:00 +0100\r\n\r\n"), "a@x.example", "b@x.example")
	f.Add([]byte("From: a@x\nTo: g: b@x, c@x;\nBcc: \nMessage-ID: <>\n\n\r\r\n\x00\xff"), "<A@x>", "b@x,c@x")
	f.Fuzz(func(t *testing.T, raw []byte, path, rcpt string) {
		m, err := envelope.OpenBytes(raw, nil)
		if err != nil {
			return
		}
		_, err = pec.Preflight(m, path, strings.Split(rcpt, ","), &pec.Account{Address: path})
		if err != nil {
			require.NotEmpty(t, pec.Violations(err))
			return
		}
		require.Equal(t, 1, m.Header.Count("From"))
		require.NotEmpty(t, m.Header.Get("To"))
		require.Empty(t, strings.TrimSpace(m.Header.Get("Bcc")))
		require.NotEmpty(t, m.Header.Get("Message-ID"))
		require.Contains(t, path, "@")
	})
}
