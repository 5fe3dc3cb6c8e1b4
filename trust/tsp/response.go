package tsp

import (
	"encoding/asn1"
	"fmt"
	"strconv"

	"github.com/certmail/certmail/internal/cms"
	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// Status is the PKIStatus of a response (RFC 3161 §2.4.2).
type Status int

// The statuses. Only the first two come with a token.
const (
	Granted                Status = 0
	GrantedWithMods        Status = 1
	Rejection              Status = 2
	Waiting                Status = 3
	RevocationWarning      Status = 4
	RevocationNotification Status = 5
)

// String names the status as RFC 3161 does.
func (s Status) String() string {
	names := [...]string{"granted", "grantedWithMods", "rejection", "waiting", "revocationWarning", "revocationNotification"}
	if s >= 0 && int(s) < len(names) {
		return names[s]
	}
	return strconv.Itoa(int(s))
}

// Failure is one bit of PKIFailureInfo: why a token was not granted.
type Failure int

// The failures of RFC 3161 §2.4.2.
const (
	BadAlgorithm          Failure = 0
	BadRequest            Failure = 2
	BadDataFormat         Failure = 5
	TimeNotAvailable      Failure = 14
	UnacceptedPolicy      Failure = 15
	UnacceptedExtension   Failure = 16
	AdditionalInfoMissing Failure = 17
	SystemFailure         Failure = 25
)

// String names the failure as RFC 3161 does.
func (f Failure) String() string {
	switch f {
	case BadAlgorithm:
		return "badAlg"
	case BadRequest:
		return "badRequest"
	case BadDataFormat:
		return "badDataFormat"
	case TimeNotAvailable:
		return "timeNotAvailable"
	case UnacceptedPolicy:
		return "unacceptedPolicy"
	case UnacceptedExtension:
		return "unacceptedExtension"
	case AdditionalInfoMissing:
		return "addInfoNotAvailable"
	case SystemFailure:
		return "systemFailure"
	}
	return "failure " + strconv.Itoa(int(f))
}

// Response is a parsed TimeStampResp (.tsr).
type Response struct {
	Status Status
	// Text is what the authority says to people, untrusted.
	Text     []string
	Failures []Failure
	// Token is nil unless Status is Granted or GrantedWithMods.
	Token *Token
}

// Err is nil when a token was granted, else a *StatusError.
func (r *Response) Err() error {
	if r.Token != nil {
		return nil
	}
	return &StatusError{Status: r.Status, Failures: r.Failures, Text: r.Text}
}

// Limits on the words of a response.
const (
	maxTexts    = 16
	maxText     = 4096 // octets
	maxFailures = 32   // bits
)

// ParseResponse reads a TimeStampResp. A refusal is no error here: see
// Response.Err. A token without leave, or leave without a token, is.
func ParseResponse(resp []byte) (*Response, error) { return ParseResponseWithin(resp, nil) }

// ParseResponseWithin is ParseResponse with limits of the caller's; nil means
// the defaults.
func ParseResponseWithin(resp []byte, lim *Limits) (*Response, error) {
	if l := lim.orDefaults(); len(resp) > l.Size {
		return nil, partError("response", ErrTooLarge, "%d octets, at most %d", len(resp), l.Size)
	}
	kind, body, rest, err := cms.Value(resp, nil)
	switch {
	case err != nil:
		return nil, partError("response", ErrMalformed, "%w", err)
	case kind != uint8(tag.SEQUENCE):
		return nil, partError("response", ErrMalformed, "it starts with %#02x, not with a SEQUENCE", kind)
	case len(rest) > 0:
		return nil, partError("response", ErrMalformed, "%d octets after it", len(rest))
	}
	r := &Response{}
	in := cryptobyte.String(body)
	if err := r.parseStatus(&in); err != nil {
		return nil, &Error{Part: "response", Err: err}
	}
	granted := r.Status == Granted || r.Status == GrantedWithMods
	switch {
	case granted == in.Empty():
		return nil, partError("response", ErrMalformed, "status %s, and %d octets of token", r.Status, len(in))
	case granted:
		if r.Token, err = ParseWithin(in, lim); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// parseStatus reads PKIStatusInfo.
func (r *Response) parseStatus(in *cryptobyte.String) error {
	var info cryptobyte.String
	if !in.ReadASN1(&info, tag.SEQUENCE) {
		return field("status")
	}
	var status int64
	if !info.ReadASN1Integer(&status) || status < 0 || status > 1<<16 {
		return field("status")
	}
	r.Status = Status(status)
	if info.PeekASN1Tag(tag.SEQUENCE) {
		var texts cryptobyte.String
		if !info.ReadASN1(&texts, tag.SEQUENCE) {
			return field("statusString")
		}
		for !texts.Empty() {
			var text cryptobyte.String
			if !texts.ReadASN1(&text, tag.UTF8String) {
				return field("statusString")
			}
			if len(r.Text) == maxTexts || len(text) > maxText {
				return fmt.Errorf("%w: statusString", ErrTooLarge)
			}
			r.Text = append(r.Text, string(text))
		}
	}
	if info.PeekASN1Tag(tag.BIT_STRING) {
		var bits asn1.BitString
		if !info.ReadASN1BitString(&bits) {
			return field("failInfo")
		}
		for i := range min(bits.BitLength, maxFailures) {
			if bits.At(i) == 1 {
				r.Failures = append(r.Failures, Failure(i))
			}
		}
	}
	if !info.Empty() {
		return field("status")
	}
	return nil
}

// Read reads a token out of a file, which may be a response or the bare token:
// the endings .tsr and .tst are mixed up in practice. A refusal is a
// *StatusError.
func Read(file []byte) (*Token, error) { return ReadWithin(file, nil) }

// ReadWithin is Read with limits of the caller's; nil means the defaults.
func ReadWithin(file []byte, lim *Limits) (*Token, error) {
	// A response begins with a SEQUENCE, the status; a token with its type.
	if _, body, _, err := cms.Value(file, nil); err != nil || len(body) == 0 || body[0] != uint8(tag.SEQUENCE) {
		return ParseWithin(file, lim)
	}
	r, err := ParseResponseWithin(file, lim)
	if err != nil {
		return nil, err
	}
	return r.Token, r.Err()
}
