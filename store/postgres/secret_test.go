package postgres_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/store/postgres"
)

// What cannot be read or reached is said without the password.
func TestPasswordIsNotShown(t *testing.T) {
	const secret = "Gegen-alle-Lauscher-1"
	for _, conninfo := range []string{
		"postgres://anna:" + secret + "@127.0.0.1:1/db?connect_timeout=2",
		"postgres://anna:" + secret + "@127.0.0.1:1/db?sslmode=what",
		"postgres://anna:" + secret + "@127.0.0.1:notaport/db",
		"postgres://anna:" + secret + "@[::1/db",
		"postgres://anna:" + secret + "%zz@127.0.0.1/db",
		"postgres://anna@127.0.0.1:notaport/db?password=" + secret,
		"host=127.0.0.1 port=1 user=anna password=" + secret,
		"host=127.0.0.1 port=x user=anna password=" + secret,
		"host=127.0.0.1 port=x user=anna password='" + secret + "'",
		"host=127.0.0.1 user=anna password='" + secret,
		"host=127.0.0.1 user=anna password=" + secret + " nonsense",
		"host=127.0.0.1 port=x user=anna password = " + secret,
		"host=127.0.0.1 port=x user=anna password = '" + secret + "'",
	} {
		s, err := postgres.Open(t.Context(), conninfo, nil)
		require.Error(t, err, conninfo)
		shown := fmt.Sprintf("%v %+v %#v %v %+v %#v", s, s, s, &s, &s, &s)
		for e := err; e != nil; e = errors.Unwrap(e) {
			shown += fmt.Sprintf("%v %+v %#v", e, e, e)
		}
		require.NotContains(t, shown, secret, conninfo)
	}
}
