package pgtest

import "syscall"

// attributes let a program run as somebody else, and shut down when this
// process dies.
func attributes(id *identity) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	if id != nil {
		a.Credential = &syscall.Credential{Uid: id.uid, Gid: id.gid}
	}
	return a
}
