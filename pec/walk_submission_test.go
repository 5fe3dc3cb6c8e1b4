package pec_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"mime"
	"net/mail"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/receipt"
	keep "github.com/certmail/certmail/store"
)

// What the client must do when it sends, seen from the other end of the line:
// the caller gives a draft to a pec.Client, and the ear hears what the provider
// hears. The rules by themselves are tested beside Compose and Preflight.

const carla = "carla@beta.example"

func agreement(to ...string) *pec.Draft {
	return &pec.Draft{To: pec.Addresses(to...), Subject: "Contratto", Text: "In allegato.\n"}
}

func TestSND01_WalkIsAuthenticatedUnderTLS(t *testing.T) {
	r := walk(t, nil)
	require.Equal(t, keep.Sent, r.send("7", agreement(bruno)).State)
	said, _ := r.one()
	require.Equal(t, anna, said.user, "logged in before MAIL FROM")
	require.GreaterOrEqual(t, said.version, uint16(tls.VersionTLS12))

	plain := walk(t, func(p *plan) { p.client.Account.Security = pec.Plaintext })
	plain.refused(agreement(bruno), pec.ErrInsecureSubmission, "SND-01")
}

func TestSND02_WalkHasOneSender(t *testing.T) {
	r := walk(t, nil)
	other := agreement(bruno)
	other.From.Address = carla
	r.refused(other, pec.ErrSenderMismatch, "SND-02")

	r.send("7", agreement(bruno))
	said, m := r.one()
	from, err := m.Header.AddressList("From")
	require.NoError(t, err)
	require.Equal(t, []string{anna, anna, anna}, []string{said.user, said.from, from[0].Address})
	require.Equal(t, anna, r.Outcomes()[0].Sender)
}

func TestSND03_WalkHasOneAuthor(t *testing.T) {
	r := walk(t, nil)
	two := agreement(bruno)
	two.From.Address = anna + ", " + carla
	r.refused(two, pec.ErrAuthor, "SND-03")

	named := agreement(bruno)
	named.From = pec.Address{Name: `Anna, "la capa" <carla@beta.example>`, Address: anna}
	r.send("7", named)
	_, m := r.one()
	require.Len(t, m.Header["From"], 1)
	from, err := m.Header.AddressList("From")
	require.NoError(t, err)
	require.Equal(t, []*mail.Address{&named.From}, from, "a name is no second author")
	r.collect()
	require.Equal(t, receipt.StatusDelivered, r.status("7").Recipients[0].Status, "which the provider finds too")
}

func TestSND04_WalkHasSomebodyInTo(t *testing.T) {
	r := walk(t, nil)
	r.refused(&pec.Draft{Cc: pec.Addresses(bruno), Subject: "Contratto"}, pec.ErrNoRecipient, "SND-04")

	d := agreement(bruno)
	d.Cc = pec.Addresses(carla)
	r.send("7", d)
	_, m := r.one()
	to, err := m.Header.AddressList("To")
	require.NoError(t, err)
	require.Equal(t, bruno, to[0].Address)
	r.collect()
	for _, x := range r.status("7").Recipients {
		require.Equal(t, receipt.StatusDelivered, x.Status, x.Address)
	}
}

func TestSND05_WalkRecipientsAreToAndCc(t *testing.T) {
	r := walk(t, nil)
	d := agreement(bruno, "ditta@mail.test", bruno)
	d.Cc = pec.Addresses(carla, "BRUNO@beta.example")
	r.send("7", d)
	said, m := r.one()
	inHeader := map[string]bool{}
	for _, field := range []string{"To", "Cc"} {
		list, err := m.Header.AddressList(field)
		require.NoError(t, err)
		for _, a := range list {
			inHeader[strings.ToLower(a.Address)] = true
		}
	}
	require.Equal(t, []string{bruno, "ditta@mail.test", carla}, said.to, "each once, in one transaction")
	require.Len(t, inHeader, 3)
	for _, a := range said.to {
		require.True(t, inHeader[a], a)
	}

	// A caller's own message with a recipient more, or less, is refused by the
	// provider's notice, and the caller learns of it.
	for key, to := range map[string][]string{"one more": {bruno, carla}, "one less": {}} {
		d := agreement(bruno)
		if key == "one less" {
			d.Cc, to = pec.Addresses(carla), []string{bruno}
		}
		d.From.Address = anna
		out, err := pec.Compose(d, &pec.ComposeOptions{Now: r.Now})
		require.NoError(t, err)
		sent := out.Sent(r.Now())
		sent.Recipients = nil
		for _, a := range to {
			sent.Recipients = append(sent.Recipients, receipt.SentRecipient{Address: a})
		}
		_, _, err = r.out.Submit(r.within(), outbox.Message{Account: anna, Key: key, Sent: sent, Body: out.Source()})
		require.NoError(t, err)
		require.Equal(t, keep.Sent, r.drain(key).State, "the server takes it; the notice comes by mail")
		r.collect()
		m := r.status(key)
		require.Equal(t, receipt.StatusRejected, m.Recipients[0].Status, key)
		require.Contains(t, m.Recipients[0].Reason, "F4", key)
		require.NoError(t, out.Close())
	}
}

