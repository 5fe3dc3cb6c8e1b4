//go:build unix

package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/internal/reftest"
)

func TestRun(t *testing.T) {
	conninfo := reftest.PostgreSQL(t)
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out, conninfo, "march"))
	require.Regexp(t, regexp.MustCompile(`^queued: 100 known before: 0
10 workers handed over 100 messages in \S+
delivered and proven: 100
$`), out.String())

	out.Reset()
	require.NoError(t, run(t.Context(), &out, conninfo, "march"))
	require.Contains(t, out.String(), "queued: 0 known before: 100\n10 workers handed over 0 messages", "the same mailing again")
	require.Contains(t, out.String(), "delivered and proven: 100", "as it was")
}

func TestRunInMemory(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out, "", "march"))
	require.Contains(t, out.String(), "no PostgreSQL was given")
	require.Contains(t, out.String(), "handed over 100 messages")
}
