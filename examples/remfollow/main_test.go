package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	require.Equal(t, `after 1m0s: amber, settled false
  bruno@beta.example     accepted   
  carla@beta.example     accepted   
  nessuno@beta.example   accepted   
  anna@gamma.example     accepted   
  bruno@alfa.example     delivered  
after 6h0m0s: red, settled false
  bruno@beta.example     delivered  
  carla@beta.example     failed     RD04
  nessuno@beta.example   failed     RB21
  anna@gamma.example     accepted   
  bruno@alfa.example     delivered  
after 24h0m0s: red, settled true
  bruno@beta.example     delivered  
  carla@beta.example     failed     RD04
  nessuno@beta.example   failed     RB21
  anna@gamma.example     failed     RB22
  bruno@alfa.example     delivered  
`, out.String())
}
