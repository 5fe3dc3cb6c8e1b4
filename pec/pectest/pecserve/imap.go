package pecserve

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"sync"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"github.com/certmail/certmail/pec/pectest"
)

// imap makes the server of the mailboxes: IMAP4rev1 (RFC 3501) with IDLE,
// UIDPLUS, MOVE, ESEARCH, NAMESPACE, SPECIAL-USE and what goes with them.
func (at *site) imap() protocol {
	return imapserver.New(&imapserver.Options{
		Caps: imap.CapSet{
			imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}, imap.CapMove: {}, imap.CapESearch: {}, imap.CapNamespace: {},
			imap.CapListExtended: {}, imap.CapListStatus: {}, imap.CapStatusSize: {}, imap.CapSpecialUse: {},
		},
		Logger: reporter{at.Servers},
		NewSession: func(c *imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return &session{site: at, conn: c}, nil, nil
		},
	})
}

// session is an IMAP session. The library calls one method at a time, but for
// Idle, which runs beside the end of the connection.
type session struct {
	*site
	conn *imapserver.Conn

	mu       sync.Mutex
	account  *pectest.Account
	selected *selected // nil for none
	closed   bool
}

// delimiter separates the levels of folder names.
const delimiter = '/'

// answer is a NO with a response code.
func answer(code imap.ResponseCode, format string, args ...any) error {
	return &imap.Error{Type: imap.StatusResponseTypeNo, Code: code, Text: fmt.Sprintf(format, args...)}
}

// no turns an error of the network into an answer. A folder that was
// renumbered ends the session: a UID must not change during one (RFC 9051
// §2.3.1.1), and there is no response that says that it did.
func (s *session) no(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pectest.ErrRenumbered):
		_ = s.conn.Bye("UIDVALIDITY has changed, please connect again")
		return fmt.Errorf("%w: %w", err, net.ErrClosed)
	case errors.Is(err, pectest.ErrNoFolder):
		return answer(imap.ResponseCodeNonExistent, "No such folder")
	}
	return answer("", "%s", strings.Join(strings.Fields(err.Error()), " "))
}

func (s *session) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.selected, s.closed = nil, true
	return nil
}

func (s *session) Login(user, password string) error {
	a, err := s.login(user, password)
	if err != nil {
		return imapserver.ErrAuthFailed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account = a
	return nil
}

// AppendLimit bounds what APPEND takes, before the login to nothing.
func (s *session) AppendLimit() uint32 {
	if s.account == nil {
		return 0
	}
	return uint32(min(s.config.MaxSize, math.MaxUint32))
}

func (s *session) Append(name string, r imap.LiteralReader, options *imap.AppendOptions) (*imap.AppendData, error) {
	folder, err := s.account.OpenFolder(name)
	if err != nil {
		return nil, answer(imap.ResponseCodeTryCreate, "No such folder")
	}
	st, err := folder.Status()
	if err != nil {
		return nil, s.again(err)
	}
	if s.account.Size()+r.Size() > s.config.MaxMailbox {
		return nil, answer(imap.ResponseCodeOverQuota, "Mailbox is full")
	}
	data, err := io.ReadAll(r)
	if err == nil && int64(len(data)) != r.Size() {
		err = io.ErrUnexpectedEOF // the library's reader just ends where the connection does
	}
	if err != nil {
		return nil, err
	}
	uid, err := folder.Append(data, flagNames(options.Flags), options.Time)
	if err != nil {
		return nil, s.again(err)
	}
	return &imap.AppendData{UID: imap.UID(uid), UIDValidity: st.UIDValidity}, nil
}

// again is no for a folder that was opened just now and need not be the
// selected one: the client may try once more.
func (s *session) again(err error) error {
	if errors.Is(err, pectest.ErrRenumbered) {
		return answer(imap.ResponseCodeUnavailable, "UIDVALIDITY has changed just now")
	}
	return s.no(err)
}

func (s *session) Create(name string, _ *imap.CreateOptions) error {
	name = strings.TrimRight(name, string(delimiter))
	if name == "" {
		return answer(imap.ResponseCodeCannot, "A folder needs a name")
	}
	if _, err := s.account.Status(name); err == nil {
		return answer(imap.ResponseCodeAlreadyExists, "The folder is there already")
	}
	s.account.CreateFolder(name)
	return nil
}

func (s *session) Delete(string) error {
	return answer(imap.ResponseCodeCannot, "Folders are not deleted here")
}

func (s *session) Rename(string, string, *imap.RenameOptions) error {
	return answer(imap.ResponseCodeCannot, "Folders are not renamed here")
}

// Subscribe and Unsubscribe: all folders are subscribed, always.
func (s *session) Subscribe(name string) error {
	_, err := s.account.Status(name)
	return s.no(err)
}

func (s *session) Unsubscribe(name string) error { return s.Subscribe(name) }

func (s *session) Namespace() (*imap.NamespaceData, error) {
	return &imap.NamespaceData{Personal: []imap.NamespaceDescriptor{{Delim: delimiter}}}, nil
}

func (s *session) List(w *imapserver.ListWriter, ref string, patterns []string, options *imap.ListOptions) error {
	if len(patterns) == 0 {
		return w.WriteList(&imap.ListData{Attrs: []imap.MailboxAttr{imap.MailboxAttrNoSelect}, Delim: delimiter})
	}
	for _, st := range s.account.Folders() {
		match := false
		for _, p := range patterns {
			match = match || imapserver.MatchList(st.Name, delimiter, ref, p) || ref == "" && st.Name == pectest.Inbox && strings.EqualFold(p, st.Name)
		}
		data := &imap.ListData{Delim: delimiter, Mailbox: st.Name}
		if st.Name == pectest.Sent {
			data.Attrs = append(data.Attrs, imap.MailboxAttrSent)
		}
		if !match || options.SelectSpecialUse && len(data.Attrs) == 0 {
			continue
		}
		if options.ReturnSubscribed {
			data.Attrs = append(data.Attrs, imap.MailboxAttrSubscribed)
		}
		if options.ReturnStatus != nil {
			var err error
			if data.Status, err = s.Status(st.Name, options.ReturnStatus); err != nil {
				return err
			}
		}
		if err := w.WriteList(data); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) Status(name string, _ *imap.StatusOptions) (*imap.StatusData, error) {
	folder, err := s.account.OpenFolder(name)
	if err != nil {
		return nil, s.no(err)
	}
	st, all, err := folder.List()
	if err != nil {
		return nil, s.again(err)
	}
	var size, deletedSize int64
	var recent, unseen, deleted uint32
	for i := range all {
		size += int64(len(all[i].Data))
		if !hasFlag(all[i].Flags, imap.FlagSeen) {
			unseen++
		}
		if hasFlag(all[i].Flags, imap.FlagDeleted) {
			deleted++
			deletedSize += int64(len(all[i].Data))
		}
	}
	messages, limit := uint32(len(all)), s.AppendLimit()
	return &imap.StatusData{
		Mailbox: st.Name, NumMessages: &messages, NumRecent: &recent, NumUnseen: &unseen, NumDeleted: &deleted, Size: &size, DeletedStorage: &deletedSize,
		UIDNext: imap.UID(st.UIDNext), UIDValidity: st.UIDValidity, AppendLimit: &limit,
	}, nil
}
