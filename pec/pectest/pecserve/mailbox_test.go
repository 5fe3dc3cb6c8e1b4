package pecserve_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

// filled is a network in whose account anna lie some messages.
func filled(t testing.TB, subjects ...string) *world {
	t.Helper()
	w := start(t, nil)
	for i, s := range subjects {
		_, err := w.account(anna).Append(pectest.Inbox, []byte(letter(bruno, anna, s, "Text of "+s)), nil, time.Date(2026, 3, 2+i, 10, 0, 0, 0, time.UTC))
		require.NoError(t, err)
	}
	return w
}

func flagsOf(t testing.TB, a *pectest.Account, folder string) (all [][]string) {
	t.Helper()
	messages, err := a.List(folder)
	require.NoError(t, err)
	for _, m := range messages {
		all = append(all, m.Flags)
	}
	return all
}

// refused is the response code of a NO.
func refused(t testing.TB, err error) imap.ResponseCode {
	t.Helper()
	var no *imap.Error
	require.ErrorAs(t, err, &no)
	require.Equal(t, imap.StatusResponseTypeNo, no.Type, no)
	return no.Code
}

func TestCapabilities(t *testing.T) {
	w := filled(t)
	caps := w.imap(anna, nil).Caps()
	for _, c := range []imap.Cap{
		imap.CapIMAP4rev1, imap.CapIdle, imap.CapUIDPlus, imap.CapMove, imap.CapESearch, imap.CapNamespace, imap.CapSpecialUse,
		imap.CapListStatus, imap.CapUnselect,
	} {
		require.True(t, caps.Has(c), c)
	}
	require.False(t, caps.Has(imap.CapIMAP4rev2))
	limit, _ := caps.AppendLimit()
	require.NotNil(t, limit)
	require.EqualValues(t, 60_000_000, *limit)
}

func TestMailboxLoginIsRefused(t *testing.T) {
	w := filled(t)
	for _, c := range [][2]string{{anna, "wrong"}, {"nobody@alfa.example", "x"}, {bruno, w.account(bruno).Password()}} {
		client, err := imapclient.DialTLS(w.endpoint(anna).IMAP.String(), &imapclient.Options{TLSConfig: w.tls()})
		require.NoError(t, err)
		require.Equal(t, imap.ResponseCodeAuthenticationFailed, refused(t, client.Login(c[0], c[1]).Wait()))
		client.Close()
	}
	require.NoError(t, w.AddFault(pectest.Fault{Kind: pectest.RefuseLogin, Mailbox: anna, Times: 1}))
	client, err := imapclient.DialTLS(w.endpoint(anna).IMAP.String(), &imapclient.Options{TLSConfig: w.tls()})
	require.NoError(t, err)
	defer client.Close()
	require.Equal(t, imap.ResponseCodeAuthenticationFailed, refused(t, client.Login(anna, w.account(anna).Password()).Wait()))
	require.NoError(t, client.Login(anna, w.account(anna).Password()).Wait())
}

func TestFolders(t *testing.T) {
	w := filled(t, "one", "two", "three")
	c := w.imap(anna, nil)
	require.NoError(t, c.Create("Archive/2026", nil).Wait())
	require.Equal(t, imap.ResponseCodeAlreadyExists, refused(t, c.Create("Archive/2026", nil).Wait()))
	require.Equal(t, imap.ResponseCodeAlreadyExists, refused(t, c.Create("inbox", nil).Wait()))
	require.Equal(t, imap.ResponseCodeCannot, refused(t, c.Delete("Sent").Wait()))
	names := func(list []*imap.ListData) (out []string) {
		for _, l := range list {
			out = append(out, l.Mailbox)
		}
		return out
	}
	all, err := c.List("", "*", &imap.ListOptions{ReturnStatus: &imap.StatusOptions{NumMessages: true, NumUnseen: true, Size: true}}).Collect()
	require.NoError(t, err)
	require.Equal(t, []string{"INBOX", "Sent", "Archive/2026"}, names(all))
	require.EqualValues(t, 3, *all[0].Status.NumMessages)
	require.EqualValues(t, 3, *all[0].Status.NumUnseen)
	require.EqualValues(t, w.account(anna).Size(), *all[0].Status.Size)
	require.Contains(t, all[1].Attrs, imap.MailboxAttrSent)
	for pattern, want := range map[string][]string{"%": {"INBOX", "Sent"}, "inbox": {"INBOX"}, "Archive/%": {"Archive/2026"}, "none": nil} {
		all, err := c.List("", pattern, nil).Collect()
		require.NoError(t, err)
		require.Equal(t, want, names(all), pattern)
	}
	st, err := c.Status("INBOX", &imap.StatusOptions{NumMessages: true, UIDNext: true, UIDValidity: true}).Wait()
	require.NoError(t, err)
	require.EqualValues(t, 4, st.UIDNext)
	own, err := w.account(anna).Status(pectest.Inbox)
	require.NoError(t, err)
	require.Equal(t, own.UIDValidity, st.UIDValidity)
	_, err = c.Status("none", &imap.StatusOptions{NumMessages: true}).Wait()
	require.Equal(t, imap.ResponseCodeNonExistent, refused(t, err))
	_, err = c.Select("none", nil).Wait()
	require.Equal(t, imap.ResponseCodeNonExistent, refused(t, err))
	ns, err := c.Namespace().Wait()
	require.NoError(t, err)
	require.Equal(t, '/', ns.Personal[0].Delim)
}

