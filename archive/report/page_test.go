package report_test

import (
	"bytes"
	"errors"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/archive/report"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/trust"
)

// plain is a page as it reads.
func plain(page string) string {
	_, body, _ := strings.Cut(page, "<body>")
	body = regexp.MustCompile(`(?s)<svg.*?</svg>`).ReplaceAllString(body, "")
	body = regexp.MustCompile(`</?(bdi|span|b|a|code|time)\b[^>]*>`).ReplaceAllString(body, "")
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(body, " "))), " ")
}

func TestPageSaysWhatHappened(t *testing.T) {
	w := newWorld(t)
	x := w.examine(w.write(archive.Folder, w.sent(w.contract(), true)))
	require.Equal(t, trust.Valid, x.Verdict)
	require.Len(t, x.Journey.Messages, 1)
	it, en := plain(w.page(x, "it")), plain(w.page(x, "en"))
	for _, s := range []string{
		"Disdetta del contratto n. 7/2026 – perché è scaduto", "Le prove reggono",
		"bruno@beta.example: consegnato (attestato il 2 marzo 2026, 09:30:02 (UTC+01:00) da Gestore Beta S.p.A.)",
		"nessuno@beta.example: non consegnato (attestato il", "ditta@mail.test: accettato verso una casella di posta ordinaria",
		"disdetta è firmata.pdf", "Il certificato dell’autorità di marcatura è scaduto", "Nessun dato di revoca fu raccolto", "In 3 casi su 3.",
		"1º gennaio 2037, 00:00:00 (UTC)", "2 marzo 2036, 08:30:00 (UTC)", "CMS Verification successful",
	} {
		has(t, it, s)
	}
	for _, s := range []string{"The proofs hold", "bruno@beta.example: delivered (attested on 2 March 2026, 09:30:02 (UTC+01:00) by Gestore Beta S.p.A.)", "How to repeat the check with OpenSSL alone"} {
		has(t, en, s)
	}
	for _, item := range x.Items {
		has(t, it, item.Item.SHA256)
	}
	first, again := w.page(x, "it"), w.page(x, "it")
	require.True(t, first == again, "the same bytes")
}

// TestPageOfEveryFormat: the same facts, whatever the package looks like.
func TestPageOfEveryFormat(t *testing.T) {
	w := newWorld(t)
	tx := w.sent(w.contract(), false)
	for _, f := range archive.Formats() {
		x := w.examine(w.write(f, tx))
		require.Equal(t, trust.Valid, x.Verdict, f)
		page := plain(w.page(x, "it"))
		has(t, page, "bruno@beta.example: consegnato (attestato")
		require.Equal(t, f.File(), strings.Contains(page, "Il fascicolo è un file ZIP"), f)
	}
}

// TestPageWithoutTrust: without anchors nothing is certified, and the page says
// so of every single proof.
func TestPageWithoutTrust(t *testing.T) {
	w := newWorld(t)
	name := w.write(archive.Folder, w.sent(w.contract(), false))
	x := w.examineWith(name, &archive.VerifyOptions{Now: w.now})
	require.Equal(t, trust.Indeterminate, x.Verdict)
	page := plain(w.page(x, "it"))
	hasNot(t, page, "attestato il")
	has(t, page, "bruno@beta.example: consegnato – ma lo dicono soltanto prove non verificate o che non bastano.")
	require.Equal(t, 3, strings.Count(page, "Attenzione: questa prova non ha superato tutti i controlli."))
	hasNot(t, page, "openssl cms")
	hasNot(t, page, "Data certificata")
}

