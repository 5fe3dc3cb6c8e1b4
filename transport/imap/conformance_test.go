package imap_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/transporttest"
)

// The promises of transport.Mailbox, against the network's server.
func TestConformancePecserve(t *testing.T) {
	transporttest.Mailbox(t, func(t *testing.T) transporttest.Fixture {
		w := start(t, nil)
		return transporttest.Fixture{
			Mailbox: w.open(nil),
			Another: func(*testing.T) transport.Mailbox { return w.open(nil) },
			Deliver: func(t *testing.T, folder string, message []byte) {
				_, err := w.anna().Append(folder, message, nil, day(1))
				require.NoError(t, err)
			},
			Renumber: func(t *testing.T, folder string) { require.NoError(t, w.anna().ResetUIDValidity(folder)) },
			Large:    large(),
		}
	})
}

// The same against Dovecot, which keeps lines with a lone LF (and so cannot
// keep those apart from CRLF) and has no NUL.
func TestConformanceDovecot(t *testing.T) {
	d := startDovecot(t, "")
	var n atomic.Int32
	transporttest.Mailbox(t, func(t *testing.T) transporttest.Fixture {
		name := fmt.Sprintf("user%d", n.Add(1))
		another := func(*testing.T) transport.Mailbox { return open(t, d.options(name)) }
		return transporttest.Fixture{
			Mailbox: another(t), Another: another,
			Renumber: func(t *testing.T, folder string) { d.renumber(name, folder) },
			NoNUL:    true, NoLoneCR: true, NoLoneLF: true, Large: large(),
		}
	})
}

// The same in folders that several users share, one of whom may only read.
func TestConformanceDovecotShared(t *testing.T) {
	d := startDovecot(t, "")
	var n atomic.Int32
	transporttest.Mailbox(t, func(t *testing.T) transporttest.Fixture {
		i := n.Add(1)
		folder := d.public(fmt.Sprintf("Protocollo%d", i), "user=anna lrwstipekxa", "user=lettore lr")
		other := d.public(fmt.Sprintf("Archivio%d", i), "user=anna lrwstipekxa")
		as := func(name string) func(*testing.T) transport.Mailbox {
			return func(*testing.T) transport.Mailbox { return open(t, d.options(name)) }
		}
		return transporttest.Fixture{
			Mailbox: as("anna")(t), Another: as("anna"), ReadOnly: as("lettore"), Folder: folder, Other: other,
			NoNUL: true, NoLoneCR: true, NoLoneLF: true, Large: large(),
		}
	})
}

// The same with neither IDLE nor MOVE: it looks now and then, copies and
// removes.
func TestConformanceDovecotBare(t *testing.T) {
	d := startDovecot(t, "IMAP4rev1 UIDPLUS")
	var n atomic.Int32
	transporttest.Mailbox(t, func(t *testing.T) transporttest.Fixture {
		opt := d.options(fmt.Sprintf("user%d", n.Add(1)))
		opt.Poll = 20 * time.Millisecond
		another := func(*testing.T) transport.Mailbox { return open(t, opt) }
		return transporttest.Fixture{Mailbox: another(t), Another: another, NoNUL: true, NoLoneCR: true, NoLoneLF: true, Large: large()}
	})
}

// large is the size of a large message, which takes its time with the race
// detector.
func large() int64 {
	if testing.Short() {
		return 2 << 20
	}
	return 20 << 20
}
