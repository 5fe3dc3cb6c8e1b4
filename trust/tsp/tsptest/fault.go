package tsptest

import "slices"

// Fault is one thing that is wrong with an authority or with what comes from
// it.
type Fault string

// The faults.
const (
	// WrongImprint: the token is over one bit else than was asked; OtherToken:
	// it is a genuine one of an hour ago, over other data.
	WrongImprint Fault = "wrong-imprint"
	OtherToken   Fault = "other-token"
	// OtherNonce and OtherPolicy: not those that were asked.
	OtherNonce  Fault = "other-nonce"
	OtherPolicy Fault = "other-policy"
	// Expired and NotYetValid: the certificate is in force only for the first,
	// or the last, second of its time.
	Expired     Fault = "expired"
	NotYetValid Fault = "not-yet-valid"
	// UsageMissing, UsageNotCritical, UsageNotAlone and UsageMail: the
	// extended key usage is absent, not critical, has e-mail protection
	// besides, or is e-mail protection. KeyUsage: the key may encipher too.
	// CA: it is the certificate of an authority.
	UsageMissing     Fault = "usage-missing"
	UsageNotCritical Fault = "usage-not-critical"
	UsageNotAlone    Fault = "usage-not-alone"
	UsageMail        Fault = "usage-mail"
	KeyUsage         Fault = "key-usage"
	CA               Fault = "ca"
	// Impostor: other keys and another root under the same names.
	Impostor Fault = "impostor"
	// NoSigningCertificate: without the signed attribute that names the
	// certificate; OtherSigningCertificate: it names another one, by digest;
	// OtherIssuerSerial: only the serial number beside the digest is another.
	NoSigningCertificate    Fault = "no-signing-certificate"
	OtherSigningCertificate Fault = "other-signing-certificate"
	OtherIssuerSerial       Fault = "other-issuer-serial"
	// NoCertificates: left out though asked for. DecoyFirst: certificates of
	// the very same name and number, and of a fit stranger, lie before the
	// signer's: that hurts nobody.
	NoCertificates Fault = "no-certificates"
	DecoyFirst     Fault = "decoy-first"
	// DecoySigned: the signer is unfit (e-mail protection), and a fit stranger
	// lies before it.
	DecoySigned Fault = "decoy-signed"
	// ClockAhead and ClockBehind: an hour off.
	ClockAhead  Fault = "clock-ahead"
	ClockBehind Fault = "clock-behind"
	// CriticalExtension: one that nobody knows.
	CriticalExtension Fault = "critical-extension"
	// BadSignature: a bit of it is wrong.
	BadSignature Fault = "bad-signature"
	// NotTSTInfo: the token signs the same octets as plain data.
	NotTSTInfo Fault = "not-tst-info"
	// Refuses: status rejection, timeNotAvailable. WithMods: granted with
	// modifications, though there are none: that is no error.
	Refuses  Fault = "refuses"
	WithMods Fault = "with-mods"
	// Unavailable: HTTP 503. Babbles: a web page instead of a response.
	Unavailable Fault = "unavailable"
	Babbles     Fault = "babbles"
)

// Faults lists all of them.
func Faults() []Fault {
	return []Fault{WrongImprint, OtherToken, OtherNonce, OtherPolicy, Expired, NotYetValid, UsageMissing, UsageNotCritical, UsageNotAlone,
		UsageMail, KeyUsage, CA, Impostor, NoSigningCertificate, OtherSigningCertificate, OtherIssuerSerial, NoCertificates, DecoyFirst, DecoySigned,
		ClockAhead, ClockBehind, CriticalExtension, BadSignature, NotTSTInfo, Refuses, WithMods, Unavailable, Babbles}
}

func (f Fault) known() bool { return f == "" || slices.Contains(Faults(), f) }
