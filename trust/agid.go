package trust

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"time"
)

// KeyAnchor is trust in the key of an issuing authority, whatever certificate
// carries it: a signer certificate is accepted when this very key issued it.
// A CA certificate with the key still has to be at hand (in the message or
// among the intermediates), because the hash alone verifies nothing; its
// validity and name constraints are applied.
type KeyAnchor struct {
	// Name is shown in reports.
	Name string
	// SPKI is the SHA-256 of the DER SubjectPublicKeyInfo.
	SPKI [32]byte
	// Policy, when not empty, is the certificate policy (dotted OID) that
	// certificates of this authority carry; its absence is a finding.
	Policy string
	// Generations are the known certificates over the key, oldest first. A CA
	// certificate outside a non-empty list is used, with a finding.
	Generations []Generation
}

// Generation is one certificate of an authority that kept its key. In the
// ready-made tables the validity is known to the day.
type Generation struct {
	NotBefore, NotAfter time.Time
	// Serial is the serial number in lower-case hexadecimal.
	Serial string
	// SHA256 is the fingerprint of the certificate.
	SHA256 [32]byte
	// EmailDomains are the mail domains that the name constraints permit.
	EmailDomains []string
}

// PolicyPEC is the certificate policy of PEC provider certificates under
// AgID CA1.
const PolicyPEC = "1.3.76.16.3.1.1"

// AgIDCA1 returns the issuing key of "AgID CA1", the authority of Agenzia per
// l'Italia Digitale under which the signing certificates of all PEC providers
// seen since 2017 were issued: one RSA key in eight known certificates from
// 2018-04-04 to 2030-09-22 (repository AgID/ca-agid-ca1). Certificates of
// 2017 exist, hence at least one earlier, unpublished generation.
//
// The caller passes it to NewStore on purpose; nothing is trusted unasked.
func AgIDCA1() KeyAnchor {
	a := KeyAnchor{
		Name:   "AgID CA1",
		SPKI:   hash32("39e3c6c6f13c9620775172694d20f81edad55a8613934cdaa7c3793a6d26b86b"),
		Policy: PolicyPEC,
	}
	for _, row := range agidGenerations {
		a.Generations = append(a.Generations, Generation{
			NotBefore:    row.notBefore,
			NotAfter:     row.notAfter,
			Serial:       row.serial,
			SHA256:       hash32(row.sha256),
			EmailDomains: agidDomains(row.domains),
		})
	}
	return a
}

// agidDomainSteps is how the list of permitted mail domains changed; the
// domains column of agidGenerations says up to which step a generation goes.
var agidDomainSteps = []struct{ add, remove []string }{
	{add: []string{ // 0: 2018-04-04, 29 domains
		"agid.gov.it", "cert.informatica.aci.it", "cert.interno.it", "emarche.it", "fastweb-pec.it", "gestorepec.unina.it",
		"kmailer.it", "legalmail.it", "pcert.sogei.it", "pec.actalis.it", "pec.ancitel.it", "pec.aruba.it",
		"pec.basilicatanet.it", "pec-email.com", "pec.numera.it", "pec.postecert.it", "pec.posteitaliane.it",
		"pec.rupar.puglia.it", "postacert.cedacri.it", "postacertificata.notariato.it", "postacert.it.net", "postecert.it",
		"sicurezzapostale.it", "telecompost.it", "trustedmail.intesa.it", "twtcert.it", "zucchettipec.it", "cert.intesa.it",
		"certmail.kpnqwest.it",
	}},
	{ // 1: 2019-06-13, 33 domains
		add:    []string{"certmail.irideos.it", "pupec.informatica.aci.it", "pro.sicurezzapostale.it", "pec.bill4me.it", "pec.notartel.it"},
		remove: []string{"pec.numera.it"},
	},
	{add: []string{"miapec.it"}},                         // 2: 2020-01-30, 34
	{add: []string{"ig-trustmail.com"}},                  // 3: 2021-09-21, 35
	{add: []string{"postecertifica.it", "pec.reevo.eu"}}, // 4: 2025-02-20, 37
}

