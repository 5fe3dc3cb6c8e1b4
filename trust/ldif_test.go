package trust

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLDIFGrammar(t *testing.T) {
	read := func(s string) ([]ldifRecord, []Finding, error) {
		records, found, err := readLDIF(strings.NewReader(s), DirectoryLimits{}.withDefaults())
		if err != nil {
			return nil, nil, err
		}
		return records, found.all(), nil
	}
	one := func(s string) Attribute {
		t.Helper()
		r, _, err := read("dn: x\n" + s + "\n")
		require.NoError(t, err, s)
		require.Len(t, r, 1)
		require.Len(t, r[0].attributes, 1)
		return r[0].attributes[0]
	}
	for text, want := range map[string]string{
		"a: v": "v", "a:v": "v", "a:    v  ": "v  ", "a:": "", "a: ": "", "a:: dg==": "v", "a::dg==": "v", "a::": "",
		"a: one\n  two": "one two", "a:\n v": "v", "a: v\r": "v", "a: o\r\n ne\r": "one", "a:: d\n g=\n =": "v", "a: x:y<z": "x:y<z",
		"# c\n c: c\na: v": "v", "a: caffè": "caffè",
	} {
		require.Equal(t, want, string(one(text).Value), text)
	}
	a := one("Cert;Binary;x-1:: AAE=")
	require.Equal(t, Attribute{Name: "Cert", Options: []string{"Binary", "x-1"}, Value: []byte{0, 1}}, a)
	require.Equal(t, "1.3.6.1", one("1.3.6.1: v").Name)

	records, _, err := read("version: 1\r\n\r\n\r\ndn: a\r\nx: 1\r\nx: 2\r\n\r\n\r\n# comment\r\ndn:: Yg==\r\ny: 3")
	require.NoError(t, err)
	require.Len(t, records, 2)
	require.Equal(t, "a", records[0].dn)
	require.Equal(t, "b", records[1].dn)
	require.Len(t, records[0].attributes, 2)

	records, found, err := read("dn: a\nx: 1\ndn: b\ny: 2\n")
	require.NoError(t, err)
	require.Len(t, records, 2, "a missing empty line never merges records")
	require.Equal(t, []string{"ldif-missing-blank-line"}, codes(found))

	for text, code := range map[string]string{
		"\xef\xbb\xbfdn: a\n": "ldif-byte-order-mark", "dn: a\nx: caffè\n": "ldif-not-ascii", "dn: a\nx: \xff\n": "ldif-not-utf8",
		"dn: a\nx: :v\n": "ldif-unsafe-value", "dn: a\nx: <v\n": "ldif-unsafe-value",
	} {
		_, found, err := read(text)
		require.NoError(t, err, text)
		require.Equal(t, []string{code}, codes(found), text)
	}

	for text, want := range map[string]error{
		"dn: a\nx:< file:///etc/passwd\n": ErrLDIFURL,
		"dn:< file:///etc/passwd\n":       ErrLDIFURL,
		"dn: a\nchangetype: add\n":        ErrLDIFChange,
		"dn: a\nChangeType: modify\n":     ErrLDIFChange,
		"dn: a\ncontrol: 1.2.3\n":         ErrLDIFChange,
		"version: 2\n":                    ErrLDIF,
		"x: 1\n":                          ErrLDIF,
		"dn: a\n\nx: 1\n":                 ErrLDIF,
		"dn: a\nversion: 1\n\nversion: 1": ErrLDIF,
		" x: 1\n":                         ErrLDIF,
		"dn: a\n\n x\n":                   ErrLDIF,
		"dn: a\n-\n":                      ErrLDIF,
		"dn: a\n: v\n":                    ErrLDIF,
		"dn: a\nx y: v\n":                 ErrLDIF,
		"dn: a\nx;: v\n":                  ErrLDIF,
		"dn: a\nx:: dg=\n":                ErrLDIF,
		"dn: a\nx:: dh==\n":               ErrLDIF, // stray bits
		"dn: a\nx:: dg== \n":              ErrLDIF,
		"dn: a\nx:: d g==\n":              ErrLDIF,
		"dn: a\nx: a\x00b\n":              ErrLDIF,
		"dn: a\nx: a\rb\n":                ErrLDIF,
	} {
		_, _, err := read(text)
		require.ErrorIs(t, err, want, text)
		require.ErrorIs(t, err, ErrLDIF, text)
	}
}

func TestLDIFLimits(t *testing.T) {
	cert := "providerCertificate;binary:: AAAA\n"
	provider := "dn: providerName=A,o=postacert\nproviderName: A\n"
	for name, c := range map[string]struct {
		ldif   string
		limits DirectoryLimits
	}{
		"bytes":        {strings.Repeat("#\n", 60), DirectoryLimits{Bytes: 100}},
		"line":         {"dn: " + strings.Repeat("x", 100), DirectoryLimits{LineBytes: 50}},
		"folded line":  {"dn: x" + strings.Repeat("\n "+strings.Repeat("x", 10), 10), DirectoryLimits{LineBytes: 50}},
		"records":      {strings.Repeat("dn: x\n\n", 3), DirectoryLimits{Records: 2}},
		"values":       {"dn: x\n" + strings.Repeat("a: b\n", 3), DirectoryLimits{AttributesPerFile: 2}},
		"domains":      {provider + strings.Repeat("managedDomains: x.example\n", 3), DirectoryLimits{Domains: 2}},
		"certificate":  {provider + cert, DirectoryLimits{CertificateBytes: 2}},
		"certificates": {provider + strings.Repeat(cert, 3), DirectoryLimits{CertificatesEach: 2}},
	} {
		_, err := LoadLDIF(strings.NewReader(c.ldif), &DirectoryOptions{Limits: c.limits})
		require.ErrorIs(t, err, ErrLDIFLimit, name)
		_, err = LoadLDIF(strings.NewReader(c.ldif), nil)
		require.NoError(t, err, name)
	}
	// Eight million continuations of nothing take no time.
	_, err := LoadLDIF(strings.NewReader("dn: "+strings.Repeat("x", 200<<10)+strings.Repeat("\n ", 4<<20)), nil)
	require.NoError(t, err)
	// Findings are bounded.
	d := load(t, "dn: x\n"+strings.Repeat("a: è\n", 5000), nil)
	require.Len(t, d.Findings(), maxFindings+1)
	_, err = LoadLDIF(brokenReader{}, nil)
	require.ErrorIs(t, err, errBroken)
}

