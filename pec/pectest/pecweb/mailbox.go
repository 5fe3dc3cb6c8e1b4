package pecweb

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

type mailboxView struct {
	Address, Note, Folder string
	Folders               []pectest.FolderStatus
	Status                pectest.FolderStatus
	Messages              []messageLine
	Size                  int64
	Older                 string
}

// messageLine is a row of the list of messages.
type messageLine struct {
	UID           uint32
	Time          time.Time
	Kind          pec.Kind
	Subject, From string
	Verdict       state
	URL           string
}

// mailbox lists a folder of a mailbox, newest message first.
func (s *site) mailbox(r *http.Request) (*page, error) {
	q := r.URL.Query()
	m, err := s.net.Mailbox(q.Get("address"))
	if err != nil {
		return nil, errNothing
	}
	v := &mailboxView{Address: m.Address, Folder: folderOf(q.Get("folder")), Folders: m.Folders(), Size: m.Size()}
	all, err := m.List(v.Folder)
	if err != nil {
		return nil, errNothing
	}
	if v.Status, err = m.Status(v.Folder); err != nil {
		return nil, errNothing
	}
	end := len(all)
	if before, err := strconv.ParseUint(q.Get("before"), 10, 32); err == nil {
		for end > 0 && uint64(all[end-1].UID) >= before {
			end--
		}
	}
	for i := end - 1; i >= max(end-pageSize, 0); i-- {
		v.Messages = append(v.Messages, s.lineOf(r.Context(), m.Address, v.Folder, &all[i]))
	}
	if end > pageSize {
		v.Older = link("/mailbox", "address", m.Address, "folder", v.Folder, "before", strconv.Itoa(int(all[end-pageSize].UID)))
	}
	return &page{name: "mailbox", Title: m.Address, Body: v}, nil
}

func folderOf(name string) string {
	if name == "" {
		return pectest.Inbox
	}
	return name
}

func (s *site) lineOf(ctx context.Context, address, folder string, m *pectest.Stored) messageLine {
	line := messageLine{
		UID: m.UID, Time: m.Time, Kind: m.Kind, Verdict: state{"red", "unreadable"},
		URL: link("/message", "address", address, "folder", folder, "uid", strconv.Itoa(int(m.UID))),
	}
	read, err := pec.ParseBytes(m.Data, nil)
	if err != nil {
		return line
	}
	line.Subject, line.From = read.Envelope.Header.Text("Subject"), read.Envelope.Header.Text("From")
	if report, err := s.net.Verifier().Verify(ctx, read); err == nil {
		line.Verdict = verdictOf(report.Kind, report.Verdict)
	}
	return line
}

// stored finds the message that a query names.
func (s *site) stored(r *http.Request) (m *pectest.Mailbox, folder string, found *pectest.Stored, err error) {
	q := r.URL.Query()
	if m, err = s.net.Mailbox(q.Get("address")); err != nil {
		return nil, "", nil, errNothing
	}
	folder = folderOf(q.Get("folder"))
	uid, err := strconv.ParseUint(q.Get("uid"), 10, 32)
	if err != nil {
		return nil, "", nil, errNothing
	}
	all, err := m.List(folder)
	if err != nil {
		return nil, "", nil, errNothing
	}
	for i := range all {
		if all[i].UID == uint32(uid) {
			return m, folder, &all[i], nil
		}
	}
	return nil, "", nil, errNothing
}