// TestPageOfAnUnknownAuthority: a certificate that nobody vouches for is not said
// to have expired, and one that has expired is.
func TestPageOfAnUnknownAuthority(t *testing.T) {
	w := newWorld(t)
	name := w.write(archive.Folder, w.sent(w.contract(), true))
	o := w.options()
	o.Now, o.TimeStamps = w.n.Now(), &trust.Material{}
	page := plain(w.page(w.examineWith(name, o), "it"))
	has(t, page, "Non si è potuto stabilire se il certificato dell’autorità di marcatura venga da un’autorità riconosciuta.")
	hasNot(t, page, "Il certificato dell’autorità di marcatura è scaduto")
	page = plain(w.page(w.examineWith(name, &archive.VerifyOptions{Now: w.n.Now()}), "en"))
	has(t, page, "Whether the certificate with which the provider signed comes from a recognised authority could not be established.")
	hasNot(t, page, "expired after the signature")
	o = w.options()
	page = plain(w.page(w.examineWith(name, o), "it"))
	has(t, page, "Il certificato dell’autorità di marcatura è scaduto: serve una marca successiva")
	hasNot(t, page, "Non si è potuto stabilire se il certificato dell’autorità di marcatura")
}

// TestPageOfAnAlteredPackage names what was altered, and counts it for nothing.
func TestPageOfAnAlteredPackage(t *testing.T) {
	w := newWorld(t)
	tx := w.sent(w.contract(), true)
	name := w.write(archive.Folder, tx)
	var delivery *archive.Item
	for _, it := range tx.Items {
		if it.Role == archive.RoleDelivery {
			delivery = it
		}
	}
	file := filepath.Join(name, "data", delivery.Name+".eml")
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	at := bytes.Index(data, []byte(bruno))
	require.Positive(t, at)
	data[at] = 'B'
	require.NoError(t, os.Chmod(file, 0o600))
	require.NoError(t, os.WriteFile(file, data, 0o600))
	x := w.examine(name)
	require.Equal(t, trust.Invalid, x.Verdict)
	page := plain(w.page(x, "it"))
	has(t, page, "Almeno una prova non regge")
	has(t, page, "data/"+delivery.Name+".eml – alterato")
	hasNot(t, page, "bruno@beta.example: consegnato (attestato")
}

// TestPageBelievesTheBytes: whoever rewrites the record made at reception, and
// all the lists with it, does not change what the page says about a message.
func TestPageBelievesTheBytes(t *testing.T) {
	w := newWorld(t)
	for name, lie := range map[string]func(*archive.Item){
		"recipient": func(it *archive.Item) { it.Recipient, it.Subject = "carla@beta.example", "Altro oggetto" },
		"role":      func(it *archive.Item) { it.Role, it.Kind = archive.RoleDelivery, "avvenuta-consegna" },
		"time":      func(it *archive.Item) { it.Time = it.Time.AddDate(-1, 0, 0) },
		"system":    func(it *archive.Item) { it.System, it.Role, it.Kind = "mail", archive.RoleMessage, "ordinary" },
	} {
		t.Run(name, func(t *testing.T) {
			tx := w.sent(w.contract(), false)
			for _, it := range tx.Items {
				lie(it)
			}
			x := w.examineWith(w.write(archive.Folder, tx), &archive.VerifyOptions{Now: w.now})
			require.Equal(t, trust.Indeterminate, x.Verdict, "nobody is trusted here")
			page := plain(w.page(x, "it"))
			has(t, page, "record-differs")
			has(t, page, "L’annotazione fatta alla ricezione non concorda")
			for _, s := range []string{"carla@beta.example", "Altro oggetto", "2025"} {
				hasNot(t, page, s)
			}
			require.Equal(t, 1, strings.Count(page, "Ricevuta di avvenuta consegna: "))
			require.Equal(t, 3, strings.Count(page, "Attenzione: questa prova non ha superato"))
		})
	}
}

// hostile are texts that have broken other people's pages and shells.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</title><script>alert(1)</script>`, `</style><script>alert(1)</script>`,
	`</bdi></article><h1>Consegnato</h1>`, `<!--`, `-->`, `javascript:alert(1)`, `{{.}}`, `$(touch /tmp/x)`, "`id`", `'; rm -rf / #`, "%s%s%d",
	"fattura\u202egnp.exe", "\u2066\u2067abc\u2069", "a\u2028b", "\u200bzero\ufeff", strings.Repeat("w", 50_000), "a\x01b\x7f",
}

