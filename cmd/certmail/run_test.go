package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// asProgram makes the test binary be certmail: for the children that bench
// starts, and to measure what a command costs a process.
const asProgram = "CERTMAIL_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv("CERTMAIL_BENCH_CHILD") != "" || os.Getenv(asProgram) != "" {
		code := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
		if name := os.Getenv(asProgram); name != "" && name != "1" {
			status, _ := os.ReadFile("/proc/self/status")
			_ = os.WriteFile(name, status, 0o600)
		}
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// result is what a run of the program gave.
type result struct {
	code           int
	stdout, stderr string
}

func certmail(args ...string) result { return certmailWith("", args...) }

func certmailWith(stdin string, args ...string) result {
	var stdout, stderr bytes.Buffer
	code := run(args, strings.NewReader(stdin), &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}

// decode reads the one JSON document on standard output.
func (r result) decode(t *testing.T, v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(r.stdout))
	require.NoError(t, d.Decode(v), "%s", r.stdout)
	require.False(t, d.More(), "more than one document")
	requireNoNullArrays(t, r.stdout)
}

// nullable are the names whose value may be null: objects, times and figures.
var nullable = map[string]bool{"error": true, "original": true, "signer": true, "submitted": true, "accepted": true, "time": true, "ratio": true, "check": true,
	"invoice": true, "sdi": true, "signature": true, "notification": true, "invoice_ref": true}

func requireNoNullArrays(t *testing.T, document string) {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal([]byte(document), &v))
	var walk func(name string, v any)
	walk = func(name string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, child := range v {
				walk(name, child)
			}
		case []any:
			for _, child := range v {
				walk(name, child)
			}
		case nil:
			require.True(t, nullable[name], "%s is null", name)
		}
	}
	walk("document", v)
}

// keys are the names of an object, sorted by the decoder of objects.
func keys(t *testing.T, object json.RawMessage) []string {
	t.Helper()
	var m map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(object, &m))
	var names []string
	for name := range m {
		names = append(names, name)
	}
	return names
}

func write(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, data, 0o644))
	return path
}

func TestUsage(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.eml")
	for name, args := range map[string][]string{
		"nothing":            {},
		"unknown command":    {"sign"},
		"unknown flag":       {"show", "--nope", "x.eml"},
		"show nothing":       {"show", "--json"},
		"verify nothing":     {"verify"},
		"missing file":       {"show", missing},
		"missing file, json": {"verify", "--json", missing},
		"missing ca":         {"verify", "--ca", missing, missing},
		"extract nothing":    {"extract", "--to", "x"},
		"extract nowhere":    {"extract", missing},
		"extract two":        {"extract", "a", "b", "--to", "x"},
		"fixtures nowhere":   {"fixtures", "--seed", "7"},
		"fixtures bad seed":  {"fixtures", "x", "--seed", "minus"},
		"reconcile nothing":  {"reconcile"},
		"bad time":           {"verify", "--at", "yesterday", missing},
		"flag without value": {"verify", "x.eml", "--ca"},
		"trusted list":       {"verify", "--tsl", "list.xml", "x.eml"},
		"stdin twice":        {"reconcile", "-", "--sent", "-"},
		"emulate a file":     {"emulate", "x.eml"},
		"emulate bad seed":   {"emulate", "--seed", "x"},
		"emulate bad fault":  {"emulate", "--fault", "explode"},
		"emulate no one":     {"emulate", "--fault", "lose,provider=nobody.example"},
		"emulate no profile": {"emulate", "--profile", "posh"},
		"emulate no domain":  {"emulate", "--domain", ""},
		"emulate real PEC":   {"emulate", "--domain", "pec.it"},
		"emulate odd domain": {"emulate", "--domain", ".example"},
		"emulate twice":      {"emulate", "--domain", "a.example", "--domain", "a.example"},
		"emulate remote web": {"emulate", "--web", "0.0.0.0:0"},
		"emulate odd web":    {"emulate", "--web", "8080"},
		"bench with a file":  {"bench", "x.eml"},
	} {
		t.Run(name, func(t *testing.T) {
			r := certmail(args...)
			require.Equal(t, exitUsage, r.code)
			require.Empty(t, r.stdout, "usage errors belong on standard error")
			require.True(t, strings.HasPrefix(r.stderr, "certmail: "), r.stderr)
		})
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"--help"}, {"-h"}} {
		r := certmail(args...)
		require.Equal(t, exitGood, r.code)
		for _, c := range commands() {
			require.Contains(t, r.stdout, c.name)
		}
	}
	for _, c := range commands() {
		for _, args := range [][]string{{c.name, "--help"}, {c.name, "x", "-h"}, {"help", c.name}} {
			r := certmail(args...)
			require.Equal(t, exitGood, r.code, "%v", args)
			require.Equal(t, c.help, r.stdout)
			require.Empty(t, r.stderr)
		}
		require.True(t, strings.HasPrefix(c.help, "usage: certmail "+c.name+" "), c.name)
		for line := range strings.Lines(c.help) {
			require.LessOrEqual(t, len([]rune(line)), 90, line)
		}
	}
}

// Every flag is in the help, and the other way round is TestHelp's reader's.
func TestFlagsAnywhere(t *testing.T) {
	f := newFlags("x", "")
	var ca list
	f.Var(&ca, "ca", "")
	force := f.Bool("force", false, "")
	files, err := f.read([]string{"a", "--ca", "1", "-", "--json", "--ca=2", "b", "--force=true", "--", "--json", "-x"})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "-", "b", "--json", "-x"}, files)
	require.Equal(t, list{"1", "2"}, ca)
	require.True(t, f.json)
	require.True(t, *force)
}

func TestMoment(t *testing.T) {
	var m moment
	require.NoError(t, m.Set("2018-12-08T12:26:18+01:00"))
	require.Equal(t, "2018-12-08T12:26:18+01:00", m.String())
	for _, bad := range []string{"", "2018-12-08", "0001-01-01T00:00:00Z"} {
		require.Error(t, m.Set(bad))
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestOutputThatFailsIsNotSuccess(t *testing.T) {
	var stderr bytes.Buffer
	code := run([]string{"help"}, strings.NewReader(""), brokenWriter{}, &stderr)
	require.Equal(t, exitNotGood, code)
	require.Contains(t, stderr.String(), "writing the output")
}
