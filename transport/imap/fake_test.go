package imap_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/transport/imap"
)

// fake is an IMAP server that says what a test wants it to. What it has no word
// for it answers as a plain server does whose folders all hold the same
// messages.
type fake struct {
	testing.TB
	greeting   string
	capability string
	uids       []uint32 // in order
	body       string
	// on answers a command by its name ("UID FETCH"); the answer is sent as it
	// is, with TAG in the place of the tag. "" leaves it to the fake; "hang
	// up" at its end ends the connection.
	on map[string]func(args string) string // set before the start, or by answer
	// bodies are those of messages that were appended, before which arrive may
	// add others.
	bodies map[uint32]string
	arrive func()
	// clear is what is said before TLS, nil for TLS from the start.
	clear func(c net.Conn)

	pool *x509.CertPool
	port int

	mu   sync.Mutex
	seen []string // commands, without tags
	open int
	most int
}

const hangUp = "hang up"

func startFake(t testing.TB, f *fake) *fake {
	t.Helper()
	f.TB = t
	if f.capability == "" {
		f.capability = "IMAP4rev1 IDLE UIDPLUS MOVE SASL-IR AUTH=PLAIN AUTH=XOAUTH2"
	}
	if f.greeting == "" {
		f.greeting = "* OK ready\r\n"
	}
	if f.body == "" {
		f.body = letter("fake")
	}
	n, err := pectest.NewNetwork(nil)
	require.NoError(t, err)
	f.pool = x509.NewCertPool()
	f.pool.AddCert(n.Authority().Certificate())
	cert, err := n.Authority().ServerCertificate("localhost", "127.0.0.1")
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f.port = ln.Addr().(*net.TCPAddr).Port
	var wg sync.WaitGroup
	conns := map[net.Conn]bool{}
	wg.Go(func() {
		for {
			raw, err := ln.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			conns[raw] = true
			f.open++
			f.most = max(f.most, f.open)
			f.mu.Unlock()
			wg.Go(func() {
				defer func() {
					raw.Close()
					f.mu.Lock()
					f.open--
					f.mu.Unlock()
				}()
				if f.clear != nil {
					f.clear(raw)
				}
				c := tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{cert}})
				f.serve(c)
				_ = c.Close() // with a goodbye of TLS
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		f.mu.Lock()
		for c := range conns {
			_ = c.Close()
		}
		f.mu.Unlock()
		wg.Wait()
	})
	return f
}

func (f *fake) serve(c net.Conn) {
	if f.clear == nil {
		if _, err := io.WriteString(c, strings.TrimSuffix(f.greeting, hangUp)); err != nil || strings.HasSuffix(f.greeting, hangUp) {
			return
		}
	}
	in := bufio.NewReader(c)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		tag, rest, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		name, args, _ := strings.Cut(rest, " ")
		if name == "UID" {
			second, more, _ := strings.Cut(args, " ")
			name, args = "UID "+second, more
		}
		f.mu.Lock()
		f.seen = append(f.seen, strings.TrimSpace(name+" "+args))
		f.mu.Unlock()
		answer := ""
		f.mu.Lock()
		on := f.on[name]
		f.mu.Unlock()
		if on != nil {
			answer = on(args)
		}
		if answer == "" {
			answer = f.usual(in, c, name, args)
		}
		text, ends := strings.CutSuffix(strings.ReplaceAll(answer, "TAG", tag), hangUp)
		if _, err := io.WriteString(c, text); err != nil || ends {
			return
		}
	}
}

