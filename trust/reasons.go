package trust

import "errors"

// Reasons why a signer certificate was not accepted, found with errors.Is in
// PathResult.Err. Those of the first group prove that something is wrong (the
// check failed); those of the second leave it open (unknown).
var (
	// ErrCertificate: the bytes are not a certificate.
	ErrCertificate = errors.New("trust: not a readable certificate")
	// ErrExpired: a certificate of the path had expired at the judged time.
	ErrExpired = errors.New("trust: certificate expired")
	// ErrNotYetValid: a certificate of the path was not valid yet.
	ErrNotYetValid = errors.New("trust: certificate not yet valid")
	// ErrEmailProtection: the extended key usage does not include e-mail
	// protection (an authentication or web server certificate).
	ErrEmailProtection = errors.New("trust: certificate is not for e-mail protection")
	// ErrTimeStamping: the extended key usage is not critical and timeStamping
	// alone.
	ErrTimeStamping = errors.New("trust: certificate is not for time-stamping")
	// ErrKeyUsage: the key usage forbids what the key was used for.
	ErrKeyUsage = errors.New("trust: key usage does not allow it")
	// ErrCACertificate: the signer's certificate is that of an authority.
	ErrCACertificate = errors.New("trust: signer certificate is a CA certificate")
	// ErrNotCA: a certificate that issued another one is not a CA certificate,
	// or stands further from the leaf than its path length allows.
	ErrNotCA = errors.New("trust: issuer is not allowed to issue certificates here")
	// ErrNameConstraint: the issuing authority may not certify this address.
	ErrNameConstraint = errors.New("trust: address not permitted by the issuer's name constraints")
	// ErrCriticalExtension: a critical extension is not understood, and
	// RFC 5280 §4.2 obliges to refuse the certificate.
	ErrCriticalExtension = errors.New("trust: unknown critical extension")
	// ErrForged: the certificate names a trusted key as its issuer, and its
	// signature does not verify under that key.
	ErrForged = errors.New("trust: certificate not signed by the key that it names")

	// ErrNoCertificate: the signer's certificate is not in the message and was
	// not supplied.
	ErrNoCertificate = errors.New("trust: signer certificate not available")
	// ErrNoTime: no time was given to judge at.
	ErrNoTime = errors.New("trust: no time to judge at")
	// ErrNoAnchor: the store trusts nothing.
	ErrNoAnchor = errors.New("trust: no trust anchor given")
	// ErrNoPath: no path leads to anything that the store trusts.
	ErrNoPath = errors.New("trust: no path to a trust anchor")
	// ErrPublicRoot: the path ends at a public root that also issues ordinary
	// certificates, without passing through a PEC issuing key.
	ErrPublicRoot = errors.New("trust: path to a public root, not through a PEC issuing key")
	// ErrSHA1: a certificate of the path is signed with SHA-1, which the
	// policy does not accept.
	ErrSHA1 = errors.New("trust: certificate signed with SHA-1, not allowed by the policy")
	// ErrAlgorithm: a certificate is signed with an algorithm that is unknown
	// or broken (MD5).
	ErrAlgorithm = errors.New("trust: certificate signature algorithm not supported")
	// ErrIssuerOutdated: the issuing key is trusted, but no certificate of
	// its authority, held or known, was still valid at the judged time.
	ErrIssuerOutdated = errors.New("trust: no certificate of the issuing authority valid at that time")

	// errNotIssuer: the signature does not verify under this candidate issuer.
	errNotIssuer = errors.New("trust: not the issuer")
)
