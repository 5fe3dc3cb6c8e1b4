package main

import (
	"crypto/x509"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/trust"
)

const verifyHelp = `usage: certmail verify [--json] [FLAGS] FILE…

Says whether each message, PEC or REM, holds as proof: whether the provider
(gestore) signed exactly these bytes, and who that provider is. "valid" means that
every check held; "invalid", that something was proved wrong; "indeterminate", that
something needed could not be judged with what was given.

  --json                one JSON array on standard output, an object per message
` + trustHelp + `
Nothing is fetched from the network: revocation is judged only with --crl. The
exit code is 0 only if every message is valid.
`

// verified is a message as "certmail verify --json" writes it. Names are the
// contract: they are added to, never changed.
type verified struct {
	File      string    `json:"file"`
	System    string    `json:"system"`
	Kind      string    `json:"kind"`
	Verdict   string    `json:"verdict"`
	Time      string    `json:"time"` // what the certificates were judged at
	TimeBasis string    `json:"time_basis"`
	Signer    *signer   `json:"signer"` // null when there is no readable certificate
	Checks    []check   `json:"checks"`
	Findings  []finding `json:"findings"`
	// Unreadable says why a message could not be read; its kind is "unknown".
	Unreadable string `json:"unreadable,omitempty"`
}

// signer is who signed.
type signer struct {
	Subject string `json:"subject"`
	Issuer  string `json:"issuer"`
	Email   string `json:"email"`
	SHA256  string `json:"sha256"`
	// KeySHA256 is the digest of its public key (SubjectPublicKeyInfo).
	KeySHA256 string `json:"key_sha256"`
	// Provider is the name it is known by: the directory's, else the
	// organisation of the certificate. Source says why it is taken for a
	// provider: directory, issuing-ca, anchor, pin or none.
	Provider string `json:"provider"`
	Source   string `json:"source"`
	// SigningTime is what the signer claims, empty when nothing.
	SigningTime string `json:"signing_time"`
	// Chain is the chain as it was judged, and Now as it would be today.
	Chain chain `json:"chain"`
	Now   chain `json:"now"`
}

// chain is the outcome of building a chain at one time.
type chain struct {
	Status string `json:"status"`
	Time   string `json:"time"`
	// Path are the subjects, from the signer to the trusted one.
	Path   []string `json:"path"`
	Anchor string   `json:"anchor"`
	Detail string   `json:"detail"`
}

type check struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Detail string `json:"detail"`
}

func (a *app) verify(args []string) error {
	f := newFlags("verify", verifyHelp)
	var believe trustFlags
	believe.register(f)
	files, err := f.read(args)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return usagef("verify: a file is missing; see certmail verify --help")
	}
	verifiers, err := believe.judges(a, a.now)
	if err != nil {
		return err
	}
	out := &jsonArray{w: a.stdout}
	good, total := true, tally{}
	err = a.messages(files, func(in *input) error {
		report, err := verifiers.judge(in)
		if err != nil {
			in.err = err
		}
		good = good && err == nil && report.verdict == trust.Valid
		total.count(report)
		in.before()
		switch {
		case f.json:
			return out.add(verifyMessage(in, report))
		case in.err != nil:
			a.complain(unreadable(in))
		default:
			a.verifyText(in, report)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !f.json {
		a.verifyTotal(total)
	}
	return out.end(f.json, good)
}

func verifyMessage(in *input, j *judgement) *verified {
	if in.err != nil {
		why := in.err.Error()
		return &verified{
			File: in.name, System: string(pec.SystemMail), Kind: string(pec.KindUnknown), Verdict: string(trust.Indeterminate),
			TimeBasis: string(pec.TimeNow), Checks: []check{}, Findings: []finding{{"unreadable", why}}, Unreadable: why,
		}
	}
	v := &verified{
		File: in.name, System: j.system, Kind: j.kind, Verdict: string(j.verdict),
		Time: stamp(j.time), TimeBasis: j.basis, Signer: signerOf(j),
		Checks: []check{}, Findings: j.findings,
	}
	for _, c := range j.checks {
		v.Checks = append(v.Checks, check{c.Name, string(c.Status), c.Detail})
	}
	return v
}

func signerOf(j *judgement) *signer {
	if j.signer == nil || j.signer.Certificate == nil {
		return nil
	}
	c := j.signer.Certificate
	s := &signer{
		Subject: c.Subject.String(), Issuer: c.Issuer.String(), SHA256: j.signer.SHA256, KeySHA256: j.signer.KeySHA256,
		Provider: j.signer.Provider, Source: string(j.signer.Source), Chain: chainOf(j.signer.AtEvent), Now: chainOf(j.signer.Now),
	}
	if len(j.signer.Emails) > 0 {
		s.Email = j.signer.Emails[0]
	}
	if j.signature != nil && len(j.signature.Signers) == 1 {
		s.SigningTime = stamp(j.signature.Signers[0].SigningTime)
	}
	return s
}

func chainOf(p trust.PathResult) chain {
	c := chain{Status: string(p.Status), Time: stamp(p.Time), Path: []string{}, Anchor: p.Anchor, Detail: p.Detail}
	if c.Status == "" {
		c.Status = string(trust.Skipped)
	}
	for _, cert := range p.Path {
		c.Path = append(c.Path, subjectOf(cert))
	}
	return c
}

func subjectOf(c *x509.Certificate) string { return c.Subject.String() }