func TestFetchItems(t *testing.T) {
	w := filled(t, "Prova uno", "two")
	c := w.imap(anna, nil)
	header, text := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, Peek: true}, &imap.FetchItemBodySection{Specifier: imap.PartSpecifierText, Peek: true}
	some := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, HeaderFields: []string{"subject", "FROM"}, Peek: true}
	others := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, HeaderFieldsNot: []string{"Subject", "From", "To", "Date", "Message-ID"}, Peek: true}
	middle := &imap.FetchItemBodySection{Partial: &imap.SectionPartial{Offset: 6, Size: 4}, Peek: true}
	beyond := &imap.FetchItemBodySection{Partial: &imap.SectionPartial{Offset: 100000, Size: 1 << 40}, Peek: true}
	one := &imap.FetchItemBodySection{Part: []int{1}, Peek: true}
	all := fetch(t, c, "INBOX", &imap.FetchOptions{
		Envelope: true, Flags: true, InternalDate: true, RFC822Size: true, UID: true, BodyStructure: &imap.FetchItemBodyStructure{Extended: true},
		BodySection: []*imap.FetchItemBodySection{whole, header, text, some, others, middle, beyond, one},
	})
	stored := w.account(anna).Messages()[0]
	m := all[0]
	require.EqualValues(t, 1, m.UID)
	require.Equal(t, "Prova uno", m.Envelope.Subject)
	require.Equal(t, bruno, m.Envelope.From[0].Addr())
	require.True(t, m.InternalDate.Equal(stored.Time))
	require.EqualValues(t, len(stored.Data), m.RFC822Size)
	require.Equal(t, "text/plain", m.BodyStructure.MediaType())
	require.Empty(t, m.Flags)
	require.Equal(t, stored.Data, m.FindBodySection(whole))
	require.Equal(t, stored.Data, slices.Concat(m.FindBodySection(header), m.FindBodySection(text)))
	require.Equal(t, "Text of Prova uno\r\n", string(m.FindBodySection(text)))
	require.Equal(t, "Text of Prova uno\r\n", string(m.FindBodySection(one)))
	require.Equal(t, "From: "+bruno+"\r\nSubject: Prova uno\r\n\r\n", string(m.FindBodySection(some)))
	require.Equal(t, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n", string(m.FindBodySection(others)))
	require.Equal(t, "brun", string(m.FindBodySection(middle)))
	require.Empty(t, m.FindBodySection(beyond))
	require.Equal(t, [][]string{nil, nil}, flagsOf(t, w.account(anna), pectest.Inbox), "peeking")

	_, err := c.Select("INBOX", nil).Wait()
	require.NoError(t, err)
	read, err := c.Fetch(imap.UIDSetNum(2), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{}}}).Collect()
	require.NoError(t, err)
	require.Len(t, read, 1)
	require.Equal(t, []imap.Flag{imap.FlagSeen}, read[0].Flags, "told in the same response")
	require.Equal(t, [][]string{nil, {`\Seen`}}, flagsOf(t, w.account(anna), pectest.Inbox))
}