var agidGenerations = []struct {
	notBefore, notAfter time.Time
	serial, sha256      string
	domains             int
}{
	{day(2018, 4, 4), lastSecond(2028, 4, 3), "6720efb9b071e75b", "4648900b04272628ab7b2d82ddf74cd5b78d77f8652d5bbf2824bb64dd178659", 0},
	{day(2019, 6, 13), lastSecond(2029, 6, 12), "2fe0c106450ed3680c51029c8c54125d", "e7fa0f67c9b6d886c868408996dbdfc3680e8b9ec47628eefb4824c23a287693", 1},
	{day(2020, 1, 30), lastSecond(2030, 1, 29), "3030d5736412e5cec6d0d0af9a68a994", "d793d934dd1b9ff9f6a76d438c760ed44b72bcde660b49a77dbcf81ec7ceb3a9", 2},
	{day(2020, 2, 19), lastSecond(2030, 2, 18), "7c9f3da6df9e28710f61deaeb70ba491", "f7b09eea79096a4498f6a2b8d6f1183228a3769ea988050d1b32a380eabc4f9e", 2},
	{day(2020, 10, 13), lastSecond(2030, 9, 22), "459732d8f318cb7593a2f4680f90ead9", "404a2b23b25200446ca7213e1af56635cb93ddf7bef0d87664ba411b7f4c8e56", 2},
	{day(2021, 6, 22), lastSecond(2030, 9, 22), "54b34af1b063e47f958d0c3bf3c457f5", "4931388dc85b1fb943ed8ee6acfa015753cb048166470626c7ff939ed022a8ae", 2},
	{day(2021, 9, 21), lastSecond(2030, 9, 22), "68043bdc4cb05a89117e1bfd692771f7", "32322ae2e31a7430be1d6c04bd8cabfbd240c74d2c9dbe82780db1f3f73660a6", 3},
	{day(2025, 2, 20), lastSecond(2030, 9, 22), "5e3824e82da9ba7c634fbd485aaa302d", "790ec428504a61f273e4fcf7ffd4d56991edc02d4402fbbd8914e149fa278c1d", 4},
}

// agidDomains replays the steps up to and including the last one.
func agidDomains(last int) []string {
	var domains []string
	for _, step := range agidDomainSteps[:last+1] {
		domains = slices.DeleteFunc(domains, func(d string) bool { return slices.Contains(step.remove, d) })
		domains = append(domains, step.add...)
	}
	return domains
}

// The public, multi-purpose Actalis Authentication Root CA (certificate
// SHA-256 55926084ec963a64b96e2abe01ce0ba86a64fbfebcc7aab5afc155b37fd76066),
// above AgID CA1 and above ordinary S/MIME certificates alike: recognised by
// its key, in whatever certificate.
const actalisRootSPKI = "25d4913cf587097414d29d26f6c1b1942cd6d64eaf45d0fcf81526adba96d324"

// generation finds a certificate in the table.
func (a *KeyAnchor) generation(cert *x509.Certificate) *Generation {
	sum := sha256.Sum256(cert.Raw)
	for i := range a.Generations {
		if a.Generations[i].SHA256 == sum {
			return &a.Generations[i]
		}
	}
	return nil
}

// knownAt says whether some generation of the table was valid at t.
func (a *KeyAnchor) knownAt(t time.Time) bool {
	return slices.ContainsFunc(a.Generations, func(g Generation) bool {
		return !t.Before(g.NotBefore) && !t.After(g.NotAfter)
	})
}

// permits says whether a mail domain (A-labels, lower case) was ever among
// the permitted ones. An authority without a table permits everything.
func (a *KeyAnchor) permits(domain string) bool {
	return len(a.Generations) == 0 || slices.ContainsFunc(a.Generations, func(g Generation) bool {
		return len(g.EmailDomains) == 0 || slices.Contains(g.EmailDomains, domain)
	})
}

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

func lastSecond(y int, m time.Month, d int) time.Time {
	return time.Date(y, m, d, 23, 59, 59, 0, time.UTC)
}

// hash32 reads a SHA-256 of the tables above, written in hexadecimal.
func hash32(s string) (h [32]byte) {
	b, _ := hex.DecodeString(s)
	copy(h[:], b)
	return h
}
