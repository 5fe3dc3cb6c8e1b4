package tsp_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/certmail/certmail/trust/tsp"
	"github.com/certmail/certmail/trust/tsp/tsptest"
	"github.com/stretchr/testify/require"
)

// FuzzToken: nothing panics, what is read is bounded by what was given, the
// judgement is always complete and consistent, and no mutation of a genuine
// token makes it say anything else and still be trusted.
func FuzzToken(f *testing.F) {
	a := authority(f, nil)
	q := full(storeOf(f, a))
	genuine := parse(f, stamp(f, a))
	f.Add(genuine.Raw)
	for _, fault := range tsptest.Faults() {
		if fault != tsptest.Refuses {
			f.Add(stamp(f, faulty(f, fault)))
		}
	}
	f.Add(indefinite(f, genuine.Raw))
	f.Add(stamp(f, authority(f, func(c *tsptest.Config) { c.Qualified, c.Key = true, ellipticKey(f) })))
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		tok, err := tsp.Parse(raw)
		require.Equal(t, before, raw, "the input was changed")
		if err != nil {
			require.Nil(t, tok)
			return
		}
		require.Equal(t, raw, tok.Raw)
		require.LessOrEqual(t, len(tok.Certificates), 32)
		require.LessOrEqual(t, len(tok.Extensions), 16)
		require.GreaterOrEqual(t, tok.Accuracy, time.Duration(0))
		if tok.HashAlgorithm != 0 {
			require.Len(t, tok.Imprint, tok.HashAlgorithm.Size())
		}
		_ = tok.TSA()
		r := tsp.Verify(tok, q)
		require.Equal(t, before, raw, "the input was changed")
		require.Len(t, r.Checks, 10)
		for _, c := range r.Checks {
			require.NotEmpty(t, c.Name)
			require.NotEmpty(t, c.Status)
		}
		require.Equal(t, r.OK, r.Err == nil)
		require.Equal(t, r, tsp.Verify(tok, q), "the same question, another answer")
		if !r.Trusted {
			return
		}
		require.True(t, r.OK)
		require.Equal(t, a.Certificate().Subject.String(), r.Certificate.Subject.String())
		require.Equal(t, genuine.Imprint, tok.Imprint)
	})
}

// FuzzResponse: nothing panics, a token comes with leave and leave with a
// token, and what is read of a file is the same by either road.
func FuzzResponse(f *testing.F) {
	f.Add(respond(f, authority(f, nil)))
	f.Add(respond(f, faulty(f, tsptest.Refuses)))
	f.Add(respond(f, faulty(f, tsptest.WithMods)))
	f.Add(unhex("3009300702010203020780"))
	f.Add(stamp(f, authority(f, nil)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		resp, err := tsp.ParseResponse(raw)
		fromFile, fileErr := tsp.Read(raw)
		if err == nil {
			granted := resp.Status == tsp.Granted || resp.Status == tsp.GrantedWithMods
			require.Equal(t, granted, resp.Token != nil)
			require.Equal(t, granted, resp.Err() == nil)
			require.Equal(t, granted, fileErr == nil)
			if granted {
				require.Equal(t, resp.Token.Raw, fromFile.Raw)
			} else {
				require.NotEmpty(t, resp.Err().Error())
			}
			_, bare := tsp.Parse(raw)
			require.Error(t, bare, "a response is no token")
		} else {
			require.Nil(t, resp)
		}
		if req, err := tsp.ParseRequest(raw); err == nil && req.HashAlgorithm != 0 && len(req.Extensions) == 0 {
			der, err := req.Marshal()
			require.NoError(t, err)
			again, err := tsp.ParseRequest(der)
			require.NoError(t, err)
			require.Equal(t, req, again)
		}
	})
}