// Every fixture, however odd, can be filed and comes back as it was.
func TestAnyMessageIsServed(t *testing.T) {
	w := start(t, nil)
	fixtures, err := pectest.Fixtures(1)
	require.NoError(t, err)
	odd := [][]byte{
		[]byte("Content-Type: multipart/mixed; boundary=x\r\n\r\nnothing\r\n"),
		[]byte("Content-Type: multipart/mixed\r\n\r\nnothing\r\n"),
		[]byte("Content-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n"),
		[]byte("no header at all\r\n"), []byte(" starts with a space\r\n\r\nx"), []byte("A: b\nC: d\n\nbare line feeds\n"), []byte("A: b"), []byte("\r\nbody"),
		[]byte("From: =?utf-8?q?\xff?= <\r\nSubject: \x00\xe8\r\nContent-Type: ;;;\r\n\r\n\x00"),
	}
	for _, f := range fixtures {
		odd = append(odd, f.Data)
	}
	for _, data := range odd {
		_, err := w.account(anna).Append(pectest.Inbox, data, nil, time.Time{})
		require.NoError(t, err)
	}
	header, text := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, Peek: true}, &imap.FetchItemBodySection{Specifier: imap.PartSpecifierText, Peek: true}
	one := &imap.FetchItemBodySection{Part: []int{1}, Peek: true}
	c := w.imap(anna, nil)
	_, err = c.Select("INBOX", nil).Wait()
	require.NoError(t, err)
	same := 0
	for i, data := range odd {
		set := imap.SeqSetNum(uint32(i + 1))
		all, err := c.Fetch(set, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{whole, header, text, one}}).Collect()
		require.NoError(t, err)
		require.Len(t, all, 1)
		require.Equal(t, data, all[0].FindBodySection(whole))
		require.Equal(t, data, slices.Concat(all[0].FindBodySection(header), all[0].FindBodySection(text)), "%q", data)
		if m, err := envelope.OpenBytes(data, nil); err == nil && m.Signed != nil {
			if bytes.Equal(all[0].FindBodySection(one), data[m.Signed.Body.Start:m.Signed.Body.End]) {
				same++
			}
		}
	}
	require.Greater(t, same, 300, "the signed part as our own reader finds it")
	// The client of the library reads no envelope with addresses it cannot
	// write back; what is asked for here is that the server answers it all.
	for i := range odd {
		_, _ = c.Fetch(imap.SeqSetNum(uint32(i+1)), &imap.FetchOptions{Envelope: true}).Collect()
		_, _ = c.Fetch(imap.SeqSetNum(uint32(i+1)), &imap.FetchOptions{BodyStructure: &imap.FetchItemBodyStructure{Extended: true}}).Collect()
	}
	require.NoError(t, c.Noop().Wait(), "still there")
	found, err := c.UIDSearch(&imap.SearchCriteria{Text: []string{"nowhere to be found"}}, nil).Wait()
	require.NoError(t, err)
	require.Empty(t, found.AllUIDs())
}

func TestFlags(t *testing.T) {
	w := filled(t, "one", "two", "three")
	c := w.imap(anna, nil)
	data, err := c.Select("INBOX", nil).Wait()
	require.NoError(t, err)
	require.Contains(t, data.PermanentFlags, imap.FlagWildcard)
	store := func(set imap.NumSet, op imap.StoreFlagsOp, flags ...imap.Flag) []*imapclient.FetchMessageBuffer {
		t.Helper()
		all, err := c.Store(set, &imap.StoreFlags{Op: op, Flags: flags}, nil).Collect()
		require.NoError(t, err)
		return all
	}
	all := store(imap.SeqSet{{Start: 2, Stop: 0}}, imap.StoreFlagsAdd, `\seen`, "Urgent", "urgent", imap.FlagFlagged)
	require.Len(t, all, 2)
	require.Equal(t, []imap.Flag{imap.FlagSeen, "Urgent", imap.FlagFlagged}, all[0].Flags)
	store(imap.UIDSet{{Start: 9, Stop: 0}}, imap.StoreFlagsDel, "URGENT") // * is the last one, 9:* is *:9
	store(imap.UIDSetNum(1, 77), imap.StoreFlagsSet, imap.FlagAnswered)
	require.Equal(t, [][]string{{`\Answered`}, {`\Seen`, "Urgent", `\Flagged`}, {`\Seen`, `\Flagged`}}, flagsOf(t, w.account(anna), pectest.Inbox))
	again, err := c.Select("INBOX", nil).Wait()
	require.NoError(t, err)
	require.Contains(t, again.Flags, imap.Flag("Urgent"))
}

