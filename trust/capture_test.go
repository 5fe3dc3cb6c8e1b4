package trust

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCaptureAnswersWhenTheWorldForgot(t *testing.T) {
	root := newCA("Root")
	sub := root.Sub("Sub", nil)
	leaf := sub.Provider("Gestore Alfa", fromAlfa, nil).Certificate
	crl := makeCRL(t, sub, atEvent.Add(-time.Hour), atEvent.Add(time.Hour), nil)
	unrelated := makeCRL(t, newCA("Other"), atEvent.Add(-time.Hour), atEvent.Add(time.Hour), nil)
	m := Material{Anchors: certs(root.Certificate), Intermediates: certs(sub.Certificate), CRLs: [][]byte{unrelated, crl}}
	q := ask(leaf)
	q.FirstSeen = atEvent.Add(5 * time.Minute)
	c, err := newStore(t, m, nil).Capture(q)
	require.NoError(t, err)
	require.Equal(t, [][]byte{crl}, c.CRLs)
	require.Equal(t, [][]byte{sub.Certificate.Raw, root.Certificate.Raw}, c.Certificates)
	c.MessageSHA256 = newStore(t, m, nil).Evaluate(q).SHA256

	data, err := json.Marshal(c)
	require.NoError(t, err)
	again, err := ParseCapture(data)
	require.NoError(t, err)
	require.Equal(t, c, again)

	// Years later: the anchor is still known, nothing else is, and the
	// certificate was revoked a day after the message arrived.
	later := Material{Anchors: certs(root.Certificate)}
	require.NoError(t, again.AddTo(&later))
	require.Len(t, later.Anchors, 1, "never an anchor")
	later.CRLs = append(later.CRLs, makeCRL(t, sub, atEvent.AddDate(0, 0, 2), atEvent.AddDate(0, 0, 3), nil,
		entry{SerialNumber: leaf.SerialNumber, RevocationTime: atEvent.AddDate(0, 0, 1), ReasonCode: 1}))
	s := newStore(t, later, nil)
	r := s.Evaluate(again.Query(fromAlfa, today))
	require.Equal(t, Passed, r.AtEvent.Status)
	require.Equal(t, Passed, r.Check(CheckRevocation).Status, r.Check(CheckRevocation).Detail)
	blind := again.Query(fromAlfa, today)
	blind.FirstSeen = time.Time{}
	require.Equal(t, Unknown, s.Evaluate(blind).Check(CheckRevocation).Status)

	q.FirstSeen = time.Time{}
	c, err = s.Capture(q)
	require.NoError(t, err)
	require.Equal(t, today, c.FirstSeen)
	for _, q := range []Query{{}, {Leaf: []byte("x")}, {Leaf: leaf.Raw, At: atEvent}, {Leaf: leaf.Raw, Now: today}} {
		_, err = s.Capture(q)
		require.ErrorIs(t, err, ErrCapture)
	}
}

func TestCaptureIsValidated(t *testing.T) {
	leaf := newCA("CA").Provider("Gestore Alfa", fromAlfa, nil).Certificate.Raw
	sound := func() *Capture {
		return &Capture{Version: 1, FirstSeen: today, Event: atEvent, Leaf: leaf}
	}
	require.NoError(t, sound().Validate())
	for name, spoil := range map[string]func(*Capture){
		"version":      func(c *Capture) { c.Version = 2 },
		"first seen":   func(c *Capture) { c.FirstSeen = time.Time{} },
		"event":        func(c *Capture) { c.Event = time.Time{} },
		"leaf":         func(c *Capture) { c.Leaf = nil },
		"certificate":  func(c *Capture) { c.Certificates = [][]byte{{1}} },
		"certificates": func(c *Capture) { c.Certificates = make([][]byte, 2*maxBag+1) },
		"CRL":          func(c *Capture) { c.CRLs = [][]byte{{1}} },
		"OCSP":         func(c *Capture) { c.OCSP = [][]byte{{1}} },
		"digest":       func(c *Capture) { c.MessageSHA256 = "abc" },
	} {
		c := sound()
		spoil(c)
		require.ErrorIs(t, c.Validate(), ErrCapture, name)
		require.ErrorIs(t, c.AddTo(&Material{}), ErrCapture, name)
	}
	_, err := ParseCapture([]byte("{"))
	require.ErrorIs(t, err, ErrCapture)
	_, err = ParseCapture([]byte("{}"))
	require.ErrorIs(t, err, ErrCapture)
}
