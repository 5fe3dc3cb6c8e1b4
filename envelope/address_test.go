package envelope_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/envelope"
)

func TestAddressesOfOddLists(t *testing.T) {
	for to, want := range map[string][]string{
		"a@x.example, b@x.example":                                    {"a@x.example", "b@x.example"},
		"=?windows-1252?Q?Perch=E9?= <a@x.example>":                   {"a@x.example"},
		"=?no-such-charset?Q?=E9?= <a@x.example>, b@x.example":        {"a@x.example", "b@x.example"},
		`"Rossi, Mario" <a@x.example>, broken, Bianchi <b@x.example>`: {"a@x.example", "b@x.example"},
		"undisclosed-recipients:;":                                    nil,
	} {
		m, err := envelope.OpenBytes([]byte("From: f@x.example\r\nTo: "+to+"\r\n\r\n"), nil)
		require.NoError(t, err)
		require.Equal(t, want, m.Header.Addresses("To"), to)
	}
}