func TestExpungeCopyMove(t *testing.T) {
	w := filled(t, "one", "two", "three", "four", "five")
	var expunged []uint32
	c := w.imap(anna, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{Expunge: func(n uint32) { expunged = append(expunged, n) }}})
	_, err := c.Select("INBOX", nil).Wait()
	require.NoError(t, err)
	copied, err := c.Copy(imap.UIDSetNum(1, 3), "Sent").Wait()
	require.NoError(t, err)
	require.Equal(t, "1,3", copied.SourceUIDs.String())
	require.Equal(t, "1:2", copied.DestUIDs.String())
	_, err = c.Copy(imap.SeqSetNum(1), "none").Wait()
	require.Equal(t, imap.ResponseCodeTryCreate, refused(t, err))

	moved, err := c.Move(imap.SeqSetNum(2), "Sent").Wait()
	require.NoError(t, err)
	require.Equal(t, "2", moved.SourceUIDs.(imap.UIDSet).String())
	require.Equal(t, []uint32{2}, expunged)
	require.Equal(t, w.account(anna).Size(), int64(len(letter(bruno, anna, "one", "Text of one"))*2+len(letter(bruno, anna, "two", "Text of two"))+
		2*len(letter(bruno, anna, "three", "Text of three"))+2*len(letter(bruno, anna, "four", "Text of four"))), "four and five are of one length")

	require.NoError(t, c.Store(imap.UIDSetNum(1, 4, 5), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}, Silent: true}, nil).Close())
	expunged = nil
	require.NoError(t, c.UIDExpunge(imap.UIDSetNum(4, 3)).Close())
	require.Len(t, w.account(anna).Messages(), 3)
	require.NoError(t, c.Expunge().Close())
	require.NoError(t, c.Noop().Wait())
	require.EqualValues(t, 1, c.Mailbox().NumMessages)
	require.Len(t, w.account(anna).Messages(), 1)
	require.EqualValues(t, 3, w.account(anna).Messages()[0].UID)
}

func TestAppendToSent(t *testing.T) {
	providers := pectest.DefaultProviders()
	providers[0].MaxSize, providers[0].MaxMailbox = 5000, 6000
	w := start(t, &pectest.NetworkOptions{Providers: providers})
	c := w.imap(anna, nil)
	file := func(folder, message string, opt *imap.AppendOptions) (*imap.AppendData, error) {
		cmd := c.Append(folder, int64(len(message)), opt)
		_, _ = cmd.Write([]byte(message))
		_ = cmd.Close()
		return cmd.Wait()
	}
	message := letter(anna, bruno, "sent", strings.Repeat("x", 1000))
	at := time.Date(2026, 3, 1, 7, 8, 9, 0, time.UTC)
	data, err := file("Sent", message, &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}, Time: at})
	require.NoError(t, err)
	st, err := w.account(anna).Status(pectest.Sent)
	require.NoError(t, err)
	require.Equal(t, imap.AppendData{UID: 1, UIDValidity: st.UIDValidity}, *data)
	stored, err := w.account(anna).List(pectest.Sent)
	require.NoError(t, err)
	require.Equal(t, message, string(stored[0].Data))
	require.Equal(t, []string{`\Seen`}, stored[0].Flags)
	require.True(t, at.Equal(stored[0].Time))

	_, err = file("none", message, nil)
	require.Equal(t, imap.ResponseCodeTryCreate, refused(t, err))
	_, err = file("Sent", letter(anna, bruno, "large", strings.Repeat("x", 5000)), nil)
	require.Equal(t, imap.ResponseCodeTooBig, refused(t, err))
	c = w.imap(anna, nil) // this client hangs up when a literal is refused; see TestPython for one that goes on
	_, err = file("Sent", letter(anna, bruno, "quota", strings.Repeat("x", 4700)), nil)
	require.Equal(t, imap.ResponseCodeOverQuota, refused(t, err))
	_, err = file("Sent", message, nil)
	require.NoError(t, err, "the session goes on")
	w.Settle()
	require.Empty(t, w.kinds(bruno), "nothing is sent")
}

