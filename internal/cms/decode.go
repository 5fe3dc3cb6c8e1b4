package cms

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"fmt"
)

// Decode returns the binary SignedData in a file that people call .p7s or
// .p7m: binary already, PEM, or base64, also base64 twice, as mail programs
// leave it behind. Binary input is returned as it is, not copied. lim may be
// nil; it caps the decoded size.
func Decode(file []byte, lim *Limits) ([]byte, error) {
	size := lim.orDefaults().Size
	b := file
	for rounds := 0; ; rounds++ {
		// Base64 with line ends takes at most 1.5 octets for one, twice 2.25.
		if len(b) > size && (rounds == 2 || b[0] == tagSequence || len(b) > 3*size) {
			return nil, &Error{Part: "file", Err: fmt.Errorf("%w: %d octets, at most %d", ErrTooLarge, len(b), size)}
		}
		if len(b) > 0 && b[0] == tagSequence { // no base64 or PEM of a SEQUENCE starts so
			return b, nil
		}
		text := bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))
		if len(text) == 0 || rounds == 2 {
			return nil, &Error{Part: "file", Err: fmt.Errorf("%w: neither binary nor PEM nor base64", ErrNotSignedData)}
		}
		if bytes.HasPrefix(text, []byte("-----BEGIN ")) {
			block, _ := pem.Decode(text)
			if block == nil {
				return nil, &Error{Part: "file", Err: fmt.Errorf("%w: broken PEM", ErrNotSignedData)}
			}
			b = block.Bytes
			continue
		}
		out, err := decodeBase64(text)
		if err != nil {
			return nil, &Error{Part: "file", Err: fmt.Errorf("%w: neither binary nor PEM nor base64: %w", ErrNotSignedData, err)}
		}
		b = out
	}
}

// decodeBase64 reads base64 with white space anywhere and padding or none.
func decodeBase64(text []byte) ([]byte, error) {
	packed := make([]byte, 0, len(text))
	for _, c := range text {
		switch c {
		case ' ', '\t', '\r', '\n':
		default:
			packed = append(packed, c)
		}
	}
	packed = bytes.TrimRight(packed, "=")
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(packed)))
	n, err := base64.RawStdEncoding.Decode(out, packed)
	return out[:n], err
}
