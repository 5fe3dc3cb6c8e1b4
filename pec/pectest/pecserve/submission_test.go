package pecserve_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

func TestUsersSubmit(t *testing.T) {
	w := start(t, nil)
	password := w.account(anna).Password()
	for _, c := range []struct {
		name     string
		starttls bool
		auth     sasl.Client
	}{
		{"TLS PLAIN", false, sasl.NewPlainClient("", anna, password)},
		{"TLS PLAIN with identity", false, sasl.NewPlainClient(anna, anna, password)},
		{"TLS LOGIN", false, sasl.NewLoginClient(anna, password)},
		{"STARTTLS PLAIN", true, sasl.NewPlainClient("", anna, password)},
		{"STARTTLS LOGIN", true, sasl.NewLoginClient(strings.ToUpper(anna), password)},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(w.kinds(bruno))
			client := w.smtp(anna)
			if c.starttls {
				var err error
				client, err = smtp.DialStartTLS(w.endpoint(anna).StartTLS.String(), w.tls())
				require.NoError(t, err)
				defer client.Close()
			}
			require.NoError(t, client.Auth(c.auth))
			require.NoError(t, client.SendMail(anna, []string{bruno}, strings.NewReader(letter(anna, bruno, c.name, "Così è."))))
			require.NoError(t, client.Quit())
			w.Settle()
			require.Len(t, w.kinds(bruno), before+1)
		})
	}
	require.Equal(t, pec.KindTransport, w.kinds(bruno)[0])
	require.Equal(t, []pec.Kind{pec.KindAcceptance, pec.KindDelivery}, w.kinds(anna)[:2])
}

func TestLoginIsRefused(t *testing.T) {
	w := start(t, nil)
	for _, c := range []struct{ name, user, password string }{
		{"wrong password", anna, "wrong"},
		{"no such user", "nobody@alfa.example", "wrong"},
		{"user of another provider", bruno, w.account(bruno).Password()},
		{"service mailbox", w.Providers()[0].ServiceMailbox, ""},
	} {
		client := w.smtp(anna)
		require.Equal(t, "535 5.7.8", answer(t, client.Auth(sasl.NewPlainClient("", c.user, c.password))), c.name)
		require.Equal(t, "535 5.7.8", answer(t, client.Auth(sasl.NewLoginClient(c.user, c.password))), c.name)
		require.Equal(t, "530 5.7.0", answer(t, client.Mail(anna, nil)), c.name)
		require.NoError(t, client.Auth(sasl.NewLoginClient(anna, w.account(anna).Password())), "the right one, on the same connection")
	}
	require.Equal(t, "535 5.7.8", answer(t, w.smtp(anna).Auth(sasl.NewPlainClient(bruno, anna, w.account(anna).Password()))), "in the name of somebody else")
	require.NoError(t, w.AddFault(pectest.Fault{Kind: pectest.RefuseLogin, Mailbox: anna}))
	require.Equal(t, "535 5.7.8", answer(t, w.smtp(anna).Auth(sasl.NewPlainClient("", anna, w.account(anna).Password()))))
}

func TestNoLoginBeforeTLS(t *testing.T) {
	w := start(t, nil)
	client, err := smtp.Dial(w.endpoint(anna).StartTLS.String())
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, client.Hello("client.example"))
	offered, _ := client.Extension("AUTH")
	require.False(t, offered)
	offered, _ = client.Extension("STARTTLS")
	require.True(t, offered)
	require.Equal(t, "523 5.7.10", answer(t, client.Auth(sasl.NewPlainClient("", anna, w.account(anna).Password()))))
	require.Equal(t, "530 5.7.0", answer(t, client.Mail(anna, nil)))
}

func TestCertificateIsChecked(t *testing.T) {
	w := start(t, nil)
	at := w.endpoint(anna).Submission.String()
	for _, name := range []string{"127.0.0.1", "localhost", "alfa.example", "pec.gestore-alfa.example"} {
		c, err := tls.Dial("tcp", at, &tls.Config{RootCAs: w.servers.CertPool(), ServerName: name})
		require.NoError(t, err, name)
		c.Close()
	}
	_, err := tls.Dial("tcp", at, &tls.Config{RootCAs: w.servers.CertPool(), ServerName: "beta.example"})
	require.Error(t, err)
	_, err = tls.Dial("tcp", at, &tls.Config{ServerName: "localhost"})
	require.Error(t, err, "nobody trusts the authority by itself")
}

func TestEMU02_SizeIsRefusedInTheDialogue(t *testing.T) {
	providers := pectest.DefaultProviders()
	providers[0].MaxSize, providers[0].MaxTotal = 5000, 4000
	w := start(t, &pectest.NetworkOptions{Providers: providers})
	client := w.user(anna)
	size, ok := client.MaxMessageSize()
	require.True(t, ok)
	require.Equal(t, 5000, size)

	require.Equal(t, "552 5.3.4", answer(t, client.Mail(anna, &smtp.MailOptions{Size: 5001})), "announced")
	for _, length := range []int{6000, 600_000} { // not announced
		text := strings.Repeat(strings.Repeat("x", 70)+"\r\n", length/72+1)
		require.Equal(t, "552 5.3.4", answer(t, client.SendMail(anna, []string{bruno}, strings.NewReader(letter(anna, bruno, "large", text)))))
	}
	require.NoError(t, client.SendMail(anna, []string{bruno}, strings.NewReader(letter(anna, bruno, "small", "x"))), "on the same connection")
	journeys := w.Journeys()
	require.Equal(t, "B3", journeys[0].Steps[0].Branch)
	w.Settle()
	require.Equal(t, []pec.Kind{pec.KindAcceptance, pec.KindDelivery}, w.kinds(anna), "no notice of what was refused")
}

