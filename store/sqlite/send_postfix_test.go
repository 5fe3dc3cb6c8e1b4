//go:build unix

package sqlite_test

import (
	"testing"

	"github.com/certmail/certmail/store/internal/sendbench"
)

// BenchmarkSendPostfix is the same against a server that keeps what it takes: as
// fast as a real one.
func BenchmarkSendPostfix(b *testing.B) {
	sendbench.Run(b, sending(b, sendbench.Postfix(b)), 1000)
}
