//go:build !linux

package sendbench

import "time"

// cpu is not known.
func cpu() time.Duration { return 0 }
