package transport_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/transport"
)

func TestError(t *testing.T) {
	var err error = fmt.Errorf("outbox: %w", &transport.Error{Outcome: transport.Uncertain, Err: io.ErrUnexpectedEOF})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	e, ok := errors.AsType[*transport.Error](err)
	require.True(t, ok)
	require.Equal(t, transport.Uncertain, e.Outcome)
	require.Equal(t, "transport: uncertain: unexpected EOF", e.Error())
	require.Equal(t, "transport: refused: 552 5.3.4 too large", (&transport.Error{Outcome: transport.Refused, Code: 552, Status: "5.3.4", Text: "too large"}).Error())
	require.Equal(t, "deferred", transport.Deferred.String())
	require.Equal(t, "outcome 9", transport.Outcome(9).String())
}

func TestID(t *testing.T) {
	validity, uid, err := transport.ParseID(transport.FormatID(4294967295, 7))
	require.NoError(t, err)
	require.Equal(t, []uint32{4294967295, 7}, []uint32{validity, uid})
	for _, id := range []transport.ID{"", "7", "a.b", "1.4294967296", "1.2.3", "-1.2"} {
		_, _, err := transport.ParseID(id)
		require.ErrorIs(t, err, transport.ErrNotFound, id)
	}
}

func ExampleMessage() {
	const text = "From: anna@alfa.example\r\nTo: bruno@beta.example\r\n\r\nciao\r\n"
	m := transport.Message{From: "anna@alfa.example", To: []string{"bruno@beta.example"}, Source: strings.NewReader(text), Size: int64(len(text))}
	n, err := io.Copy(io.Discard, m.Reader())
	fmt.Println(n == m.Size, err)
	// Output: true <nil>
}
