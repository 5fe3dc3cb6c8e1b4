package tsp_test

import (
	"bytes"
	"crypto"
	"errors"
	"strings"
	"testing"

	"github.com/certmail/certmail/trust/tsp"
	"github.com/certmail/certmail/trust/tsp/tsptest"
	"github.com/stretchr/testify/require"
)

func TestResponses(t *testing.T) {
	token := stamp(t, authority(t, nil))
	text := func(s string) []byte { return tlv(0x30, tlv(0x0c, []byte(s))) }
	for name, c := range map[string]struct {
		der      []byte
		status   tsp.Status
		failures []tsp.Failure
		text     []string
	}{
		"granted":  {tlv(0x30, unhex("3003020100"), token), tsp.Granted, nil, nil},
		"mods":     {tlv(0x30, tlv(0x30, unhex("020101"), text("più o meno")), token), tsp.GrantedWithMods, nil, []string{"più o meno"}},
		"rejected": {tlv(0x30, tlv(0x30, unhex("020102"), text("no"), unhex("0304060000 40"))), tsp.Rejection, []tsp.Failure{17}, []string{"no"}},
		"badAlg":   {tlv(0x30, tlv(0x30, unhex("020102"), unhex("03020780"))), tsp.Rejection, []tsp.Failure{tsp.BadAlgorithm}, nil},
		"several":  {tlv(0x30, tlv(0x30, unhex("020102"), unhex("030402240140"))), tsp.Rejection, []tsp.Failure{tsp.BadRequest, tsp.BadDataFormat, 15, 17}, nil},
		"waiting":  {tlv(0x30, unhex("3003020103")), tsp.Waiting, nil, nil},
		"revoked":  {tlv(0x30, unhex("3003020105")), tsp.RevocationNotification, nil, nil},
		"unheard":  {tlv(0x30, unhex("300302012a")), 42, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			resp, err := tsp.ParseResponse(c.der)
			require.NoError(t, err)
			require.Equal(t, c.status, resp.Status)
			require.Equal(t, c.failures, resp.Failures)
			require.Equal(t, c.text, resp.Text)
			fromFile, fileErr := tsp.Read(c.der)
			if c.status <= tsp.GrantedWithMods {
				require.NoError(t, resp.Err())
				require.Equal(t, token, resp.Token.Raw)
				require.NoError(t, fileErr)
				require.Equal(t, token, fromFile.Raw)
				return
			}
			require.Nil(t, resp.Token)
			require.ErrorIs(t, resp.Err(), tsp.ErrRejected)
			refusal, ok := errors.AsType[*tsp.StatusError](fileErr)
			require.True(t, ok)
			require.Equal(t, c.failures, refusal.Failures)
			require.Contains(t, fileErr.Error(), c.status.String())
			for _, f := range c.failures {
				require.Contains(t, fileErr.Error(), f.String())
			}
		})
	}
}

