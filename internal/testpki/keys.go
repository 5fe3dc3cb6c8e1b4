// Package testpki makes throw-away certification authorities and provider
// certificates for tests, fixtures and emulation.
//
// Everything follows from a seed: the same seed gives the same keys and, with
// RSA, byte for byte the same certificates and signatures. Nothing made here
// protects anything.
package testpki

import (
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"sync"
)

// Reader returns an endless deterministic stream for the seed and label.
func Reader(seed uint64, label string) io.Reader {
	h := sha256.New()
	fmt.Fprintf(h, "certmail test stream %d %s", seed, label)
	var key [32]byte
	h.Sum(key[:0])
	return &stream{rng: rand.New(rand.NewChaCha8(key))}
}

type stream struct{ rng *rand.Rand }

func (s *stream) Read(p []byte) (int, error) {
	var block [8]byte
	for n := 0; n < len(p); n += 8 {
		binary.LittleEndian.PutUint64(block[:], s.rng.Uint64())
		copy(p[n:], block[:])
	}
	return len(p), nil
}

var keys sync.Map // "seed/label/bits" -> func() *rsa.PrivateKey

// RSAKey returns the RSA key of the seed and label. crypto/rsa does not
// promise the same key for the same stream, so the primes are searched here.
func RSAKey(seed uint64, label string, bits int) *rsa.PrivateKey {
	id := fmt.Sprintf("%d/%s/%d", seed, label, bits)
	once, _ := keys.LoadOrStore(id, sync.OnceValue(func() *rsa.PrivateKey {
		return newRSAKey(Reader(seed, "rsa "+label), bits)
	}))
	return once.(func() *rsa.PrivateKey)()
}

func newRSAKey(random io.Reader, bits int) *rsa.PrivateKey {
	e := big.NewInt(65537)
	one := big.NewInt(1)
	for {
		p, q := prime(random, bits/2), prime(random, bits/2)
		n := new(big.Int).Mul(p, q)
		if p.Cmp(q) == 0 || n.BitLen() != bits {
			continue
		}
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		d := new(big.Int).ModInverse(e, phi)
		if d == nil {
			continue
		}
		key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: 65537}, D: d, Primes: []*big.Int{p, q}}
		key.Precompute()
		if key.Validate() == nil {
			return key
		}
	}
}

// prime searches upwards from a random odd number with the two top bits set.
func prime(random io.Reader, bits int) *big.Int {
	buf := make([]byte, bits/8)
	_, _ = random.Read(buf)
	buf[0] |= 0xc0
	buf[len(buf)-1] |= 1
	p := new(big.Int).SetBytes(buf)
	two := big.NewInt(2)
	for !p.ProbablyPrime(8) {
		p.Add(p, two)
	}
	return p
}
