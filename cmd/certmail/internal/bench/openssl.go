package bench

import (
	"bytes"
	"context"
	_ "embed" // the C yardstick
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

//go:embed yardstick/openssl.c
var yardstickSource []byte

// openssl is the two ways in which OpenSSL is a yardstick: its library, in a C
// program compiled on the spot, and its command.
type openssl struct {
	ctx       context.Context
	ca        string
	yardstick string // the compiled program
	noLibrary string // why there is none
	command   string
	noCommand string // why there is none
	version   string // of the library
}

func findOpenSSL(ctx context.Context, dir, ca string) *openssl {
	o := &openssl{ctx: ctx, ca: ca}
	var err error
	if o.command, err = exec.LookPath("openssl"); err != nil {
		o.noCommand = "the command openssl is not installed"
	}
	if o.yardstick, err = compile(ctx, dir); err != nil {
		o.noLibrary = err.Error()
	}
	return o
}

// noHeader is how compilers complain of a header that is not there.
var noHeader = regexp.MustCompile(`(?m)^.*(\bopenssl/\w+\.h.*(No such file|not found)|no include path.*openssl/)`)

func compile(ctx context.Context, dir string) (string, error) {
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	command := strings.Fields(cc)
	if _, err := exec.LookPath(command[0]); err != nil {
		return "", errors.New("there is no C compiler")
	}
	source, program := filepath.Join(dir, "openssl.c"), filepath.Join(dir, "openssl-yardstick")
	if err := os.WriteFile(source, yardstickSource, 0o600); err != nil {
		return "", err
	}
	args := append(command[1:], "-O2", "-o", program, source, "-lcrypto")
	out, err := exec.CommandContext(ctx, command[0], args...).CombinedOutput()
	switch {
	case err == nil:
		return program, nil
	case noHeader.Match(out):
		return "", errors.New("OpenSSL's headers are not installed")
	}
	return "", fmt.Errorf("the C yardstick does not compile: %s", firstLine(out, err))
}

// contestant is "raw" or "full" over the message in a file.
func (o *openssl) contestant(name, how, message string) contestant {
	if o.noLibrary != "" {
		return absent(name, o.noLibrary)
	}
	return contestant{name: name, turn: func(d time.Duration) (float64, error) {
		out, err := capture(exec.CommandContext(o.ctx, o.yardstick, how, strconv.FormatInt(d.Milliseconds(), 10), o.ca, message))
		if err != nil {
			return 0, err
		}
		rate, version, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
		o.version = version
		return strconv.ParseFloat(rate, 64)
	}}
}

// digest is "openssl dgst -sha256" of a file.
func (o *openssl) digest(file string) error {
	_, err := capture(exec.CommandContext(o.ctx, o.command, "dgst", "-sha256", file))
	return err
}

// verify is "openssl cms -verify" of a file.
func (o *openssl) verify(file string) error {
	_, err := capture(exec.CommandContext(o.ctx, o.command, "cms", "-verify", "-in", file, "-CAfile", o.ca, "-out", os.DevNull))
	return err
}

// capture runs a program and gives what it printed; an error quotes its complaint.
func capture(cmd *exec.Cmd) ([]byte, error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %s", filepath.Base(cmd.Path), firstLine(stderr.Bytes(), err))
	}
	return out, nil
}

func firstLine(out []byte, err error) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if line == "" {
		return err.Error()
	}
	return line + " (" + err.Error() + ")"
}