func TestResponsesRefused(t *testing.T) {
	token := stamp(t, authority(t, nil))
	many := bytes.Repeat(tlv(0x0c, []byte("a")), 17)
	for name, c := range map[string]struct {
		der  []byte
		want error
	}{
		"nothing":           {nil, tsp.ErrMalformed},
		"text":              {[]byte("<html>"), tsp.ErrMalformed},
		"granted, no token": {tlv(0x30, unhex("3003020100")), tsp.ErrMalformed},
		"rejected, a token": {tlv(0x30, unhex("3003020102"), token), tsp.ErrMalformed},
		"negative":          {tlv(0x30, unhex("30030201ff")), tsp.ErrMalformed},
		"vast":              {tlv(0x30, unhex("3006020401000000")), tsp.ErrMalformed},
		"after":             {append(tlv(0x30, unhex("3003020102")), 0), tsp.ErrMalformed},
		"after the token":   {tlv(0x30, unhex("3003020100"), token, unhex("0500")), tsp.ErrMalformed},
		"in the status":     {tlv(0x30, unhex("3005020102 0500")), tsp.ErrMalformed},
		"texts":             {tlv(0x30, tlv(0x30, unhex("020102"), tlv(0x30, many))), tsp.ErrTooLarge},
		"long text":         {tlv(0x30, tlv(0x30, unhex("020102"), tlv(0x30, tlv(0x0c, []byte(strings.Repeat("a", 5000)))))), tsp.ErrTooLarge},
		"no text":           {tlv(0x30, tlv(0x30, unhex("020102"), tlv(0x30, unhex("020101")))), tsp.ErrMalformed},
		"large":             {make([]byte, 256<<10+1), tsp.ErrTooLarge},
		"no status":         {token, tsp.ErrMalformed},
	} {
		_, err := tsp.ParseResponse(c.der)
		require.ErrorIs(t, err, c.want, name)
	}
	_, err := tsp.Read(stamp(t, faulty(t, tsptest.NotTSTInfo)))
	require.ErrorIs(t, err, tsp.ErrNotToken)
	_, err = tsp.Read(nil)
	require.ErrorIs(t, err, tsp.ErrNotToken)
}

func TestRequests(t *testing.T) {
	digest, err := tsp.OfData(data)(crypto.SHA256)
	require.NoError(t, err)
	imprint := tlv(0x30, unhex("300d 0609 608648016503040201 0500"), tlv(4, digest))
	for name, c := range map[string]struct {
		der []byte
		ok  bool
	}{
		"plain":          {tlv(0x30, unhex("020101"), imprint), true},
		"full":           {tlv(0x30, unhex("020101"), imprint, unhex("06032a0304"), unhex("020105"), unhex("0101ff")), true},
		"version 2":      {tlv(0x30, unhex("020102"), imprint), false},
		"no imprint":     {tlv(0x30, unhex("020101")), false},
		"wrong order":    {tlv(0x30, unhex("020101"), imprint, unhex("020105"), unhex("06032a0304")), false},
		"after":          {append(tlv(0x30, unhex("020101"), imprint), 0), false},
		"bad extension":  {tlv(0x30, unhex("020101"), imprint, tlv(0xa0, unhex("0500"))), false},
		"extension":      {tlv(0x30, unhex("020101"), imprint, tlv(0xa0, unhex("300c 06032a0304 0101ff 04020500"))), true},
		"certReq twice":  {tlv(0x30, unhex("020101"), imprint, unhex("0101ff"), unhex("0101ff")), false},
		"empty":          {nil, false},
		"large":          {make([]byte, 20<<10), false},
		"short sequence": {unhex("3000"), false},
	} {
		r, err := tsp.ParseRequest(c.der)
		require.Equal(t, c.ok, err == nil, name)
		if err != nil {
			require.True(t, errors.Is(err, tsp.ErrMalformed) || errors.Is(err, tsp.ErrTooLarge), name)
			continue
		}
		if len(r.Extensions) == 0 {
			again, err := r.Marshal()
			require.NoError(t, err)
			require.Equal(t, c.der, again, name)
		}
		answer, err := authority(t, nil).Respond(c.der)
		require.NoError(t, err)
		resp, err := tsp.ParseResponse(answer)
		require.NoError(t, err)
		switch {
		case len(r.Extensions) > 0:
			require.Equal(t, []tsp.Failure{tsp.UnacceptedExtension}, resp.Failures)
		case r.Policy != "":
			require.Equal(t, []tsp.Failure{tsp.UnacceptedPolicy}, resp.Failures)
		default:
			require.NoError(t, resp.Err())
		}
	}
}

func TestNewNonce(t *testing.T) {
	n, err := tsp.NewNonce(bytes.NewReader(make([]byte, 8)))
	require.NoError(t, err)
	require.Equal(t, "1", n.String(), "never zero")
	n, err = tsp.NewNonce(bytes.NewReader(unhex("ff00000000000001")))
	require.NoError(t, err)
	require.Equal(t, "ff00000000000001", n.Text(16))
}
