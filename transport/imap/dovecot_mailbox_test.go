package imap_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/imap"
)

func TestDovecotLogin(t *testing.T) {
	d := startDovecot(t, "")
	for _, auth := range []imap.Auth{imap.Auto, imap.Login, imap.Plain} {
		for _, startTLS := range []bool{false, true} {
			opt := d.options("anna")
			opt.Auth, opt.StartTLS = auth, startTLS
			if startTLS {
				opt.Port = d.startTLS
			}
			require.NoError(t, list(t, open(t, opt)), "%q, STARTTLS %v", auth, startTLS)
			opt.Credentials = imap.Password("anna", dovecotPassword+" ")
			require.ErrorIs(t, list(t, open(t, opt)), transport.ErrLogin)
		}
	}
	opt := d.options("anna")
	opt.Port = d.startTLS
	require.Error(t, list(t, open(t, opt)), "TLS where there is none from the start")
}

// Without UIDPLUS nothing is removed.
func TestDovecotWithoutUIDPLUS(t *testing.T) {
	d := startDovecot(t, "IMAP4rev1 IDLE")
	m := open(t, d.options("anna"))
	for _, text := range []string{"Subject: a\r\n\r\nx\r\n", "Subject: b\r\n\r\nx\r\n"} {
		id, err := m.Append(within(t), "INBOX", []string{`\Seen`}, day(3), strings.NewReader(text), int64(len(text)))
		require.NoError(t, err)
		require.Equal(t, text, fetch(t, m, "INBOX", id))
	}
	_, err := m.Append(within(t), "nowhere", nil, day(3), strings.NewReader("a: b"), 4)
	require.ErrorIs(t, err, transport.ErrNotFound)
	items, _, err := m.List(within(t), "INBOX", "", 9)
	require.NoError(t, err)
	require.ErrorIs(t, m.Delete(within(t), "INBOX", items[0].ID), errors.ErrUnsupported)
	require.ErrorIs(t, m.Move(within(t), "INBOX", items[0].ID, "Sent"), errors.ErrUnsupported)
	again, _, err := m.List(within(t), "INBOX", "", 9)
	require.NoError(t, err)
	require.Equal(t, items, again)
}

// Rights of several kinds in shared folders (RFC 4314): what is not allowed is
// an error and changes nothing, also where Dovecot says OK to it.
func TestDovecotRights(t *testing.T) {
	d := startDovecot(t, "")
	const all = "user=anna lrwstipekxa"
	anna, other := open(t, d.options("anna")), open(t, d.options("lettore"))
	for _, c := range []struct {
		rights                         string
		reads, appends, flags, removes bool
		seenOnly                       bool
	}{
		{rights: "lr", reads: true},
		{rights: "lrs", reads: true, seenOnly: true},
		{rights: "lrw", reads: true, flags: true},
		{rights: "lri", reads: true, appends: true},
		{rights: "lrt", reads: true},
		{rights: "lrte", reads: true, removes: true},
		{rights: "li", appends: true},
		{rights: "l"},
	} {
		t.Run(c.rights, func(t *testing.T) {
			folder := d.public("Quota-"+c.rights, all, "user=lettore "+c.rights)
			const text = "Subject: a\r\n\r\nx\r\n"
			id, err := anna.Append(within(t), folder, nil, day(3), strings.NewReader(text), int64(len(text)))
			require.NoError(t, err)
			may := func(allowed bool, err error, what string) {
				t.Helper()
				if allowed {
					require.NoError(t, err, what)
				} else {
					require.Error(t, err, what)
					t.Log(what, err)
				}
			}
			_, _, err = other.List(within(t), folder, "", 9)
			may(c.reads, err, "list")
			if c.reads {
				require.Equal(t, text, fetch(t, other, folder, id))
			}
			may(c.flags, other.SetFlags(within(t), folder, id, []string{`\Flagged`}), "flag")
			may(c.seenOnly, other.SetFlags(within(t), folder, id, []string{`\Seen`}), "mark as read")
			_, err = other.Append(within(t), folder, nil, time.Time{}, strings.NewReader(text), int64(len(text)))
			may(c.appends, err, "append")
			may(c.removes, other.Delete(within(t), folder, id), "delete")
			items, _, err := anna.List(within(t), folder, "", 9)
			require.NoError(t, err)
			want := 1
			if c.appends {
				want++
			}
			if c.removes {
				want--
			}
			require.Len(t, items, want)
			for _, i := range items {
				require.NotContains(t, i.Flags, `\Deleted`)
			}
		})
	}
}

// Folders have names of their own, in modified UTF-7 on the wire.
func TestDovecotFolderNames(t *testing.T) {
	d := startDovecot(t, "")
	m := open(t, d.options("anna"))
	for wire, name := range map[string]string{"Citt&AOA-": "Città", "R&-D": "R&D", "a b": "a b", `q"q`: `q"q`} {
		d.public(wire, "user=anna lrwstipekxa")
		folder := "Public/" + name
		id, err := m.Append(within(t), folder, nil, day(3), strings.NewReader("a: b\r\n\r\n"), 8)
		require.NoError(t, err, name)
		require.Equal(t, "a: b\r\n\r\n", fetch(t, m, folder, id))
	}
}

// The mail on the disk is the same after everything was read.
func TestDovecotReadingChangesNothing(t *testing.T) {
	d := startDovecot(t, "")
	folder := d.public("Letto", "user=anna lrwstipekxa", "user=lettore lrwstipekxa")
	files := func() (names []string) {
		for _, sub := range []string{"cur", "new"} {
			all, err := os.ReadDir(filepath.Join(d.dir, "public", ".Letto", sub))
			require.NoError(t, err)
			for _, f := range all {
				names = append(names, sub+"/"+f.Name())
			}
		}
		return names
	}
	for _, name := range []string{"1.a", "2.b"} { // as a delivery agent puts them
		path := filepath.Join(d.dir, "public", ".Letto", "new", name)
		require.NoError(t, os.WriteFile(path, []byte("Subject: x\n\ny\n"), 0o644))
		require.NoError(t, os.Chown(path, d.owner[0], d.owner[1]))
	}
	before := files()
	m := open(t, d.options("anna"))
	items, next, err := m.List(within(t), folder, "", 9)
	require.NoError(t, err)
	require.Len(t, items, 2)
	for _, i := range items {
		require.Equal(t, "Subject: x\r\n\r\ny\r\n", fetch(t, m, folder, i.ID))
		require.Empty(t, i.Flags)
	}
	require.NoError(t, m.Wait(within(t), folder, ""))
	_ = next
	require.Equal(t, before, files(), "not even moved from new to cur")
}
