package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// credentials asks for the password when a connection is made. What the
// password command complains of goes to stderr.
//
// The errors tell neither what was printed nor what stands in the configuration:
// a password may have been put there in the place of a variable's or a
// program's name.
func (c *mailConfig) credentials(ctx context.Context, stderr io.Writer) (user, secret string, err error) {
	if c.PasswordEnv != "" {
		secret, ok := os.LookupEnv(c.PasswordEnv)
		if !ok || secret == "" {
			return "", "", fmt.Errorf(`%s is not set, or empty`, c.variable())
		}
		return c.User, secret, nil
	}
	cmd := exec.CommandContext(ctx, c.PasswordCommand[0], c.PasswordCommand[1:]...)
	cmd.Stderr = stderr
	out, err := cmd.Output()
	if exit, ended := errors.AsType[*exec.ExitError](err); ended {
		return "", "", fmt.Errorf("the password command failed: %s", exit.ProcessState)
	}
	if err != nil {
		return "", "", errors.New("the password command cannot be run: is there such a program?")
	}
	// The line end is the command's; all else is the password, byte for byte.
	out = bytes.TrimSuffix(bytes.TrimSuffix(out, []byte("\n")), []byte("\r"))
	switch {
	case len(out) == 0:
		return "", "", errors.New("the password command prints nothing")
	case bytes.ContainsAny(out, "\r\n"):
		return "", "", errors.New("the password command prints more than one line, want the password alone")
	}
	return c.User, string(out), nil
}

// variable names the environment variable where it is written as variables
// usually are, and passwords are not.
func (c *mailConfig) variable() string {
	if strings.Trim(c.PasswordEnv, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" && strings.Contains(c.PasswordEnv, "_") {
		return "environment variable " + c.PasswordEnv
	}
	return `the environment variable that "password_env" names`
}