func TestDialogueRefuses(t *testing.T) {
	providers := pectest.DefaultProviders()
	providers[0].MaxRecipients = 2
	w := start(t, &pectest.NetworkOptions{Providers: providers})
	client := w.user(anna)
	require.Equal(t, "553 5.7.1", answer(t, client.Mail(bruno, nil)))
	require.Equal(t, "553 5.7.1", answer(t, client.Mail("", nil)))
	require.NoError(t, client.Mail(anna, nil))
	require.NoError(t, client.Rcpt(bruno, nil))
	require.NoError(t, client.Rcpt("carla@beta.example", nil))
	require.Equal(t, "452 4.5.3", answer(t, client.Rcpt("anna@beta.example", nil)))
	require.NoError(t, client.Reset())

	for kind, want := range map[pectest.FaultKind]string{pectest.RefuseForNow: "451 4.3.0", pectest.RefuseForGood: "550 5.7.1"} {
		require.NoError(t, w.AddFault(pectest.Fault{Kind: kind, Times: 1}))
		require.Equal(t, want, answer(t, client.SendMail(anna, []string{bruno}, strings.NewReader(letter(anna, bruno, "refused", "x")))))
	}
	w.Settle()
	require.Empty(t, w.kinds(anna))
	require.Empty(t, w.kinds(bruno))
}

func TestConnectionIsCut(t *testing.T) {
	large := letter(anna, bruno, "cut", strings.Repeat(strings.Repeat("x", 76)+"\r\n", 20_000))
	for _, c := range []struct {
		kind    pectest.FaultKind
		message string
		arrives int
	}{
		{pectest.CutBeforeDot, letter(anna, bruno, "cut", "x"), 0},
		{pectest.CutBeforeDot, large, 0},
		{pectest.CutAfterDot, letter(anna, bruno, "cut", "x"), 1},
		{pectest.CutAfterDot, large, 1},
	} {
		t.Run(fmt.Sprintf("%s %d", c.kind, len(c.message)), func(t *testing.T) {
			w := start(t, &pectest.NetworkOptions{Faults: []pectest.Fault{{Kind: c.kind, Times: 1}}})
			client := w.user(anna)
			err := client.SendMail(anna, []string{bruno}, strings.NewReader(c.message))
			require.Error(t, err)
			var reply *smtp.SMTPError
			require.False(t, errors.As(err, &reply), "an answer: %v", err)
			require.Error(t, client.Noop(), "the connection is broken")
			w.Settle()
			require.Len(t, w.kinds(bruno), c.arrives)

			require.NoError(t, w.user(anna).SendMail(anna, []string{bruno}, strings.NewReader(c.message)), "the next time")
			w.Settle()
			require.Len(t, w.kinds(bruno), c.arrives+1)
		})
	}
}

// Before the dot means that the client cannot even finish.
func TestConnectionIsCutWhileTheClientSends(t *testing.T) {
	w := start(t, &pectest.NetworkOptions{Faults: []pectest.Fault{{Kind: pectest.CutBeforeDot}}})
	client := w.user(anna)
	require.NoError(t, client.Mail(anna, nil))
	require.NoError(t, client.Rcpt(bruno, nil))
	data, err := client.Data()
	require.NoError(t, err)
	_, err = data.Write([]byte("From: " + anna + "\r\n"))
	for deadline := time.Now().Add(10 * time.Second); err == nil && time.Now().Before(deadline); {
		_, err = data.Write([]byte(strings.Repeat("X: y\r\n", 1000)))
	}
	require.Error(t, err)
}

func TestSlowServer(t *testing.T) {
	w := start(t, &pectest.NetworkOptions{Faults: []pectest.Fault{{Kind: pectest.Slow, For: time.Hour, Times: 1}, {Kind: pectest.Slow, For: 300 * time.Millisecond}}})
	client := w.user(anna)
	client.SubmissionTimeout = 200 * time.Millisecond
	begin := time.Now()
	err := client.SendMail(anna, []string{bruno}, strings.NewReader(letter(anna, bruno, "slow", "x")))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.Less(t, time.Since(begin), 10*time.Second)

	client = w.user(anna)
	begin = time.Now()
	require.NoError(t, client.SendMail(anna, []string{bruno}, strings.NewReader(letter(anna, bruno, "slow", "x"))))
	require.GreaterOrEqual(t, time.Since(begin), 300*time.Millisecond)
	w.Settle()
	require.Len(t, w.kinds(bruno), 1, "the first one still waits")
	require.NoError(t, w.servers.Close(), "and does not hold up the end")
}