var errBroken = errors.New("broken")

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBroken }

func TestDirectoryRecordsThatAreOdd(t *testing.T) {
	for ldif, want := range map[string][]string{
		"dn: cn=somebody\ncn: x\n": {"directory-other-record"},
		"dn: providerName=A,o=postacert\nobjectClass: PROVIDER\nproviderCertificateHash: zz\nproviderCertificate:: AAAA\nmailReceipt: a@b.example\nmanagedDomains: b.example\n" +
			"providerName: A\nproviderName: B\nproviderUnits: U\nLDIFLocationURL: http://x.example\n": {
			"directory-bad-hash", "directory-bad-certificate", "directory-value-twice", "directory-missing-attribute", "directory-hash-mismatch", "directory-location-in-unit"},
		"dn: providerName=A,o=postacert\nproviderName: A\nLDIFLocationURL: http://x.example\nproviderCertificateHash: " + strings.Repeat("0", 40) + "\nmanagedDomains: CITTÀ..example\n": {
			"ldif-not-ascii", "directory-missing-attribute", "directory-missing-attribute", "directory-hash-mismatch", "directory-location-not-https", "directory-bad-domain"},
	} {
		require.Equal(t, want, codes(load(t, ldif, nil).Findings()), ldif)
	}
	d := load(t, "dn: providerName=A,o=postacert\n1.3.6.1.4.1.16572.2.2.3: A\npecProviderInfo;lang-it: x\ndescription: y\n", nil)
	p := d.Providers()[0]
	require.Equal(t, "A", p.Name)
	require.Equal(t, "y", p.Description)
	require.Equal(t, []Attribute{{Name: "pecProviderInfo", Options: []string{"lang-it"}, Value: []byte("x")}}, p.Unknown)
}

// FuzzLDIF: what is read never depends on how lines are folded and ended, is
// bounded by its input, and every provider listed is found again.
func FuzzLDIF(f *testing.F) {
	f.Add([]byte(base))
	f.Add([]byte("dn: providerName=A,o=postacert\nobjectClass: provider\nproviderName: A\nproviderCertificate;binary:: AAAA\nmanagedDomains: a.example\n"))
	f.Add([]byte("dn: a\nx:< file:///etc/passwd\n"))
	f.Add([]byte("version: 1\r\n\r\ndn:: Yg==\r\n a\r\n# x\r\n y\r\nx: caff\xc3\xa8\r\n"))
	limits := DirectoryLimits{Bytes: 1 << 16, LineBytes: 1 << 12, Records: 50, AttributesPerFile: 500}.withDefaults()
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := LoadLDIF(bytes.NewReader(data), &DirectoryOptions{Limits: limits})
		if err != nil {
			require.Nil(t, d)
			return
		}
		for _, p := range d.Providers() {
			require.Contains(t, d.ByName(p.Name), p)
			for _, der := range p.Certificates {
				if q, err := d.ByCertificate(der); err == nil {
					require.NotNil(t, q)
				}
			}
			for _, domain := range p.ManagedDomains {
				if p.Manages(domain) {
					require.Contains(t, d.ByDomain(domain), p)
				}
			}
		}
		records, _, err := readLDIF(bytes.NewReader(data), limits)
		require.NoError(t, err)
		// Written again, one line per value, it reads the same.
		again, _, err := readLDIF(bytes.NewReader(writeLDIF(records)), DirectoryLimits{}.withDefaults())
		require.NoError(t, err)
		require.Equal(t, len(records), len(again))
		for i := range records {
			require.Equal(t, records[i].dn, again[i].dn)
			require.Equal(t, len(records[i].attributes), len(again[i].attributes))
			for j, a := range records[i].attributes {
				require.True(t, bytes.Equal(a.Value, again[i].attributes[j].Value))
				require.Equal(t, a.Name, again[i].attributes[j].Name)
				require.Equal(t, a.Options, again[i].attributes[j].Options)
			}
		}
	})
}

// writeLDIF writes records in base64, folded at an odd place, with CRLF.
func writeLDIF(records []ldifRecord) []byte {
	var b bytes.Buffer
	line := func(s string) {
		for ; len(s) > 7; s = s[7:] {
			b.WriteString(s[:7] + "\r\n ")
		}
		b.WriteString(s + "\r\n")
	}
	for _, r := range records {
		line("dn:: " + base64.StdEncoding.EncodeToString([]byte(r.dn)))
		for _, a := range r.attributes {
			line(strings.Join(append([]string{a.Name}, a.Options...), ";") + ":: " + base64.StdEncoding.EncodeToString(a.Value))
		}
		b.WriteString("\r\n")
	}
	return b.Bytes()
}
