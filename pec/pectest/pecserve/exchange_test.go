package pecserve

import (
	"context"
	"crypto/tls"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

// Between the providers it is really SMTP under TLS: without the exchanger, or
// with a certificate of somebody else, nothing arrives, and the sender hears of
// that in time.
func TestHandOverNeedsTheExchanger(t *testing.T) {
	for name, spoil := range map[string]func(*testing.T, *site){
		"nobody listens": func(t *testing.T, at *site) { require.NoError(t, at.doors[3].Close()) },
		"another authority": func(t *testing.T, at *site) {
			cert, err := pectest.NewAuthority(2).ServerCertificate("localhost", at.provider.Domain)
			require.NoError(t, err)
			at.tls.Certificates = []tls.Certificate{cert}
		},
		"another name": func(t *testing.T, at *site) {
			cert, err := at.net.Authority().ServerCertificate("localhost", "127.0.0.1")
			require.NoError(t, err)
			at.tls.Certificates = []tls.Certificate{cert}
		},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := pectest.NewNetwork(nil)
			require.NoError(t, err)
			s, err := Start(n, nil)
			require.NoError(t, err)
			defer s.Close()
			spoil(t, s.sites[1])
			a, err := n.Account("anna@alfa.example")
			require.NoError(t, err)
			_, err = a.Send(context.Background(), &pec.Draft{To: pec.Addresses("bruno@beta.example"), Subject: "x", Text: "y"})
			require.NoError(t, err)
			n.Settle()
			require.Equal(t, []pec.Kind{pec.KindAcceptance}, a.Kinds())
			n.Advance(25 * time.Hour)
			require.Equal(t, []pec.Kind{pec.KindAcceptance, pec.KindTimeout, pec.KindTimeout}, a.Kinds())
		})
	}
}
