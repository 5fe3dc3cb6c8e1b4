package trust

import (
	"crypto/x509"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/certmail/certmail/internal/testpki"
	"github.com/stretchr/testify/require"
)

// TestPathsAgreeWithOpenSSL gives the same paths to `openssl verify` and to a
// store with the same anchors, at several times.
func TestPathsAgreeWithOpenSSL(t *testing.T) {
	o := newOpenSSL(t)
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	between := func(from, until int) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = year(from), year(until) }
	}
	both := func(changes ...func(*x509.Certificate)) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			for _, change := range changes {
				change(c)
			}
		}
	}
	root := testpki.NewAuthority(seed, "Oracle root", between(2010, 2040))
	plain := root.Sub("Oracle plain", between(2018, 2028))
	constrained := root.Sub("Oracle constrained", both(between(2018, 2028), func(c *x509.Certificate) {
		c.PermittedEmailAddresses, c.ExcludedEmailAddresses = []string{"pec.alfa.example", "beta.example"}, []string{"x@beta.example"}
	}))
	server := root.Sub("Oracle server", both(between(2018, 2028), func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }))
	mail := root.Sub("Oracle mail", both(between(2018, 2028), func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection, x509.ExtKeyUsageServerAuth}
	}))
	short := root.Sub("Oracle short", both(between(2018, 2028), func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true }))
	deep := short.Sub("Oracle deep", between(2018, 2028))
	noSign := root.Sub("Oracle no certSign", both(between(2018, 2028), func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }))
	stranger := testpki.NewAuthority(seed, "Oracle stranger", nil)

	eku := func(u ...x509.ExtKeyUsage) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.ExtKeyUsage = u }
	}
	leaves := map[string]struct {
		address string
		change  func(*x509.Certificate)
	}{
		"normal":       {fromAlfa, between(2017, 2030)},
		"ended":        {fromAlfa, between(2017, 2020)},
		"other domain": {"x@gamma.example", between(2017, 2030)},
		"below":        {"x@sub.pec.alfa.example", between(2017, 2030)},
		"excluded":     {"x@beta.example", between(2017, 2030)},
		"client":       {fromAlfa, both(between(2017, 2030), eku(x509.ExtKeyUsageClientAuth))},
		"no EKU":       {fromAlfa, both(between(2017, 2030), eku())},
		"any EKU":      {fromAlfa, both(between(2017, 2030), eku(x509.ExtKeyUsageAny))},
		"two EKU":      {fromAlfa, both(between(2017, 2030), eku(x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageEmailProtection))},
		"encipherment": {fromAlfa, both(between(2017, 2030), func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment })},
		"no key usage": {fromAlfa, both(between(2017, 2030), func(c *x509.Certificate) { c.KeyUsage = 0 })},
	}
	issuers := map[string]struct {
		by   *testpki.Authority
		with []*x509.Certificate
	}{
		"root": {root, nil}, "plain": {plain, certs(plain.Certificate)}, "constrained": {constrained, certs(constrained.Certificate)},
		"server": {server, certs(server.Certificate)}, "mail": {mail, certs(mail.Certificate)}, "deep": {deep, certs(deep.Certificate, short.Certificate)},
		"no certSign": {noSign, certs(noSign.Certificate)}, "stranger": {stranger, certs(stranger.Certificate)}, "missing": {plain, nil},
	}
	anchors := map[string]*x509.Certificate{"root": root.Certificate, "partial": plain.Certificate}
	times := []time.Time{year(2016), year(2017).AddDate(0, 6, 0), year(2019), year(2024), year(2029), year(2031)}

	passed, compared := 0, 0
	for anchorName, anchor := range anchors {
		anchorFile := o.write("anchor.pem", testpki.PEM(anchor))
		store := newStore(t, Material{Anchors: certs(anchor)}, nil)
		for issuerName, issuer := range issuers {
			helpers := o.write("helpers.pem", append(testpki.PEM(issuer.with...), '\n'))
			var names []string
			var files []string
			queries := map[string]Query{}
			for name, l := range leaves {
				leaf := issuer.by.Provider("Gestore "+name, l.address, l.change).Certificate
				file := o.write(strings.ReplaceAll(name, " ", "-")+".pem", testpki.PEM(leaf))
				names, files = append(names, name), append(files, file)
				queries[name] = ask(leaf, issuer.with...)
			}
			for _, at := range times {
				args := []string{"verify", "-purpose", "smimesign", "-partial_chain", "-no-CAfile", "-no-CApath", "-no-CAstore",
					"-attime", strconv.FormatInt(at.Unix(), 10), "-trusted", anchorFile}
				if len(issuer.with) > 0 {
					args = append(args, "-untrusted", helpers)
				}
				out, _ := o.try(append(args, files...)...)
				for i, name := range names {
					theirs := strings.Contains(out, files[i]+": OK")
					q := queries[name]
					q.At = at
					r := store.Evaluate(q)
					require.Equal(t, theirs, r.AtEvent.Status == Passed, fmt.Sprintf("anchor %s, issuer %s, leaf %s, at %s: we say %s (%s), OpenSSL:\n%s",
						anchorName, issuerName, name, at, r.AtEvent.Status, r.AtEvent.Detail, out))
					compared++
					if theirs {
						passed++
					}
				}
			}
		}
	}
	t.Logf("%d paths compared, %d of them good", compared, passed)
	require.Greater(t, passed, 90)
}
