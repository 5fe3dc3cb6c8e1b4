package imap_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/transport"
)

// The rate at which Dovecot's messages come in, beside the bare client's that
// collects them in memory.
func BenchmarkFetchDovecot(b *testing.B) {
	d := startDovecot(b, "")
	m := open(b, d.options("anna"))
	bare, err := imapclient.DialTLS(fmt.Sprintf("127.0.0.1:%d", d.imaps), &imapclient.Options{TLSConfig: &tls.Config{RootCAs: d.pool}})
	require.NoError(b, err)
	b.Cleanup(func() { bare.Close() })
	require.NoError(b, bare.Login("anna", dovecotPassword).Wait())
	for _, size := range []int{7500, 20 << 20} {
		text := strings.Repeat(strings.Repeat("x", 74)+"\r\n", size/76)
		id, err := m.Append(context.Background(), "INBOX", nil, time.Time{}, strings.NewReader(text), int64(len(text)))
		require.NoError(b, err)
		_, uid, err := transport.ParseID(id)
		require.NoError(b, err)
		b.Run(fmt.Sprintf("mailbox/%d", size), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := m.Fetch(context.Background(), "INBOX", id)
				require.NoError(b, err)
				n, err := io.Copy(io.Discard, r)
				require.NoError(b, err)
				require.EqualValues(b, len(text), n)
				require.NoError(b, r.Close())
			}
		})
		b.Run(fmt.Sprintf("bare/%d", size), func(b *testing.B) {
			_, err := bare.Select("INBOX", &goimap.SelectOptions{ReadOnly: true}).Wait()
			require.NoError(b, err)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				all, err := bare.Fetch(goimap.UIDSetNum(goimap.UID(uid)), &goimap.FetchOptions{BodySection: []*goimap.FetchItemBodySection{{Peek: true}}}).Collect()
				require.NoError(b, err)
				require.Len(b, all, 1)
			}
		})
	}
}

func BenchmarkListDovecot(b *testing.B) {
	d := startDovecot(b, "")
	m := open(b, d.options("anna"))
	for range 1000 {
		_, err := m.Append(context.Background(), "INBOX", nil, time.Time{}, strings.NewReader("a: b\r\n\r\n"), 8)
		require.NoError(b, err)
	}
	b.ReportAllocs()
	for b.Loop() {
		items, _, err := m.List(context.Background(), "INBOX", "", 1000)
		require.NoError(b, err)
		require.Len(b, items, 1000)
	}
}
