package pecweb_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
	"github.com/certmail/certmail/pec/pectest/pecweb"
)

func TestSendATestMessage(t *testing.T) {
	n := network(t, nil)
	h := handler(t, n)
	doc, _ := read(t, h, "/")
	v := form(t, doc, "/send")
	require.Equal(t, "bruno@beta.example", v.Get("to"), "of another provider")
	v.Set("from", "anna@alfa.example")
	v.Set("cc", "carla@alfa.example; fuori@posta.test")
	v.Set("text", "Ciao.\r\n")
	v.Set("receipt", "breve")
	v.Set("extra", "file")
	resp := post(t, h, "/send", v)
	require.Equal(t, http.StatusSeeOther, resp.StatusCode)
	require.Equal(t, "/journey?number=1", resp.Header.Get("Location"))

	time := form(t, doc, "/time")
	time.Set("by", "settle")
	time.Set("back", "/journey?number=1")
	resp = post(t, h, "/time", time)
	require.Equal(t, "/journey?number=1", resp.Header.Get("Location"))
	doc, _ = read(t, h, "/journey?number=1")
	require.Contains(t, text(doc), "delivered to 3 of 3")
	m, err := n.Mailbox("bruno@beta.example")
	require.NoError(t, err)
	got, err := pec.ParseBytes(m.Messages()[0].Data, nil)
	require.NoError(t, err)
	require.Equal(t, daticert.ReceiptBrief, got.Data.ReceiptType)
	files, err := got.Attachments()
	require.NoError(t, err)
	require.Len(t, files, 1)

	v.Set("extra", "virus")
	post(t, h, "/send", v)
	n.Settle()
	require.Len(t, n.Infected("alfa.example"), 1)
}

func TestWhatCannotBeSentIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		field, value string
		fault        pectest.FaultKind
		want         string
	}{
		"no such account":  {"from", "nobody@alfa.example", "", "There is no account"},
		"service mailbox":  {"from", "ricevute@pec.gestore-alfa.example", "", "There is no account"},
		"no recipient":     {"to", " , ", "", "was not sent"},
		"no address":       {"to", `<script>`, "", "is no address"},
		"odd receipt":      {"receipt", "x<y", "", "was not sent"},
		"two-line subject": {"subject", "a\r\nBcc: x@y.test", "", "was not sent"},
		"refused":          {"subject", "x", pectest.RefuseForGood, "550"},
		"login":            {"subject", "x", pectest.RefuseLogin, "login refused"},
		"cut":              {"subject", "x", pectest.CutAfterDot, "is not known"},
	} {
		n := network(t, nil)
		if c.fault != "" {
			require.NoError(t, n.AddFault(pectest.Fault{Kind: c.fault}))
		}
		h := handler(t, n)
		doc, _ := read(t, h, "/")
		v := form(t, doc, "/send")
		v.Set("from", "anna@alfa.example")
		v.Set("text", "kept <b>")
		v.Set(c.field, c.value)
		resp := post(t, h, "/send", v)
		require.Equal(t, http.StatusUnprocessableEntity, resp.StatusCode, name)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		doc = parse(t, string(body))
		checkPage(t, name, doc)
		require.Contains(t, text(doc), c.want, name)
		require.Contains(t, text(all(doc, "textarea")[0]), "kept <b>", "what was written is still there")
	}
}

func TestAddAndClearFaults(t *testing.T) {
	n := network(t, nil)
	h := handler(t, n)
	doc, _ := read(t, h, "/")
	v := form(t, doc, "/fault")
	for name, value := range map[string]string{
		"fault": "delay", "message": "avvenuta-consegna", "provider": "pec.gestore-beta.example", "mailbox": " bruno@beta.example ", "skip": "1", "times": "2", "for": "13h", "checked": "1",
	} {
		v.Set(name, value)
	}
	resp := post(t, h, "/fault", v)
	require.Equal(t, "/?done=fault", resp.Header.Get("Location"))
	require.Equal(t, pectest.Fault{Kind: pectest.Delay, Message: pec.KindDelivery, Provider: "pec.gestore-beta.example", Mailbox: "bruno@beta.example", Skip: 1, Times: 2, For: 13 * time.Hour, Checked: true},
		n.Faults()[0].Fault)
	doc, _ = read(t, h, "/?done=fault")
	require.Contains(t, text(doc), "The fault is there from now on.")
	for name, value := range map[string]string{"fault": "<script>", "provider": "other.example", "skip": "-1", "times": "many", "for": "soon"} {
		bad := url.Values{}
		for k := range v {
			bad.Set(k, v.Get(k))
		}
		bad.Set(name, value)
		require.Equal(t, http.StatusUnprocessableEntity, post(t, h, "/fault", bad).StatusCode, name)
	}
	require.Len(t, n.Faults(), 1)
	resp = post(t, h, "/clear", form(t, doc, "/clear"))
	require.Equal(t, "/?done=clear", resp.Header.Get("Location"))
	require.Empty(t, n.Faults())
}