// TestHostileText: nothing of it gets out of where it stands.
func TestHostileText(t *testing.T) {
	w := newWorld(t)
	calm := w.page(w.examine(w.write(archive.Folder, w.sent(&pec.Draft{To: pec.Addresses(bruno), Subject: "calmo", Text: "x"}, false))), "it")
	shape := func(page string) map[string]int {
		count := map[string]int{}
		for _, m := range regexp.MustCompile(`</?([a-z0-9]+)`).FindAllStringSubmatch(page, -1) {
			if m[1] != "bdi" && m[1] != "span" {
				count[m[1]]++
			}
		}
		return count
	}
	for _, s := range hostile {
		if strings.ContainsAny(s, "\x01\x7f") || len(s) > 900 {
			continue // no provider takes it as a subject: below
		}
		x := w.examine(w.write(archive.Folder, w.sent(&pec.Draft{To: pec.Addresses(bruno), Subject: s, Text: "x"}, false)))
		page := w.page(x, "it")
		require.Equal(t, shape(calm), shape(page), "%q", s)
		checkText(t, page, s)
	}
	// Everything that the examination holds beside what was signed.
	for _, s := range hostile {
		x := w.examine(w.write(archive.Folder, w.sent(&pec.Draft{To: pec.Addresses(bruno), Subject: "calmo", Text: "x"}, false)))
		x.ID, x.Format = s, archive.Format(s)
		x.Verification.Findings = append(x.Verification.Findings, archive.Finding{Code: s, Detail: s})
		x.Integrity.Intact = false
		x.Integrity.Alterations = []archive.Alteration{{Path: s, Kind: s, Detail: s}}
		x.Verification.Proofs = append(x.Verification.Proofs, archive.Proof{Code: s, Status: trust.Status(s), By: []string{s, s}, Why: s, Detail: s})
		for _, iv := range x.Items {
			iv.Path, iv.SeenBy = s, s
			iv.Changes = []archive.Change{{Check: s, Then: trust.Status(s), Now: trust.Status(s)}}
			iv.Proofs = append(iv.Proofs, archive.Proof{Code: s, Status: trust.Failed, By: []string{s}, Why: s, Detail: s})
			if iv.Report.Signer != nil {
				iv.Report.Signer.Subject = s
			}
		}
		for i := range x.Journey.Messages {
			m := &x.Journey.Messages[i]
			m.Subject, m.Conflicts = s, []receipt.Contradiction{{Code: s, Detail: s}}
			for k := range m.Recipients {
				r := &m.Recipients[k]
				r.Address, r.Type, r.Reason, r.Status = s, s, s, receipt.Status(s)
				for n := range r.Proofs {
					r.Proofs[n].File, r.Proofs[n].Issuer, r.Proofs[n].Reason, r.Proofs[n].Event = s, s, s, receipt.EventKind(s)
				}
			}
		}
		x.Journey.Orphans = append(x.Journey.Orphans, receipt.Orphan{File: s})
		for _, lang := range []string{"it", "en"} {
			var b bytes.Buffer
			require.NoError(t, report.WriteHTML(&b, &report.Page{Examination: x, Title: s, Lang: lang}))
			checkText(t, b.String(), s)
			require.Less(t, b.Len(), 600_000)
		}
	}
}

func checkText(t *testing.T, page, s string) {
	t.Helper()
	for _, bad := range []string{"<script", "<img", "<h1>Consegnato", "onerror=alert(1)>"} {
		hasNot(t, page, bad)
	}
	for _, r := range page {
		if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf) {
			require.Failf(t, "hidden character", "%q leaves %U in the page", s, r)
		}
	}
	require.Equal(t, 1, strings.Count(page, "<h1>"))
	hasNot(t, page, "http-equiv=\"refresh")
	for _, link := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		require.True(t, strings.HasPrefix(link[1], "#"), "%s leads out of the page", link[1])
	}
	for _, b := range regexp.MustCompile(`(?s)<pre class="command">(.*?)</pre>`).FindAllStringSubmatch(page, -1) {
		command := html.UnescapeString(tags.ReplaceAllString(b[1], ""))
		require.Regexp(t, `^[A-Za-z0-9 ./_\n-]+$`, command)
	}
}

