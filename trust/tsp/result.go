package tsp

import (
	"crypto/x509"
	"fmt"
	"math/big"
	"time"

	"github.com/certmail/certmail/trust"
)

// DefaultSkew is how far a clock may be ahead of ours unless Query.Skew says
// otherwise.
const DefaultSkew = 5 * time.Minute

// Query says what a token is to be compared with.
type Query struct {
	// Imprint gives the digest of the data; see OfData, OfDigest, OfReader.
	// Without it the imprint stays unknown and Result.OK false: a token that
	// is compared with nothing proves nothing.
	Imprint ImprintFunc
	// Store has the authorities that are believed, for signers of the purpose
	// trust.ForTimeStamps; nil leaves signer-chain unknown. Give time-stamping
	// a store of its own.
	Store *trust.Store
	// Now is the present: the time stated must not be later than Now and Skew.
	// Zero leaves that out.
	Now time.Time
	// Skew: DefaultSkew when zero, none when negative.
	Skew time.Duration
	// Policies, if any, are those accepted (dotted).
	Policies []string
	// Nonce, if not nil, must be that of the token.
	Nonce *big.Int
	// Certificates (DER) may hold the signer's, for tokens that do not carry
	// it; what else is there helps to build the path. They are believed no
	// more than those of the token.
	Certificates [][]byte
	// AllowWeak accepts what was usual once: SHA-1 in imprint and signature,
	// RSA keys of 1024 to 2047 bits. Each use is a finding. The certificates'
	// own signatures are the business of trust.Policy.
	AllowWeak bool
	// FirstSeen, CRLs and OCSP are as in trust.Query.
	FirstSeen  time.Time
	CRLs, OCSP [][]byte
	// Qualify, if not nil, answers whether the signer was a qualified service
	// at that time; the name of the check is set here. path leads from the
	// certificate to what Store trusts, and is nil where that is unknown. It is
	// asked only about tokens that are OK.
	Qualify func(cert *x509.Certificate, path []*x509.Certificate, at time.Time) trust.Check
}

// Names of the checks of a Result, in this order. The first eight decide about
// integrity (Result.OK), the next two about trust; CheckQualification is that
// of Result.Qualification.
const (
	CheckExtensions         = "extensions"               // no unknown critical extension
	CheckDigestAlgorithm    = trust.CheckDigestAlgorithm // of imprint and signature
	CheckSignature          = trust.CheckSignature       // CMS, with its signed attributes
	CheckSigningCertificate = "signing-certificate"      // the attribute that names the certificate
	CheckSignerProfile      = "signer-profile"           // for time-stamping, in force at the time stated
	CheckImprint            = "imprint"
	CheckRequest            = "request" // policy and nonce, where asked
	CheckTime               = "time"    // not in the future
	CheckSignerChain        = trust.CheckSignerChain
	CheckRevocation         = trust.CheckRevocation
	CheckQualification      = "qualification"
)

// integrityChecks is how many checks come before trust.
const integrityChecks = 8

// Result is what Verify found about one token.
type Result struct {
	// Checks always has all of them, in the order of their constants.
	Checks []trust.Check
	// Findings decide nothing; first those of Parse.
	Findings []trust.Finding
	// Time is the time stated, Accuracy how far it may be off.
	Time     time.Time
	Accuracy time.Duration
	// Certificate is the signer's, nil when it is not at hand. It may be
	// shared: do not modify it.
	Certificate *x509.Certificate
	// SignatureAlgorithm in words ("RSA-PKCS1v15-SHA256").
	SignatureAlgorithm string
	// Signer is what the Store says, nil without a store or a certificate.
	Signer *trust.Signer
	// OK: the token holds and is over the data; whoever made it.
	OK bool
	// Trusted: OK, made by an authority that the Store trusts, not revoked as
	// far as was given.
	Trusted bool
	// Qualification is the answer of Query.Qualify, Skipped without one. It is
	// no part of Checks: a time-stamp that is not qualified is not wrong.
	Qualification trust.Check
	// Err says why OK is false, and wraps all the reasons; nil when OK.
	Err error

	checks [integrityChecks + 2]trust.Check
}

// Check returns the check of that name, Skipped when there is none.
func (r *Result) Check(name string) trust.Check {
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	if name == CheckQualification {
		return r.Qualification
	}
	return trust.Check{Name: name, Status: trust.Skipped}
}

// Verdict sums the checks up: Valid means OK and Trusted, Invalid that
// something is proved wrong.
func (r *Result) Verdict() trust.Verdict {
	return trust.Judge(r.Checks, CheckSignature, CheckSigningCertificate, CheckSignerProfile, CheckImprint, CheckSignerChain)
}

func (r *Result) pass(i int, name, detail string) {
	r.checks[i] = trust.Check{Name: name, Status: trust.Passed, Detail: detail}
}

// fail records a check that does not hold, and the reason.
func (r *Result) fail(i int, name string, err error) { r.refuse(i, name, trust.Failed, err) }

func (r *Result) refuse(i int, name string, status trust.Status, err error) {
	r.checks[i] = trust.Check{Name: name, Status: status, Detail: err.Error()}
	err = &Error{Part: name, Err: err}
	if r.Err != nil {
		err = fmt.Errorf("%w; %w", r.Err, err)
	}
	r.Err = err
}
