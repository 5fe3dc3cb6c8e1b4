package sditest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/xmlsig"
	"github.com/certmail/certmail/internal/xmltree"
	"github.com/certmail/certmail/sdi"
)

func TestSDI_SignatureFormOfTheReal(t *testing.T) {
	s := New(1)
	n := &sdi.Notification{Type: sdi.RC, Channel: sdi.ChannelPA, ID: "1", FileName: "IT01234567890_00001.xml", Note: "{key} {value} {document}"}
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	doc, err := s.Notification(n, at)
	require.NoError(t, err)
	tree, err := xmltree.Parse(doc, nil)
	require.NoError(t, err)
	v, err := xmlsig.Verify(tree, &xmlsig.Policy{PlainXMLDSig: true, Canonicalizations: []string{xmlsig.C14N10}, Styles: []xmlsig.TransformStyle{xmlsig.Filter2}})
	require.NoError(t, err)
	require.NoError(t, v.Err)
	require.Empty(t, v.Findings)
	require.Equal(t, "{key} {value} {document}", tree.Root.First("", "Note").Text())
	again, err := New(1).Notification(n, at)
	require.NoError(t, err)
	require.Equal(t, len(doc), len(again))
	require.True(t, New(1).Anchor().Equal(s.Anchor()), "the same seed")
}

func TestSDI_WhatCannotBeWritten(t *testing.T) {
	s := New(1)
	_, err := s.Notification(&sdi.Notification{Type: sdi.DT, Channel: sdi.ChannelPrivate}, time.Time{})
	require.ErrorIs(t, err, ErrDocument)
	for _, doc := range []string{"", "<a/>", "<a>"} {
		_, err = s.Sign([]byte(doc), time.Time{})
		require.ErrorIs(t, err, ErrDocument)
	}
	_, err = FileName(&sdi.Notification{FileName: "x"}, 1)
	require.ErrorIs(t, err, sdi.ErrName)
}
