package archive_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/archive"
	"github.com/certmail/certmail/trust"
)

// relabel is what a hostile packager writes beside a message to have it judged as
// something else. The lists of the package are all his, and right.
func relabel(it *archive.Item, role archive.Role, system, kind string) {
	it.Role, it.System, it.Kind = role, system, kind
	it.Report = nil
}

// What is certified is judged as certified, whatever the side-car calls it: a
// forged receipt does not become valid by being called ordinary mail or rubbish,
// nor does mail become certified.
func TestPackage_MislabelledItems(t *testing.T) {
	w := newWorld(t)
	ordinary := []byte("From: anna@alfa.example\r\nSubject: POSTA CERTIFICATA: Contratto\r\nMessage-ID: <1@alfa.example>\r\n\r\nCaro Bruno\r\n")
	for _, c := range []struct {
		what    string
		data    []byte
		lie     func(*archive.Item)
		said    archive.Role
		verdict trust.Verdict // of the item, and so of the package
		differs string
	}{
		{"forged receipt as a copy", w.fixture(t, "tampered/altered-text.eml").Data, func(it *archive.Item) { relabel(it, archive.RoleMessage, "mail", "ordinary") }, "", trust.Invalid, "system, kind, role"},
		{"forged receipt as rubbish", w.fixture(t, "tampered/altered-text.eml").Data, func(it *archive.Item) { relabel(it, archive.RoleUnreadable, "mail", "unreadable") }, "", trust.Invalid, "system, kind, role"},
		{"genuine receipt as a copy", w.fixture(t, "good/m1-accettazione.eml").Data, func(it *archive.Item) { relabel(it, archive.RoleMessage, "mail", "ordinary") }, archive.RoleAcceptance, trust.Indeterminate, "system, kind, role"},
		{"genuine receipt as another", w.fixture(t, "good/m1-accettazione.eml").Data, func(it *archive.Item) { it.Role, it.Kind = archive.RoleDelivery, "avvenuta-consegna" }, archive.RoleAcceptance, trust.Indeterminate, "kind, role"},
		{"mail as a receipt", ordinary, func(it *archive.Item) { relabel(it, archive.RoleDelivery, "pec", "avvenuta-consegna") }, archive.RoleMessage, trust.Indeterminate, "system, kind, role"},
		{"rubbish as mail", []byte("\x00\x01\x02"), func(it *archive.Item) { relabel(it, archive.RoleMessage, "mail", "ordinary") }, archive.RoleUnreadable, trust.Indeterminate, "kind, role"},
		{"another recipient", w.fixture(t, "good/m9-consegna-completa.eml").Data, func(it *archive.Item) { it.Recipient = "carla@beta.example" }, archive.RoleDelivery, trust.Valid, "recipient"},
		{"another time and subject", w.fixture(t, "good/m1-accettazione.eml").Data, func(it *archive.Item) { it.Time, it.Subject = it.Time.Add(time.Second), it.Subject+"!" }, archive.RoleAcceptance, trust.Valid, "time, subject"},
		{"another attachment", w.fixture(t, "good/m9-consegna-completa.eml").Data, func(it *archive.Item) {
			it.Attachments = append([]archive.Attachment{{Name: "x"}}, it.Attachments...)
		}, archive.RoleDelivery, trust.Valid, "attachments"},
		{"nothing", w.fixture(t, "good/m9-consegna-completa.eml").Data, func(*archive.Item) {}, archive.RoleDelivery, trust.Valid, ""},
		{"nothing, of rubbish", []byte("\x00\x01\x02"), func(*archive.Item) {}, archive.RoleUnreadable, trust.Valid, ""},
		{"nothing, of text that is not UTF-8", []byte("From: a@b.example\r\nSubject: caff\xe8 \xff\xfe\r\n\r\nx"), func(*archive.Item) {}, archive.RoleMessage, trust.Valid, ""},
	} {
		it := capture(t, c.data, w.options(true))
		if c.said == "" {
			c.said = it.Role
		}
		c.lie(it)
		for _, format := range []archive.Format{archive.Folder, archive.ASiCE} {
			v := verified(t, w.write(t, format, &archive.Transaction{ID: "urn:example:1", Items: []*archive.Item{it}}), w.verify())
			got := v.Items[0]
			require.True(t, v.Integrity.Intact, c.what)
			require.Equal(t, c.verdict, got.Verdict, "%s\n%s", c.what, describe(v))
			require.Equal(t, c.verdict, v.Verdict, c.what)
			require.Equal(t, c.said, got.Said.Role, c.what)
			require.Equal(t, c.differs, strings.Join(got.Differs, ", "), c.what)
			record := got.Proof(archive.ProofRecord)
			if c.differs == "" {
				require.Equal(t, trust.Passed, record.Status, c.what)
				require.Empty(t, v.Findings, c.what)
				continue
			}
			require.Equal(t, trust.Failed, record.Status, c.what)
			require.Contains(t, record.Detail, c.differs)
			require.Equal(t, []archive.Finding{{Code: "record-differs", Detail: it.Name + ": " + c.differs}}, v.Findings, c.what)
		}
	}
}

// The other places where a package says what an item is change nothing either.
func TestPackage_MislabelledInTheManifest(t *testing.T) {
	w := newWorld(t)
	dir := w.write(t, archive.Folder, w.transaction(t, true, "tampered/altered-text.eml"))
	name := filepath.Join(dir, "manifest.json")
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	role := `"role": "` + string(open(t, dir).Transaction.Items[0].Role) + `"`
	require.Equal(t, 1, strings.Count(string(data), role))
	require.NoError(t, os.WriteFile(name, []byte(strings.Replace(string(data), role, `"role": "message"`, 1)), 0o600))
	v := verified(t, dir, w.verify())
	require.Equal(t, trust.Invalid, v.Items[0].Verdict)
	require.NotEmpty(t, v.Integrity.Of("manifest.json"))
}
