package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/trust"
)

const trustHelp = trustFilesHelp + `  --at TIME             judge the certificates at this time (RFC 3339), not at that
                        of the event
` + trustRestHelp

const trustFilesHelp = `  --ca FILE             certificates (PEM or DER) where a chain may end; repeatable
  --intermediate FILE   certificates that only help to build a chain; repeatable
  --directory FILE      the provider directory (indice dei gestori): LDIF, or signed
                        LDIF (.p7m), whose signer must be trusted itself; repeatable
  --crl FILE            revocation data: a CRL or an OCSP response (PEM or DER);
                        repeatable
`

const trustRestHelp = builtinTrustHelp + `  --refuse-sha1         let a message fail whose digest is SHA-1 (all real PEC up to
                        the end of 2024 has no other)
` + sha1AndListsHelp

const builtinTrustHelp = `  --no-builtin-trust    leave out the key of AgID CA1, under which PEC providers sign
`

const sha1AndListsHelp = `  --allow-sha1-certificates
                        accept certificates signed with SHA-1, as those of the CNIPA
                        and DigitPA authorities up to about 2016
  --tsl FILE            a trusted list (XML, TS 119 612) that you vouch for; its
                        services are believed for what they are listed for: REM
                        services and time-stamping authorities; repeatable
`

// trustFlags say whom to believe.
type trustFlags struct {
	ca, intermediate, directory, tsl, crl list
	at                                    moment
	noBuiltin, refuseSHA1, allowSHA1      bool
}

func (t *trustFlags) register(f *flags) {
	t.registerFiles(f)
	f.Var(&t.at, "at", "")
	f.BoolVar(&t.refuseSHA1, "refuse-sha1", false, "")
}

// registerFiles leaves out what speaks of one judgement alone: what is archived
// is judged at more than one time.
func (t *trustFlags) registerFiles(f *flags) {
	f.Var(&t.ca, "ca", "")
	f.Var(&t.intermediate, "intermediate", "")
	f.Var(&t.directory, "directory", "")
	f.Var(&t.tsl, "tsl", "")
	f.Var(&t.crl, "crl", "")
	f.BoolVar(&t.noBuiltin, "no-builtin-trust", false, "")
	f.BoolVar(&t.allowSHA1, "allow-sha1-certificates", false, "")
}

// verifier reads the files and makes a verifier of them. A file that cannot be
// read, or is not what it is given for, is a mistake in the command.
func (t *trustFlags) verifier(a *app, now func() time.Time) (*pec.Verifier, error) {
	_, store, err := t.italian(a, now)
	if err != nil {
		return nil, err
	}
	return pec.NewVerifier(store, &pec.VerifyOptions{At: t.at.Time, Now: now, RefuseSHA1: t.refuseSHA1}), nil
}

func (t *trustFlags) policy() *trust.Policy { return &trust.Policy{AllowSHA1Certificates: t.allowSHA1} }

// italian is what is believed for PEC.
func (t *trustFlags) italian(a *app, now func() time.Time) (trust.Material, *trust.Store, error) {
	material, err := t.material()
	if err != nil {
		return material, nil, err
	}
	store, err := trust.NewStore(material, t.policy())
	if err != nil {
		return material, nil, usagef("%v", err)
	}
	if len(t.directory) > 0 {
		if material.Directory, err = t.loadDirectories(store, now); err != nil {
			return material, nil, err
		}
		a.warn("--directory", material.Directory.Findings())
		if store, err = trust.NewStore(material, t.policy()); err != nil {
			return material, nil, usagef("%v", err)
		}
	}
	return material, store, nil
}

// material is all of it but the directory, which may itself be judged by it.
func (t *trustFlags) material() (m trust.Material, err error) {
	if !t.noBuiltin {
		m.Keys = []trust.KeyAnchor{trust.AgIDCA1()}
	}
	if m.Anchors, err = loadCertificates("--ca", t.ca); err != nil {
		return m, err
	}
	if m.Intermediates, err = loadCertificates("--intermediate", t.intermediate); err != nil {
		return m, err
	}
	for _, name := range t.crl {
		if err := loadRevocation(name, &m); err != nil {
			return m, err
		}
	}
	return m, nil
}

