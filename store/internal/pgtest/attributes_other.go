//go:build !linux

package pgtest

import "syscall"

// attributes: elsewhere nobody tests as root.
func attributes(*identity) *syscall.SysProcAttr { return nil }