// What no client library here sends: commands in one go, and BDAT.
func TestPipeliningAndChunks(t *testing.T) {
	w := start(t, nil)
	conn, err := tls.Dial("tcp", w.endpoint(anna).Submission.String(), w.tls())
	require.NoError(t, err)
	defer conn.Close()
	in := bufio.NewReader(conn)
	say := func(lines string) {
		_, err := io.WriteString(conn, lines)
		require.NoError(t, err)
	}
	hear := func(want string) {
		t.Helper()
		for {
			line, err := in.ReadString('\n')
			require.NoError(t, err)
			if len(line) > 3 && line[3] == ' ' {
				require.True(t, strings.HasPrefix(line, want), "%s: want %s", line, want)
				return
			}
		}
	}
	hear("220")
	say("EHLO client.example\r\n")
	hear("250")
	say("AUTH LOGIN\r\n")
	hear("334 " + base64.StdEncoding.EncodeToString([]byte("Username:")))
	say(base64.StdEncoding.EncodeToString([]byte(anna)) + "\r\n")
	hear("334 " + base64.StdEncoding.EncodeToString([]byte("Password:")))
	say(base64.StdEncoding.EncodeToString([]byte(w.account(anna).Password())) + "\r\n")
	hear("235")
	say("MAIL FROM:<" + anna + ">\r\nRCPT TO:<" + bruno + ">\r\nDATA\r\n")
	hear("250")
	hear("250")
	hear("354")
	say(letter(anna, bruno, "pipelined", "..x") + ".\r\nMAIL FROM:<" + anna + ">\r\nRCPT TO:<" + bruno + ">\r\n")
	hear("250")
	hear("250")
	hear("250")
	message := letter(anna, bruno, "chunks", "x")
	say(fmt.Sprintf("BDAT 100\r\n%sBDAT %d LAST\r\n%sQUIT\r\n", message[:100], len(message)-100, message[100:]))
	hear("250")
	hear("250")
	hear("221")
	w.Settle()
	require.Len(t, w.kinds(bruno), 2)
}

// A client that goes away in the middle leaves nothing behind.
func TestClientGoesAway(t *testing.T) {
	w := start(t, nil)
	client := w.user(anna)
	require.NoError(t, client.Mail(anna, nil))
	require.NoError(t, client.Rcpt(bruno, nil))
	data, err := client.Data()
	require.NoError(t, err)
	_, err = data.Write([]byte(letter(anna, bruno, "half", "x")))
	require.NoError(t, err)
	require.NoError(t, client.Close())
	w.Settle()
	require.NoError(t, w.servers.Close())
	require.Empty(t, w.Journeys())
}

// The access point and the exchanger give the answers of the network.
func TestExchangerOfTheProvider(t *testing.T) {
	providers := pectest.DefaultProviders()
	providers[1].RefuseOrdinary = true
	w := start(t, &pectest.NetworkOptions{Providers: providers})
	ordinary := letter("someone@mail.test", anna, "ordinary", "x")

	for _, secure := range []bool{false, true} {
		client, err := smtp.Dial(w.endpoint(anna).Exchange.String())
		if secure {
			client, err = smtp.DialStartTLS(w.endpoint(anna).Exchange.String(), w.tls())
		}
		require.NoError(t, err)
		require.NoError(t, client.SendMail("someone@mail.test", []string{anna}, strings.NewReader(ordinary)))
		require.NoError(t, client.SendMail("", []string{anna}, strings.NewReader(ordinary)), "a bounce")
		require.NoError(t, client.Mail("someone@mail.test", nil))
		require.Equal(t, "550 5.7.1", answer(t, client.Rcpt(bruno, nil)), "of another provider")
		require.Error(t, client.Auth(sasl.NewPlainClient("", anna, w.account(anna).Password())), "no logins here")
		client.Close()
	}
	w.Settle()
	require.Equal(t, []pec.Kind{pec.KindAnomaly, pec.KindAnomaly, pec.KindAnomaly, pec.KindAnomaly}, w.kinds(anna))

	client, err := smtp.Dial(w.endpoint(bruno).Exchange.String())
	require.NoError(t, err)
	defer client.Close()
	require.Equal(t, "554 5.7.1", answer(t, client.SendMail("someone@mail.test", []string{bruno}, strings.NewReader(ordinary))))
}

func TestSubmitFromReadsNothingWhenCut(t *testing.T) {
	w := start(t, &pectest.NetworkOptions{Faults: []pectest.Fault{{Kind: pectest.CutBeforeDot, Times: 1}}})
	read := false
	reader := readerFunc(func([]byte) (int, error) { read = true; return 0, net.ErrClosed })
	require.ErrorIs(t, w.account(anna).SubmitFrom(context.Background(), anna, []string{bruno}, reader), pectest.ErrCut)
	require.False(t, read)
	require.ErrorIs(t, w.account(anna).SubmitFrom(context.Background(), anna, []string{bruno}, reader), net.ErrClosed)
	require.True(t, read)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
