package remtest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSealed(t *testing.T) {
	for _, s := range Scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			_, err := s.Play(context.Background())
			require.NoError(t, err)
		})
	}
}
