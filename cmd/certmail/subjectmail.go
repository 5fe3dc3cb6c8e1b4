package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/certmail/certmail/cmd/certmail/internal/bench"
	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/envelope"
	"github.com/certmail/certmail/receipt"
)

// benchTransaction is the nth message that the receipts of a run speak of.
func benchTransaction(n int) *receipt.Transaction {
	return &receipt.Transaction{
		Sender: benchSender, Recipients: []receipt.TransactionRecipient{{Address: benchRecipient, Type: daticert.RecipientCertified}},
		Subject: fmt.Sprintf("Contratto n. %d", n), HasSubject: true,
		MessageID:  fmt.Sprintf("<7f3c.%d@pc-rossi.alfa.example>", n),
		Identifier: fmt.Sprintf("pec1.20260303101532.%05d.1@gestore-a.example", n),
	}
}

func benchNotice(at time.Time, n int) *receipt.Notice {
	return &receipt.Notice{
		Provider: envelope.Provider{Name: "Gestore A", Address: benchProvider}, Time: at,
		MessageID: fmt.Sprintf("pec1.20260303101540.%05d.4@gestore-a.example", n), Recipient: benchRecipient, HTML: true,
	}
}

// benchReceipt writes a signed delivery receipt, around an original where its
// form carries one.
func benchReceipt(t *bench.Trust, form receipt.Form, original string) ([]byte, error) {
	notice := benchNotice(benchTime(t), 913)
	if original != "" {
		notice.Original = io.NewSectionReader(strings.NewReader(original), 0, int64(len(original)))
	}
	draft, _, err := receipt.Build(form, benchTransaction(7), notice)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = envelope.Write(&b, draft, benchSigner(t))
	return b.Bytes(), err
}

// benchOriginal is a message with an attachment of about n bytes as they
// stand in it.
func benchOriginal(n int) string {
	var b strings.Builder
	b.WriteString("From: Mario Rossi <" + benchSender + ">\r\nTo: " + benchRecipient + "\r\nSubject: Contratto n. 7\r\n" +
		"Message-ID: <pec1.20260303101532.00007.1@gestore-a.example>\r\nX-Riferimento-Message-ID: <7f3c.7@pc-rossi.alfa.example>\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"orig\"\r\n\r\n--orig\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" +
		"In allegato il contratto.\r\n--orig\r\nContent-Type: application/pdf; name=\"contratto.pdf\"\r\nContent-Transfer-Encoding: base64\r\n" +
		"Content-Disposition: attachment; filename=\"contratto.pdf\"\r\n\r\n")
	for line := strings.Repeat("JVBERi0xLjQK", 6) + "AAAA\r\n"; b.Len() < n; {
		b.WriteString(line)
	}
	b.WriteString("--orig--\r\n")
	return b.String()
}

// benchLedger prepares the events of n receipts, an acceptance and a delivery
// for each message, and returns what puts them into a new ledger and asks it
// for every status.
func benchLedger(n int) (func() error, error) {
	at := time.Date(2026, 3, 3, 10, 15, 32, 0, time.UTC)
	events := make([]receipt.Event, 0, n)
	for i := range n {
		form := receipt.FormAcceptance
		if i%2 == 1 {
			form = receipt.FormDeliveryConcise
		}
		_, data, err := receipt.Build(form, benchTransaction(i/2), benchNotice(at.Add(time.Duration(i)*time.Second), i))
		if err != nil {
			return nil, err
		}
		view, err := receipt.FromData(data, receipt.Header{})
		if err != nil {
			return nil, err
		}
		name := binary.BigEndian.AppendUint64(nil, uint64(i))
		events = append(events, receipt.Events(view, receipt.Proof{Name: fmt.Sprintf("%d.eml", i), SHA256: sha256.Sum256(name), Verdict: receipt.Valid})...)
	}
	return func() error {
		l := receipt.NewLedger(nil)
		l.Add(events...)
		report := l.Snapshot(at)
		if want := (n + 1) / 2; len(report.Messages) != want {
			return fmt.Errorf("the ledger knows %d messages, want %d", len(report.Messages), want)
		}
		return nil
	}, nil
}