func TestExamineChangesNothing(t *testing.T) {
	w := filled(t, "one", "two")
	require.NoError(t, w.account(anna).SetFlags(pectest.Inbox, 2, []string{`\Deleted`}))
	before, err := w.account(anna).Status(pectest.Inbox)
	require.NoError(t, err)
	c := w.imap(anna, nil)
	all := fetch(t, c, "INBOX", &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{{}}})
	require.Len(t, all, 2)
	require.Empty(t, c.Mailbox().PermanentFlags)
	refused(t, c.Store(imap.SeqSetNum(1), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagSeen}}, nil).Close())
	refused(t, c.Expunge().Close())
	_, err = c.Move(imap.SeqSetNum(1), "Sent").Wait()
	refused(t, err)
	_, err = c.Copy(imap.SeqSetNum(1), "Sent").Wait()
	require.NoError(t, err, "copying out is no change")
	require.NoError(t, c.UnselectAndExpunge().Wait(), "CLOSE does not fail")
	after, err := w.account(anna).Status(pectest.Inbox)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestSearch(t *testing.T) {
	w := filled(t, "one", "two", "three")
	require.NoError(t, w.account(anna).SetFlags(pectest.Inbox, 2, []string{`\Seen`, "Urgent"}))
	w.send(bruno, &pec.Draft{To: pec.Addresses(anna), Subject: "Una città", Text: "Sì, perché no?"})
	w.Settle()
	c := w.imap(anna, nil)
	_, err := c.Select("INBOX", nil).Wait()
	require.NoError(t, err)
	day := func(d int) time.Time { return time.Date(2026, 3, d, 0, 0, 0, 0, time.UTC) }
	header := func(key, value string) []imap.SearchCriteriaHeaderField {
		return []imap.SearchCriteriaHeaderField{{Key: key, Value: value}}
	}
	for _, s := range []struct {
		what string
		imap.SearchCriteria
		want string
	}{
		{"all", imap.SearchCriteria{}, "1:4"},
		{"seen", imap.SearchCriteria{Flag: []imap.Flag{`\SEEN`}}, "2"},
		{"not a keyword", imap.SearchCriteria{NotFlag: []imap.Flag{"urgent"}}, "1,3:4"},
		{"uids", imap.SearchCriteria{UID: []imap.UIDSet{{{Start: 3, Stop: 0}}}}, "3:4"},
		{"sequence", imap.SearchCriteria{SeqNum: []imap.SeqSet{{{Start: 1, Stop: 2}}}}, "1:2"},
		{"subject", imap.SearchCriteria{Header: header("Subject", "TWO")}, "2"},
		{"encoded subject", imap.SearchCriteria{Header: header("Subject", "città")}, "4"},
		{"header", imap.SearchCriteria{Header: header("X-Trasporto", "")}, "4"},
		{"header value", imap.SearchCriteria{Header: header("x-trasporto", "certificata")}, "4"},
		{"since", imap.SearchCriteria{Since: day(3), Before: day(4)}, "2"},
		{"sent", imap.SearchCriteria{SentSince: day(2), SentBefore: day(3)}, "1:4"},
		{"sent later", imap.SearchCriteria{SentSince: day(3)}, ""},
		{"body", imap.SearchCriteria{Body: []string{"text of t"}}, "2:3"},
		{"body is not the header", imap.SearchCriteria{Body: []string{"client.example"}}, ""},
		{"body in latin-1", imap.SearchCriteria{Body: []string{"è stato inviato da"}}, "4"},
		{"body of the original", imap.SearchCriteria{Body: []string{"perché no"}}, "4"},
		{"text", imap.SearchCriteria{Text: []string{"three@client.example"}}, "3"},
		{"larger", imap.SearchCriteria{Larger: 2000}, "4"},
		{"smaller", imap.SearchCriteria{Smaller: 2000}, "1:3"},
		{"not", imap.SearchCriteria{Not: []imap.SearchCriteria{{Flag: []imap.Flag{imap.FlagSeen}}}}, "1,3:4"},
		{"or", imap.SearchCriteria{Or: [][2]imap.SearchCriteria{{{Body: []string{"of one"}}, {Body: []string{"of two"}}}}}, "1:2"},
	} {
		found, err := c.UIDSearch(&s.SearchCriteria, nil).Wait()
		require.NoError(t, err, s.what)
		got := imap.UIDSetNum(found.AllUIDs()...)
		require.Equal(t, s.want, got.String(), s.what)
	}
	found, err := c.Search(&imap.SearchCriteria{NotFlag: []imap.Flag{imap.FlagSeen}}, &imap.SearchOptions{ReturnMin: true, ReturnMax: true, ReturnCount: true}).Wait()
	require.NoError(t, err)
	require.Equal(t, [3]uint32{1, 4, 3}, [3]uint32{found.Min, found.Max, found.Count})
}
