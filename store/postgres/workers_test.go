package postgres_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/outbox"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecserve"
	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/store"
	"github.com/certmail/certmail/store/internal/pgtest"
	"github.com/certmail/certmail/store/postgres"
	"github.com/certmail/certmail/transport"
	"github.com/certmail/certmail/transport/imap"
	"github.com/certmail/certmail/transport/smtp"
)

// Workers in processes of their own share an outbox on PostgreSQL. They are
// killed and started again, and the database's connections are cut, while they
// send over real sockets: nothing is sent twice, and nothing is lost.

const working = "CERTMAIL_WORKER_TEST"

// worker is what a process is told.
type worker struct {
	Conninfo, Schema, Blobs, Host string
	SMTP, IMAP                    int
	User, Password, CA            string
}

const lease = 3 * time.Second

func (w *worker) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(w.CA))
	return pool
}

func (w *worker) credentials(context.Context) (string, string, error) {
	return w.User, w.Password, nil
}

// outbox opens what a worker works with.
func (w *worker) outbox(ctx context.Context, name string) (*outbox.Outbox, store.Store, store.Blobs, error) {
	s, err := postgres.Open(ctx, w.Conninfo, &postgres.Options{Schema: w.Schema, Conns: 3})
	if err != nil {
		return nil, nil, nil, err
	}
	folder, err := store.NewFolder(w.Blobs, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	blobs := s.Blobs(folder)
	sender, err := smtp.New(&smtp.Options{Host: w.Host, Port: w.SMTP, TLS: &tls.Config{RootCAs: w.roots()}, Credentials: w.credentials})
	if err != nil {
		return nil, nil, nil, err
	}
	o, err := outbox.New(outbox.Options{Store: s, Blobs: blobs, Senders: map[string]transport.Sender{w.User: slow{sender}}, Worker: name, Lease: lease})
	return o, s, blobs, err
}

// slow is a server that takes its time, so that workers die in the middle of what
// they claimed ahead.
type slow struct{ transport.Sender }

func (s slow) Send(ctx context.Context, m *transport.Message) error {
	time.Sleep(5 * time.Millisecond)
	return s.Sender.Send(ctx, m)
}

// TestWorkerChild is a worker; alone it does nothing.
func TestWorkerChild(t *testing.T) {
	text := os.Getenv(working)
	if text == "" {
		return
	}
	var w worker
	require.NoError(t, json.Unmarshal([]byte(text), &w))
	ctx := context.Background()
	for { // until it is killed: a lost connection is tried again
		o, s, _, err := w.outbox(ctx, strconv.Itoa(os.Getpid()))
		for err == nil {
			_, err = o.Drain(ctx)
			time.Sleep(5 * time.Millisecond)
		}
		if s != nil {
			_ = s.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestTwoWorkersKilled(t *testing.T) { workersKilled(t, 2, 300) }

func TestTenWorkersKilled(t *testing.T) { workersKilled(t, 10, 600) }

func workersKilled(t *testing.T, workers, messages int) {
	if testing.Short() {
		messages /= 2
	}
	ctx := context.Background()
	conninfo := pgtest.Conninfo(t)
	n, err := pectest.NewNetwork(&pectest.NetworkOptions{Clock: time.Now, Hop: time.Millisecond})
	require.NoError(t, err)
	servers, err := pecserve.Start(n, nil)
	require.NoError(t, err)
	defer servers.Close()
	a, err := n.Account("anna@alfa.example")
	require.NoError(t, err)
	end := servers.Endpoints()[0]
	w := &worker{Conninfo: conninfo, Schema: fmt.Sprint("workers", workers), Blobs: t.TempDir(), Host: end.IMAP.Host, SMTP: end.Submission.Port, IMAP: end.IMAP.Port,
		User: a.Address, Password: a.Password(), CA: string(servers.CA())}
	o, s, blobs, err := w.outbox(ctx, "parent")
	require.NoError(t, err)
	defer s.Close()
	box, err := imap.New(&imap.Options{Host: w.Host, Port: w.IMAP, RootCAs: w.roots(), Credentials: w.credentials})
	require.NoError(t, err)
	defer box.Close()
	client, err := pec.NewClient(pec.ClientOptions{Account: pec.Account{Address: w.User, Host: w.Host, Port: w.SMTP}, Store: s, Blobs: blobs, Outbox: o, Mailbox: box, Verifier: n.Verifier()})
	require.NoError(t, err)
	for i := range messages {
		_, err := client.Send(ctx, fmt.Sprint(i), &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: fmt.Sprint("Avviso ", i)})
		require.NoError(t, err)
	}

	text, err := json.Marshal(w)
	require.NoError(t, err)
	over := make(chan struct{})
	var running sync.WaitGroup
	killed := make(chan int, workers)
	for i := range workers {
		running.Go(func() {
			r, deaths := rand.New(rand.NewPCG(uint64(i), 1)), 0
			defer func() { killed <- deaths }()
			for {
				cmd := exec.Command(os.Args[0], "-test.run", "^TestWorkerChild$")
				cmd.Env = append(os.Environ(), working+"="+string(text))
				if err := cmd.Start(); err != nil {
					t.Error(err)
					return
				}
				alive := time.After(300*time.Millisecond + time.Duration(r.IntN(1500))*time.Millisecond)
				select {
				case <-over:
				case <-alive:
				}
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				deaths++
				select {
				case <-over:
					return
				default:
				}
			}
		})
	}
	// Meanwhile the database's connections are cut.
	admin, err := sql.Open("pgx", conninfo)
	require.NoError(t, err)
	defer admin.Close()
	cuts := 0
	deadline := time.Now().Add(3 * time.Minute)
	for {
		require.True(t, time.Now().Before(deadline), "the workers do not come to an end")
		time.Sleep(150 * time.Millisecond)
		if n := cutOne(t, admin); n > 0 {
			cuts += n
		}
		open, err := s.Submissions(ctx, store.Filter{Account: w.User, States: []store.State{store.Queued, store.Sending}, Limit: messages})
		if err == nil && len(open) == 0 {
			break
		}
	}
	close(over)
	running.Wait()
	deaths := 0
	for range workers {
		deaths += <-killed
	}
	// Receipts resolve what is uncertain.
	for quiet := 0; quiet < 20; {
		got, err := client.Collect(ctx)
		require.NoError(t, err)
		if quiet++; got.Messages > 0 {
			quiet = 0
		}
		time.Sleep(20 * time.Millisecond)
	}
	taken := map[string]int{}
	for _, o := range n.Outcomes() {
		taken[o.Subject]++
		require.Equal(t, 1, taken[o.Subject], "%s was sent twice", o.Subject)
	}
	list, err := s.Submissions(ctx, store.Filter{Account: w.User, Limit: messages + 1})
	require.NoError(t, err)
	require.Len(t, list, messages)
	uncertain := 0
	for _, m := range list {
		if taken[m.Sent.Subject] == 0 {
			uncertain++
			require.Equal(t, store.Uncertain, m.State, "%s: %s", m.Key, m.Reply)
			continue
		}
		require.Equal(t, store.Sent, m.State, "%s: %s", m.Key, m.Reply)
		status, err := client.StatusOf(ctx, m.Key)
		require.NoError(t, err)
		require.Equal(t, receipt.StatusDelivered, status.Recipients[0].Status)
	}
	require.LessOrEqual(t, uncertain, deaths*64, "no more than Options.Ahead at a time")
	t.Logf("%d workers died %d times, %d connections were cut; %d of %d messages never left and are uncertain", workers, deaths, cuts, uncertain, messages)
	require.Greater(t, deaths, workers)
}

// cutOne ends one connection of the workers.
func cutOne(t *testing.T, admin *sql.DB) (n int) {
	t.Helper()
	err := admin.QueryRow(`SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity
		WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' ORDER BY random() LIMIT 1) x`).Scan(&n)
	require.NoError(t, err)
	return n
}