func TestSND06_WalkHasNoBlindCopies(t *testing.T) {
	r := walk(t, nil)
	blind := agreement(bruno)
	blind.Bcc = pec.Addresses(carla)
	r.refused(blind, pec.ErrBlindCopy, "SND-06")
	for _, name := range []string{"Bcc", "bcc", "Resent-Bcc"} {
		smuggled := agreement(bruno)
		smuggled.Header = []pec.HeaderField{{Name: name, Value: carla}}
		_, err := r.client.Send(r.within(), name, smuggled)
		require.ErrorIs(t, err, pec.ErrDraft)
	}
	r.send("7", agreement(bruno))
	said, _ := r.one()
	require.NotContains(t, strings.ToLower(string(said.data)), "bcc:")
	require.Equal(t, []string{bruno}, said.to)
}

func TestSND07_WalkWarnsOfSizeTimesRecipients(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: three times 11 MB on their way; the full run has them")
	}
	var warned []string
	r := walk(t, func(p *plan) {
		p.network.Providers = pectest.DefaultProviders()
		p.network.Providers[0].MaxTotal = 100_000_000
		p.client.Warned = func(key string, list []pec.Finding) {
			for _, f := range list {
				warned = append(warned, key+" "+f.Code)
			}
		}
	})
	large := agreement(bruno, carla, "anna@beta.example")
	large.Attachments = []pec.File{pec.FileBytes("scan.tif", "image/tiff", bytes.Repeat([]byte{0x49}, 8_000_000))} // 11 MB in base64
	require.Equal(t, keep.Sent, r.send("large", large).State)
	require.Equal(t, []string{"large " + pec.FindingLoad}, warned)
	said, _ := r.one()
	require.Greater(t, 3*len(said.data), 30_000_000)
	r.collect()
	for _, x := range r.status("large").Recipients {
		require.Equal(t, receipt.StatusDelivered, x.Status)
	}
	r.send("small", agreement(bruno))
	require.Len(t, warned, 1)

	limited := walk(t, func(p *plan) { p.client.Account.Limits.MaxLoad = 30_000_000 })
	limited.refused(large, pec.ErrOversize, "SND-07")
}

func TestSND08_WalkWarnsOfManyRecipients(t *testing.T) {
	var warned []pec.Finding
	hear := func(p *plan) {
		p.client.Warned = func(_ string, list []pec.Finding) { warned = append(warned, list...) }
	}
	r := walk(t, hear)
	var many []string
	for i := range 51 {
		many = append(many, fmt.Sprintf("ditta%d@mail.test", i))
	}
	r.send("50", agreement(many[:50]...))
	require.Empty(t, warned)
	r.send("51", agreement(many...))
	require.Equal(t, []string{pec.FindingRecipients}, codesOf(warned))
	said := r.ear.heard()
	require.Equal(t, [][]string{many[:50], many}, [][]string{said[0].to, said[1].to}, "one transaction each")

	limited := walk(t, func(p *plan) { p.client.Account.Limits.MaxRecipients = 50 })
	limited.refused(agreement(many...), pec.ErrTooManyRecipients, "SND-08")
}

func TestSND09_WalkKeepsTheMessageID(t *testing.T) {
	r := walk(t, nil)
	seen := map[string]bool{}
	for i := range 5 {
		s, err := r.client.Send(r.within(), fmt.Sprint(i), agreement(bruno))
		require.NoError(t, err)
		before, err := r.store.ByMessageID(r.within(), anna, s.Sent.MessageID)
		require.NoError(t, err, "in the store before anything is sent")
		require.Equal(t, keep.Queued, before.State)
		require.False(t, seen[s.Sent.MessageID])
		seen[s.Sent.MessageID] = true
	}
	require.Empty(t, r.ear.heard())
	_, err := r.out.Drain(r.within())
	require.NoError(t, err)
	for _, said := range r.ear.heard() {
		m, err := mail.ReadMessage(bytes.NewReader(said.data))
		require.NoError(t, err)
		require.Len(t, m.Header["Message-Id"], 1)
		id := strings.Trim(m.Header.Get("Message-ID"), "<>")
		require.True(t, seen[id], "%s is one of those stored, each once", id)
		delete(seen, id)
	}
	require.Empty(t, seen)
}

