package bench

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/reftest"
	"github.com/certmail/certmail/internal/testpki"
	"github.com/certmail/certmail/trust/tsl"
	"github.com/certmail/certmail/trust/tsl/tsltest"
	"github.com/stretchr/testify/require"
	"go.mozilla.org/pkcs7"
)

// The test binary is its own child.
func TestMain(m *testing.M) {
	if was, err := Child(naiveSubject, os.Stdout); was {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func testTrust() *Trust {
	ca := testpki.NewAuthority(2, "Bench CA", nil)
	leaf := ca.Provider("Gestore Alfa", "posta-certificata@alfa.example", nil)
	return &Trust{CA: ca.Certificate, Certificate: leaf.Certificate, Key: testpki.RSAKey(2, "leaf Gestore Alfa", 2048)}
}

// naiveSubject puts the naive program in the library's place.
func naiveSubject(t *Trust) (*Subject, error) {
	n := newNaive(t)
	build := func(w io.Writer, original io.ReaderAt, size int64) error {
		data, err := io.ReadAll(io.NewSectionReader(original, 0, size))
		if err != nil {
			return err
		}
		_, err = w.Write(envelope(t, data))
		return err
	}
	message := func(size int) func() ([]byte, error) {
		return func() ([]byte, error) {
			return envelope(t, []byte(originalHead+"\r\n"+strings.Repeat("una riga di testo\r\n", size/19))), nil
		}
	}
	return &Subject{
		Small: message(2000), Medium: message(200_000),
		VerifyWarm: n.verify, VerifyCold: n.verify, Parse: n.parse, Build: build,
		VerifyFile: func(path string) error {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if !bytes.Contains(data[:1000], []byte("\r\n")) {
				data = bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n"))
			}
			return n.verify(data)
		},
		REM:         func() (*REM, error) { return naiveREM(t, n), nil },
		TrustedList: naiveList,
		Ledger: func(n int) (func() error, error) {
			return func() error {
				for i := range n {
					_ = fmt.Sprint(i)
				}
				return nil
			}, nil
		},
	}, nil
}

// naiveREM puts a message of PEC in the place of a receipt of REM.
func naiveREM(t *Trust, n *naive) *REM {
	original := []byte(originalHead + "\r\nuna riga di testo\r\n")
	return &REM{Message: envelope(t, original), Signed: content(original), Evidence: []byte(testData), Verify: n.verify}
}

// naiveList is a trusted list of one provider, of whatever size.
func naiveList(int) (*TrustedList, error) {
	operator := tsltest.NewOperator(1, "IT")
	issued := operator.Certificate.NotBefore.AddDate(1, 0, 0).UTC()
	xml, err := operator.Sign(context.Background(), &tsl.List{
		Territory: "IT", Sequence: 1, Issued: issued, NextUpdate: issued.AddDate(0, 6, 0),
		Providers: []tsl.Provider{{Names: tsl.Names{{Language: "en", Value: "Provider 1"}}, Services: []tsl.Service{{Entry: tsl.Entry{
			Type: tsl.ServiceREMQualified, Names: tsl.Names{{Language: "en", Value: "REM"}}, Status: tsl.StatusGranted, Starting: issued,
			Identity: tsl.Identity{Certificates: [][]byte{operator.Certificate.Raw}},
		}}}}},
	})
	return &TrustedList{XML: xml, Verify: func(xml []byte) error {
		l, err := tsl.Parse(xml, nil)
		if err != nil {
			return err
		}
		return l.Verify([]*x509.Certificate{operator.Certificate}, time.Time{}, nil).Err
	}}, err
}

const testData = `<?xml version="1.0" encoding="UTF-8"?><postacert tipo="posta-certificata" errore="nessuno"><intestazione>` +
	`<mittente>a@alfa.example</mittente><destinatari tipo="certificato">b@beta.example</destinatari></intestazione><dati/></postacert>`

func content(original []byte) []byte {
	return []byte("Content-Type: multipart/mixed; boundary=MIX\r\n\r\n--MIX\r\nContent-Type: text/plain\r\n\r\nPosta certificata\r\n" +
		"--MIX\r\nContent-Type: application/xml; name=daticert.xml\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte(testData)) +
		"\r\n--MIX\r\nContent-Type: message/rfc822; name=postacert.eml\r\n\r\n" + string(original) + "\r\n--MIX--\r\n")
}

func envelope(t *Trust, original []byte) []byte {
	content := content(original)
	sd, err := pkcs7.NewSignedData(content)
	if err != nil {
		panic(err)
	}
	sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := sd.AddSignerChain(t.Certificate, t.Key, []*x509.Certificate{t.CA}, pkcs7.SignerInfoConfig{}); err != nil {
		panic(err)
	}
	sd.Detach()
	p7s, err := sd.Finish()
	if err != nil {
		panic(err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: posta-certificata@alfa.example\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256; boundary=\"SIG\"\r\n\r\n--SIG\r\n%s\r\n--SIG\r\n"+
		"Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n", content)
	for text := base64.StdEncoding.EncodeToString(p7s); len(text) > 0; {
		n := min(64, len(text))
		b.WriteString(text[:n] + "\r\n")
		text = text[n:]
	}
	b.WriteString("\r\n--SIG--\r\n")
	return b.Bytes()
}

func quick() *Config {
	c := Quick(testTrust(), naiveSubject)
	c.Rounds, c.Slice, c.Large = 2, 2*time.Millisecond, 256<<10
	c.ChildArgs = []string{"-test.run=^$"}
	return c
}

func TestEveryGoalHasAFigure(t *testing.T) {
	reftest.Tool(t, "openssl")
	reftest.Tool(t, "xmlsec1")
	reftest.Tool(t, "cc")
	c := quick()
	steps := 0
	c.Progress = func(done, total int) { require.LessOrEqual(t, done, total); steps++ }
	rows, err := Run(t.Context(), c)
	require.NoError(t, err)
	require.Positive(t, steps)
	seen := map[int]int{}
	for _, r := range rows {
		seen[r.Goal]++
		require.NotNil(t, r.Ratio, r.What)
		if !strings.HasPrefix(r.Unit, mib) {
			require.Positive(t, *r.Ratio, r.What)
		}
		require.Contains(t, r.What, "quick run")
		require.NotEqual(t, "unmeasured", r.Outcome())
	}
	require.Equal(t, map[int]int{1: 1, 2: 2, 3: 1, 4: 2, 5: 1, 6: 2, 7: 1, 8: 2, 9: 1, 10: 2, 11: 2, 12: 1, 13: 1, 14: 1}, seen)

	// naive-go against itself: the figures that are known beforehand, roughly.
	// The slices are milliseconds long: when something else ran during one of
	// them, it is measured again.
	off := farOff(t, rows)
	for again := 0; again < 3 && len(off) > 0; again++ {
		rows, err := Run(t.Context(), quick())
		require.NoError(t, err)
		off = farOff(t, rows)
	}
	require.Empty(t, off)

	var text bytes.Buffer
	require.NoError(t, WriteText(&text, rows))
	require.Equal(t, len(rows)+1, strings.Count(text.String(), "\n"))
	t.Logf("\n%s", &text)
}

func TestWithoutOpenSSLOrCompiler(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	rows, err := Run(t.Context(), quick())
	require.NoError(t, err)
	for _, r := range rows {
		switch {
		case r.Goal == 2:
			require.Nil(t, r.Ratio)
			require.Contains(t, r.What, "there is no C compiler")
		case r.Goal == 6:
			require.Nil(t, r.Ratio)
			require.Contains(t, r.What, "openssl is not installed")
		case r.Goal == 14:
			require.Nil(t, r.Ratio)
			require.Contains(t, r.What, "xmlsec1 is not installed")
		default:
			require.NotNil(t, r.Ratio, r.What)
		}
	}
	out, err := json.Marshal(rows[1])
	require.NoError(t, err)
	require.Contains(t, string(out), `"goal":2,"what":"small, warm, against openssl-raw in process [`)
	require.Contains(t, string(out), `"ratio":null,"must":5,"aim":8,"unit":"×","better":"higher"`)
}

func TestWithoutHeaders(t *testing.T) {
	reftest.Tool(t, "cc")
	t.Setenv("CC", "cc -nostdinc")
	_, err := compile(t.Context(), t.TempDir())
	require.EqualError(t, err, "OpenSSL's headers are not installed")
}

func TestUnwiredSubject(t *testing.T) {
	c := quick()
	c.New = func(*Trust) (*Subject, error) { return &Subject{}, nil }
	rows, err := Run(t.Context(), c)
	require.NoError(t, err)
	require.Len(t, rows, len(goals))
	for _, r := range rows {
		require.Nil(t, r.Ratio)
		require.Contains(t, r.What, "not measured")
		require.Equal(t, "unmeasured", r.Outcome())
	}
}

// A subject that is fast because it does not look is found out.
func TestBlindSubjectIsFoundOut(t *testing.T) {
	blind := func([]byte) error { return nil }
	for name, change := range map[string]func(*Subject){
		"warm": func(s *Subject) { s.VerifyWarm = blind },
		"cold": func(s *Subject) { s.VerifyCold = blind },
		"rem": func(s *Subject) {
			make := s.REM
			s.REM = func() (*REM, error) { x, err := make(); x.Verify = blind; return x, err }
		},
		"list": func(s *Subject) {
			make := s.TrustedList
			s.TrustedList = func(n int) (*TrustedList, error) { l, err := make(n); l.Verify = blind; return l, err }
		},
		"large file": func(s *Subject) { s.VerifyFile = func(string) error { return nil } },
	} {
		c := quick()
		c.New = func(trust *Trust) (*Subject, error) {
			s, err := naiveSubject(trust)
			change(s)
			return s, err
		}
		_, err := Run(t.Context(), c)
		require.ErrorContains(t, err, "bench: "+name+": an altered ")
	}
	c := quick()
	c.New = func(trust *Trust) (*Subject, error) {
		s, err := naiveSubject(trust)
		s.Build = func(w io.Writer, _ io.ReaderAt, _ int64) error { _, err := io.WriteString(w, "x"); return err }
		return s, err
	}
	_, err := Run(t.Context(), c)
	require.ErrorContains(t, err, "bench: build: naive-go refuses what was built")
}

func TestRunIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := quick()
	c.Progress = func(done, _ int) {
		if done == 1 {
			cancel()
		}
	}
	_, err := Run(ctx, c)
	require.ErrorIs(t, err, context.Canceled)
}

// The C yardstick and naive-go against messages signed by OpenSSL itself.
func TestYardsticksVerifyTheSame(t *testing.T) {
	tool := reftest.Tool(t, "openssl")
	reftest.Tool(t, "cc")
	dir := t.TempDir()
	trust := testTrust()
	file := func(name string, data []byte) string {
		name = filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(name, data, 0o600))
		return name
	}
	ca := file("ca.pem", certificatePEM(trust.CA))
	require.NoError(t, writeTrust(filepath.Join(dir, "all.pem"), trust))
	other := file("other.pem", certificatePEM(testpki.NewAuthority(3, "Bench CA", nil).Certificate))
	leaf := file("leaf.pem", certificatePEM(trust.Certificate))
	signed := filepath.Join(dir, "signed.eml")
	_, err := capture(exec.Command(tool, "cms", "-sign", "-binary", "-crlfeol", "-in", file("content", content(smallOriginal())), "-signer", leaf,
		"-inkey", filepath.Join(dir, "all.pem"), "-certfile", ca, "-out", signed))
	require.NoError(t, err)
	msg, err := os.ReadFile(signed)
	require.NoError(t, err)

	n := newNaive(trust)
	require.NoError(t, n.verify(msg))
	inner, _, err := splitSigned(msg)
	require.NoError(t, err)
	require.Equal(t, string(content(smallOriginal())), string(inner))

	o := findOpenSSL(t.Context(), dir, ca)
	require.Empty(t, o.noLibrary)
	stranger := *o
	stranger.ca = other
	altered := file("altered.eml", bytes.Replace(msg, []byte("Contratto"), []byte("contratto"), 1))
	for _, how := range []string{"raw", "full"} {
		for _, name := range []string{signed, file("built.eml", envelope(trust, smallOriginal()))} {
			rate, err := o.contestant(how, how, name).turn(1e6)
			require.NoError(t, err)
			require.Positive(t, rate)
			require.NotEmpty(t, o.version)
			_, err = stranger.contestant(how, how, name).turn(1e6)
			require.ErrorContains(t, err, "the message does not verify")
		}
		_, err = o.contestant(how, how, altered).turn(1e6)
		require.ErrorContains(t, err, "the message does not verify")
	}
	require.NoError(t, o.verify(signed))
	require.Error(t, o.verify(altered))
	require.Error(t, stranger.verify(signed))
	require.NoError(t, o.digest(signed))
	require.Error(t, o.digest(filepath.Join(dir, "missing")))
}

func TestLimits(t *testing.T) {
	trust := testTrust()
	msg := []byte("a message")
	l, err := newLimits(trust, msg)
	require.NoError(t, err)
	require.NoError(t, l.one(msg))
	require.NoError(t, l.two(msg))
	require.NoError(t, l.sign())
	require.Error(t, l.one([]byte("another")))
	l.tbs[0] ^= 1
	require.Error(t, l.two(msg))
}

func TestFigures(t *testing.T) {
	m := measurements{}
	for _, v := range []float64{10, 20, 90} {
		m.record("a", v)
	}
	for _, v := range []float64{5, 5, 5} {
		m.record("b", v)
	}
	m.record("zero", 0)
	m.miss("c", "no reason")
	figure := func(of, to string) any {
		v, missing := m.figure(goal{of: of, to: to})
		if missing != "" {
			return missing
		}
		return v
	}
	require.Equal(t, 4.0, figure("a", "b"))
	require.Equal(t, 20.0, figure("a", ""))
	require.Equal(t, "no reason", figure("a", "c"))
	require.Equal(t, "no reason", figure("c", "a"))
	require.Equal(t, "not measured", figure("d", "a"))
	require.Equal(t, "the figure is not finite", figure("a", "zero"))
	require.Equal(t, 2.5, median([]float64{4, 1, 2, 3}))

	for v, want := range map[float64]float64{1.23456: 1.23, 0.0012345: 0.00123, 123456: 123000, 0: 0, -2.345: -2.35} {
		require.InDelta(t, want, rounded(v), 1e-9)
	}
	for _, c := range []struct {
		v      float64
		better string
		want   string
	}{{9, higher, "aim"}, {6, higher, "must"}, {4, higher, "missed"}, {1, lower, "aim"}, {6, lower, "missed"}} {
		r := Row{Ratio: &c.v, Must: 5, Aim: 8, Better: c.better}
		if c.better == lower {
			r.Must, r.Aim = 5, 2
		}
		require.Equal(t, c.want, r.Outcome())
	}
}

func TestChild(t *testing.T) {
	was, err := Child(naiveSubject, io.Discard)
	require.False(t, was)
	require.NoError(t, err)
	t.Setenv(childMode, childVerify)
	t.Setenv(childTrust, filepath.Join(t.TempDir(), "missing"))
	was, err = Child(naiveSubject, io.Discard)
	require.True(t, was)
	require.ErrorIs(t, err, os.ErrNotExist)
	t.Setenv(childMode, childIdle)
	var out bytes.Buffer
	was, err = Child(func(*Trust) (*Subject, error) { return nil, errors.New("an idle child makes nothing") }, &out)
	require.True(t, was)
	require.NoError(t, err)
	require.Regexp(t, `^-?[0-9]+\n$`, out.String())
}

// farOff returns the known figures that are far from one.
func farOff(t *testing.T, rows []Row) (off []string) {
	t.Helper()
	known := 0
	for _, r := range rows {
		if strings.Contains(r.What, "against naive-go") || strings.Contains(r.What, "against go-message") {
			known++
			if *r.Ratio <= 0.2 || *r.Ratio >= 5 {
				off = append(off, fmt.Sprintf("%s: %v", r.What, *r.Ratio))
			}
		}
	}
	require.Equal(t, 3, known)
	return off
}