// warn says on standard error what is odd about a file that is used all the
// same; a directory may have thousands of records.
func (a *app) warn(flag string, found []trust.Finding) {
	const most = 20
	for i, f := range found {
		if i == most {
			a.complain(fmt.Errorf("%s: and %d more", flag, len(found)-most))
			return
		}
		a.complain(fmt.Errorf("%s: %s: %s", flag, f.Code, f.Detail))
	}
}

// maxMaterial bounds a file of certificates, a directory or revocation data.
const maxMaterial = 256 << 20

func readFile(flag, name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, usagef("%s %v", flag, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxMaterial+1))
	switch {
	case err != nil:
		return nil, usagef("%s %v", flag, err)
	case len(data) > maxMaterial:
		return nil, usagef("%s %s: more than %d bytes", flag, name, maxMaterial)
	}
	return data, nil
}

func loadCertificates(flag string, names []string) (all []*x509.Certificate, err error) {
	for _, name := range names {
		data, err := readFile(flag, name)
		if err != nil {
			return nil, err
		}
		list, err := trust.ParseCertificates(data)
		if err == nil && len(list) == 0 {
			err = fmt.Errorf("no certificate in it")
		}
		if err != nil {
			return nil, usagef("%s %s: %v", flag, name, err)
		}
		all = append(all, list...)
	}
	return all, nil
}

// loadRevocation takes every list and response in a file.
func loadRevocation(name string, m *trust.Material) error {
	data, err := readFile("--crl", name)
	if err != nil {
		return err
	}
	blobs := pemBlocks(data)
	if len(blobs) == 0 {
		blobs = [][]byte{data}
	}
	for _, der := range blobs {
		crl := trust.Material{CRLs: [][]byte{der}}
		ocsp := trust.Material{OCSP: [][]byte{der}}
		_, notCRL := trust.NewStore(crl, nil)
		_, notOCSP := trust.NewStore(ocsp, nil)
		switch {
		case notCRL == nil:
			m.CRLs = append(m.CRLs, der)
		case notOCSP == nil:
			m.OCSP = append(m.OCSP, der)
		default:
			return usagef("--crl %s: neither a CRL (%v) nor an OCSP response (%v)", name, notCRL, notOCSP)
		}
	}
	return nil
}

func pemBlocks(data []byte) (blobs [][]byte) {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		blobs = append(blobs, block.Bytes)
	}
	return blobs
}

// loadDirectories reads the directories as one. Signed ones are judged at the
// present, or at the time that was given.
func (t *trustFlags) loadDirectories(s *trust.Store, now func() time.Time) (*trust.Directory, error) {
	at := t.at.Time
	if at.IsZero() {
		at = now()
	}
	var list []*trust.Directory
	for _, name := range t.directory {
		d, err := loadDirectory(name, s, at)
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return trust.MergeDirectories(list...), nil
}

// loadDirectory reads LDIF, or CMS around it, which begins with a SEQUENCE.
func loadDirectory(name string, s *trust.Store, at time.Time) (*trust.Directory, error) {
	data, err := readFile("--directory", name)
	if err != nil {
		return nil, err
	}
	if blobs := pemBlocks(data); len(blobs) == 1 {
		data = blobs[0]
	}
	var d *trust.Directory
	if bytes.HasPrefix(data, []byte{0x30}) {
		d, err = trust.LoadSignedLDIF(bytes.NewReader(data), s, at, nil)
	} else {
		d, err = trust.LoadLDIF(bytes.NewReader(data), nil)
	}
	if err != nil {
		return nil, usagef("--directory %s: %v", name, err)
	}
	return d, nil
}