func TestLetTimePass(t *testing.T) {
	n := network(t, nil)
	h := handler(t, n)
	doc, _ := read(t, h, "/mailbox?address=anna%40alfa.example&folder=Sent")
	v := form(t, doc, "/time")
	require.Equal(t, "/mailbox?address=anna%40alfa.example&folder=Sent", v.Get("back"))
	start := n.Now()
	for by, d := range map[string]time.Duration{"1h": time.Hour, "12h": 12 * time.Hour, "25h": 25 * time.Hour} {
		v.Set("by", by)
		before := n.Now()
		require.Equal(t, http.StatusSeeOther, post(t, h, "/time", v).StatusCode)
		require.Equal(t, d, n.Now().Sub(before))
	}
	require.Equal(t, 38*time.Hour, n.Now().Sub(start))
	v.Set("by", "1000000h")
	require.Equal(t, http.StatusBadRequest, post(t, h, "/time", v).StatusCode)
	v.Set("by", "1h")
	for _, to := range []string{"//evil.example/", "http://evil.example/", `/\evil.example`, "javascript:alert(1)", "/download?x=y", "evil", "", "/%2fevil.example", "\x00"} {
		v.Set("back", to)
		require.Equal(t, "/", post(t, h, "/time", v).Header.Get("Location"), to)
	}
}

// A network that lives by another clock has buttons when that clock can move.
func TestMoveAnotherClock(t *testing.T) {
	var mu sync.Mutex
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	n := network(t, &pectest.NetworkOptions{Clock: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }})
	doc, _ := read(t, handler(t, n), "/")
	require.NotContains(t, text(doc), "Advance")

	h := pecweb.Handler(n, &pecweb.Options{Advance: func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }})
	doc, _ = read(t, h, "/")
	v := form(t, doc, "/time")
	require.NotContains(t, text(doc), "Settle")
	v.Set("by", "settle")
	require.Equal(t, http.StatusBadRequest, post(t, h, "/time", v).StatusCode)
	ctx, stop := context.WithCancel(context.Background())
	ran := make(chan error)
	go func() { ran <- n.Run(ctx) }()
	require.NoError(t, n.AddFault(pectest.Fault{Kind: pectest.Lose, Message: pec.KindTransport}))
	send(t, n, "anna@alfa.example", &pec.Draft{To: pec.Addresses("anna@beta.example"), Subject: "x", Text: "x"})
	m, err := n.Mailbox("anna@alfa.example")
	require.NoError(t, err)
	v.Set("by", "25h")
	for range 3 { // the acceptance; the notice; its way
		require.Equal(t, http.StatusSeeOther, post(t, h, "/time", v).StatusCode)
		time.Sleep(50 * time.Millisecond)
	}
	require.Eventually(t, func() bool {
		post(t, h, "/time", v)
		return strings.Contains(dump(m.Kinds()), string(pec.KindTimeout))
	}, 10*time.Second, 50*time.Millisecond)
	stop()
	require.ErrorIs(t, <-ran, context.Canceled)
}

func dump(kinds []pec.Kind) string {
	out := ""
	for _, k := range kinds {
		out += string(k) + " "
	}
	return out
}

// The stream tells of changes, several of them in one word, and ends with the
// server.
func TestChangesAreTold(t *testing.T) {
	n := network(t, nil)
	s, err := pecweb.Start(n, "", nil)
	require.NoError(t, err)
	defer s.Close()
	resp, err := http.Get(s.URL + "changes")
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(resp.Body); in.Scan(); {
			if in.Text() != "" {
				lines <- in.Text()
			}
		}
	}()
	next := func() string {
		select {
		case line := <-lines:
			return line
		case <-time.After(10 * time.Second):
			return "nothing"
		}
	}
	require.Equal(t, "retry: 2000", next())
	send(t, n, "anna@alfa.example", &pec.Draft{To: pec.Addresses("anna@beta.example"), Subject: "x", Text: "x"})
	n.Settle()
	require.Equal(t, "data: changed", next())
	select {
	case line := <-lines:
		require.Fail(t, "a burst is one word", line)
	case <-time.After(300 * time.Millisecond):
	}
	n.Wake()
	require.Equal(t, "data: changed", next())
	require.NoError(t, s.Close())
	for range lines {
	}
}