// usual is what a plain server answers.
func (f *fake) usual(in *bufio.Reader, c net.Conn, name, args string) string {
	switch name {
	case "CAPABILITY":
		return "* CAPABILITY " + f.capability + "\r\nTAG OK done\r\n"
	case "EXAMINE", "SELECT":
		return fmt.Sprintf("* FLAGS (\\Seen \\Deleted)\r\n* %d EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT %d] ok\r\nTAG OK done\r\n", len(f.uids), f.next())
	case "STATUS":
		return fmt.Sprintf("* STATUS INBOX (UIDVALIDITY 7 UIDNEXT %d)\r\nTAG OK done\r\n", f.next())
	case "IDLE":
		_, _ = io.WriteString(c, "+ idling\r\n")
		if _, err := in.ReadString('\n'); err != nil {
			return hangUp
		}
	case "APPEND":
		_, digits, _ := strings.Cut(args, "{")
		size, err := strconv.Atoi(strings.Trim(digits, "+}"))
		if err != nil {
			return "TAG BAD what\r\n"
		}
		if !strings.Contains(digits, "+") {
			_, _ = io.WriteString(c, "+ go on\r\n")
		}
		data := make([]byte, size+2)
		if _, err := io.ReadFull(in, data); err != nil {
			return hangUp
		}
		if f.bodies != nil {
			f.arrive()
			f.put(string(data[:size]))
			f.arrive()
		}
	case "UID SEARCH":
		var out strings.Builder
		for _, n := range f.chosen(strings.TrimPrefix(args, "UID ")) {
			fmt.Fprintf(&out, " %d", f.uids[n])
		}
		return "* SEARCH" + out.String() + "\r\nTAG OK done\r\n"
	case "UID FETCH", "FETCH":
		set, items, _ := strings.Cut(args, " ")
		chosen := f.chosen(set)
		if name == "FETCH" {
			n, _ := strconv.Atoi(set)
			chosen = []int{n - 1}
		}
		var out strings.Builder
		for _, n := range chosen {
			fmt.Fprintf(&out, "* %d FETCH (UID %d", n+1, f.uids[n])
			if strings.Contains(items, "FLAGS") {
				out.WriteString(` FLAGS (\Seen \Recent) RFC822.SIZE 1 INTERNALDATE " 2-Mar-2026 10:00:00 +0100"`)
			}
			if strings.Contains(items, "BODY") {
				body := f.body
				if appended, ok := f.bodies[f.uids[n]]; ok {
					body = appended
				}
				fmt.Fprintf(&out, " BODY[] {%d}\r\n%s", len(body), body)
			}
			out.WriteString(")\r\n")
		}
		return out.String() + "TAG OK done\r\n"
	}
	return "TAG OK done\r\n"
}

func (f *fake) next() uint32 {
	if len(f.uids) == 0 {
		return 1
	}
	return f.uids[len(f.uids)-1] + 1
}

// put adds a message.
func (f *fake) put(body string) {
	f.uids = append(f.uids, f.next())
	f.bodies[f.uids[len(f.uids)-1]] = body
}

// answer changes what is answered from now on.
func (f *fake) answer(on map[string]func(args string) string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.on = on
}

// chosen are the messages in a set of UIDs.
func (f *fake) chosen(set string) (numbers []int) {
	for _, part := range strings.Split(set, ",") {
		a, b, ranged := strings.Cut(part, ":")
		if !ranged {
			b = a
		}
		from, _ := strconv.ParseUint(a, 10, 32)
		to, _ := strconv.ParseUint(b, 10, 32)
		for i, _ := slices.BinarySearch(f.uids, uint32(from)); i < len(f.uids) && uint64(f.uids[i]) <= to; i++ {
			numbers = append(numbers, i)
		}
	}
	return numbers
}

// count tells how often a command came.
func (f *fake) count(name string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.seen {
		if c == name || strings.HasPrefix(c, name+" ") {
			n++
		}
	}
	return n
}

func (f *fake) options() *imap.Options {
	return &imap.Options{
		Host: "localhost", Port: f.port, RootCAs: f.pool, Credentials: imap.Password("anna", "s3cr\"et\\"),
		Timeout: 5 * time.Second, Backoff: 5 * time.Millisecond,
	}
}

func (f *fake) client(change func(*imap.Options)) *imap.Mailbox {
	f.Helper()
	opt := f.options()
	if change != nil {
		change(opt)
	}
	return open(f.TB, opt)
}

// says always answers the same.
func says(answer string) func(string) string { return func(string) string { return answer } }