func TestSND10_WalkAsksForAReceiptType(t *testing.T) {
	r := walk(t, nil)
	types := []daticert.ReceiptType{"", daticert.ReceiptComplete, daticert.ReceiptBrief, daticert.ReceiptConcise}
	for i, asked := range types {
		d := agreement(bruno)
		d.ReceiptType = asked
		r.send(fmt.Sprint(i), d)
	}
	r.collect()
	for i, said := range r.ear.heard() {
		m, err := mail.ReadMessage(bytes.NewReader(said.data))
		require.NoError(t, err)
		require.Equal(t, string(types[i]), m.Header.Get("X-TipoRicevuta"))
		require.Equal(t, types[i] != "", bytes.Contains(said.data, []byte("X-TipoRicevuta")), "none for the default")
		events, err := r.store.EventsAbout(r.within(), anna, strings.Trim(m.Header.Get("Message-ID"), "<>"))
		require.NoError(t, err)
		delivered := slices.IndexFunc(events, func(e keep.Recorded) bool { return e.Event.Kind == receipt.EventDelivered })
		require.GreaterOrEqual(t, delivered, 0)
		want := string(types[i])
		if want == "" {
			want = "completa"
		}
		require.Equal(t, want, events[delivered].Event.ReceiptType, "what came back is what was asked for")
	}
	bad := walk(t, nil)
	d := agreement(bruno)
	d.ReceiptType = "lunga"
	bad.refused(d, pec.ErrReceiptType, "SND-10")
}

func TestSND11_WalkKeepsTheExactBytes(t *testing.T) {
	r := walk(t, nil)
	d := agreement(bruno)
	d.ReceiptType = daticert.ReceiptBrief
	d.Text = ".\n..punto\nCosì è.\n" // what SMTP escapes
	d.Attachments = []pec.File{pec.FileBytes("perché.pdf", "application/pdf", bytes.Repeat([]byte("%PDF-1.7\r\n.\r\n"), 999))}
	s := r.send("7", d)
	said, _ := r.one()
	require.Equal(t, r.kept(s.Sent.SHA256), said.data, "the provider got what is kept, to the byte")
	require.EqualValues(t, s.Size, len(said.data))
	all := r.collect()
	i := slices.IndexFunc(all.Events, func(e keep.Recorded) bool { return e.Event.Kind == receipt.EventDelivered })
	require.GreaterOrEqual(t, i, 0)
	require.Equal(t, s.Sent.Body, all.Events[i].Event.Proof.Body, "the brief receipt was compared with what is kept, and is of it")
	m := r.status("7")
	require.Equal(t, receipt.Green, m.Light)
	require.Empty(t, m.Conflicts)
}

func TestSND18_WalkIsSevenBit(t *testing.T) {
	r := walk(t, nil)
	d := &pec.Draft{From: pec.Address{Name: "Società Così"}, To: []pec.Address{{Name: "Niccolò Perché", Address: bruno}},
		Subject: "Perché è così: diffida n. 12/2026 " + strings.Repeat("più ", 60), Text: "È così.\n" + strings.Repeat("è", 2000) + "\n",
		Attachments: []pec.File{pec.FileBytes("è.pdf", "application/pdf", []byte{0, 255, '\n'})}}
	d.From.Address = anna
	r.send("7", d)
	said, m := r.one()
	requireWireSafe(t, said.data)
	var words mime.WordDecoder
	subject, err := words.DecodeHeader(m.Header.Get("Subject"))
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(d.Subject), strings.TrimSpace(subject))
	r.collect()
	got := r.account(bruno).Messages()
	require.Len(t, got, 1)
	original, err := pec.ParseBytes(got[0].Data, nil)
	require.NoError(t, err)
	require.Contains(t, original.Subject(), "Perché è così: diffida n. 12/2026", "at the other end")
	require.Equal(t, receipt.StatusDelivered, r.status("7").Recipients[0].Status)
}
