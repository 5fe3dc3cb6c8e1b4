package sdi_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/receipt"
	"github.com/certmail/certmail/sdi"
	"github.com/certmail/certmail/sdi/sditest"
)

func TestSDI_WhichTypesAreSigned(t *testing.T) {
	var signed []sdi.Type
	for _, typ := range sdi.Types() {
		require.True(t, typ.Known())
		if typ.Signed() {
			signed = append(signed, typ)
		}
	}
	require.Equal(t, []sdi.Type{sdi.RC, sdi.NS, sdi.MC, sdi.NE, sdi.DT, sdi.AT, sdi.SE}, signed)
	require.False(t, sdi.Type("rc").Known())
}

// Offsets of a central directory that lie outside of the file.
func TestSDI_ArchiveOffsets(t *testing.T) {
	data := zipOf(t, zip.Store, invoiceName)
	end := bytes.LastIndex(data[:len(data)-4], []byte("PK\x05\x06"))
	for _, at := range []int{end + 12, end + 16} { // size and start
		for _, value := range []uint32{0, 1, uint32(end), uint32(end) + 1, 1<<31 - 1, 1<<32 - 1} {
			bad := bytes.Clone(data)
			if binary.LittleEndian.Uint32(bad[at:]) == value {
				continue
			}
			binary.LittleEndian.PutUint32(bad[at:], value)
			f := recognise(t, "IT01234567890_00009.zip", bad, nil)
			require.Equal(t, []string{"archive-unreadable", "content-not-recognised"}, codes(f.Findings))
		}
	}
}

func TestSDI_Match(t *testing.T) {
	a, b, c := strings.Repeat("aa", 32), strings.Repeat("bb", 32), strings.Repeat("cc", 32)
	for _, row := range []struct {
		hash, original, transmitted, payload string
		want                                 sdi.HashMatch
	}{
		{"", "", a, b, sdi.HashAbsent},
		{a, "", "", "", sdi.HashAbsent},
		{a, "", a, b, sdi.HashTransmitted},
		{b, "", a, b, sdi.HashPayload},
		{c, "", a, b, sdi.HashDiffers},
		{c, "", a, "", sdi.HashAbsent}, // perhaps over what is not known
		{c, "", "", b, sdi.HashAbsent},
		{"", a, a, b, sdi.HashTransmitted},
		{a, c, a, b, sdi.HashDiffers},
		{c, a, a, b, sdi.HashDiffers},
		{a, b, a, b, sdi.HashTransmitted},
	} {
		n := sdi.Notification{Hash: row.hash, OriginalHash: row.original}
		require.Equal(t, row.want, n.Match(row.transmitted, row.payload), "%+v", row)
	}
}

func TestSDI_CarriageOf(t *testing.T) {
	m := &receipt.Message{MessageID: "<a@b.example>", Identifier: "x", Accepted: at, Recipients: []receipt.RecipientStatus{
		{Address: "anna@alfa.example", Status: receipt.StatusFailed},
		{Address: "SDI01@pec.fatturapa.it", Status: receipt.StatusDelivered},
	}}
	require.Equal(t, []sdi.Carriage{{MessageID: "a@b.example", Identifier: "x", Recipient: "SDI01@pec.fatturapa.it", Status: receipt.StatusDelivered, Accepted: at}}, sdi.CarriageOf(m, nil))
	require.Empty(t, sdi.CarriageOf(m, &sdi.Options{Domains: []string{sditest.Domain}}))
}

// What came from anybody else, or was not verified, is no received invoice.
func TestSDI_ReceivedFromSDIOnly(t *testing.T) {
	c := newCircuit(t)
	files := []file{metadata(t, &sdi.Notification{ID: "42", FileName: invoiceName}), invoiceFile()}
	require.Empty(t, c.inspect(t, c.send(t, lookAlike, anna, "Invio File 42", files...), true).Received(""))
	genuine := c.send(t, sditest.Address(1), anna, "Invio File 42", files...)
	require.Empty(t, c.inspect(t, genuine, false).Received(""))
	require.Len(t, c.inspect(t, genuine, true).Received(""), 1)
}