// has and hasNot do not print the page.
func has(t *testing.T, page, s string) {
	t.Helper()
	if !strings.Contains(page, s) {
		t.Errorf("the page lacks %q", s)
	}
}

func hasNot(t *testing.T, page, s string) {
	t.Helper()
	if strings.Contains(page, s) {
		t.Errorf("the page has %q", s)
	}
}

func TestLanguageRefused(t *testing.T) {
	w := newWorld(t)
	x := w.examine(w.write(archive.Folder, w.sent(w.contract(), false)))
	var b bytes.Buffer
	require.ErrorIs(t, report.WriteHTML(&b, &report.Page{Examination: x, Lang: "fr"}), report.ErrLanguage)
	require.Zero(t, b.Len())
	full := errors.New("full")
	require.ErrorIs(t, report.WriteHTML(failing{full}, &report.Page{Examination: x}), full)
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestAttachmentsUnknown: of a message that no proof encloses the page does not say
// that it had no attachments.
func TestAttachmentsUnknown(t *testing.T) {
	w := newWorld(t)
	tx := w.sent(w.contract(), false)
	tx.Items = slices.DeleteFunc(tx.Items, func(it *archive.Item) bool { return it.Role != archive.RoleAcceptance })
	require.Len(t, tx.Items, 1)
	x := w.examine(w.write(archive.Folder, tx))
	has(t, plain(w.page(x, "it")), "Allegati del messaggio non noti: nessuna prova del fascicolo racchiude il messaggio stesso")
	has(t, plain(w.page(x, "en")), "Files attached to the message not known: no proof in the package encloses the message itself")
}

// TestPageWithAForgedReceipt: a receipt that was false when it came neither
// proves anything nor spoils what the others prove.
func TestPageWithAForgedReceipt(t *testing.T) {
	w := newWorld(t)
	tx := w.sent(w.contract(), false)
	var forged []byte
	for i, it := range tx.Items {
		if it.Role == archive.RoleDelivery {
			data, err := io.ReadAll(it.Source())
			require.NoError(t, err)
			forged = bytes.Replace(data, []byte("Il giorno"), []byte("Al giorno"), 1)
			require.NotEqual(t, data, forged)
			tx.Items = append(tx.Items[:i:i], tx.Items[i+1:]...)
			break
		}
	}
	tx.Items = append(tx.Items, w.capture(forged, false))
	x := w.examine(w.write(archive.Folder, tx))
	require.Equal(t, trust.Indeterminate, x.Verdict)
	page := plain(w.page(x, "it"))
	has(t, page, "Le prove reggono, salvo un messaggio falso fin dall’inizio")
	has(t, page, "Attenzione: questa prova non ha superato")
	has(t, page, bruno+": accettato; la prova dell’esito doveva arrivare e nel fascicolo non c’è")
	has(t, page, "Questa prova qui non conta")
	hasNot(t, page, "Nessun messaggio risulta falso")
	has(t, plain(w.page(x, "en")), "false from the start")
}

// TestColours: every colour is of the palette, whose contrasts are computed by a
// test of receipt/report.
func TestColours(t *testing.T) {
	own, err := os.ReadFile(filepath.Join("page", "style.css"))
	require.NoError(t, err)
	require.NotRegexp(t, `(?i)#[0-9a-f]{3,8}\b|\b(rgb|hsl|lab|lch|oklch|oklab|color)\(|:\s*(black|white|red|green|gray|grey)\b`, string(own))
	w := newWorld(t)
	require.Contains(t, w.page(w.examine(w.write(archive.Folder, w.sent(w.contract(), false))), "it"), "--green-bg: #e5f4e9")
}
