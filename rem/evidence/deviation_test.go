package evidence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Each rule beside the tables, alone: what is changed, and what the profiles
// say then, and for which component.
func TestDeviations(t *testing.T) {
	base := func() *Evidence {
		e := contentConsignment()
		e.Recipients[0].Identifier.Value = ufficio
		return e
	}
	require.Empty(t, base().Check(PolicyIT()))
	for name, c := range map[string]struct {
		change    func(*Evidence)
		component string
		it, erds  Severity // of REM-Policy-IT, and of EN 319 522-2
	}{
		"version later":             {func(e *Evidence) { e.Version = "EN319522v1.2.1" }, "G02", Tolerated, Remark},
		"version of another form":   {func(e *Evidence) { e.Version = "EN319522v1.10.1" }, "G02", Violation, Violation},
		"version of something else": {func(e *Evidence) { e.Version = "EN319532v1.1.1" }, "G02", Violation, Violation},

		"id in brackets":       {func(e *Evidence) { e.ID = "<" + e.ID + ">" }, "G01", Tolerated, Remark},
		"id without a domain":  {func(e *Evidence) { e.ID = "E3@" }, "G01", Tolerated, Remark},
		"id without an at":     {func(e *Evidence) { e.MessageID = "D1" }, "M01", Tolerated, Remark},
		"id with two":          {func(e *Evidence) { e.MessageID = "D1@a@b" }, "M01", Tolerated, Remark},
		"RD03 of the R-REMS":   {func(e *Evidence) { failWith(e, "RD03") }, "G04", Remark, Remark},
		"other reason":         {func(e *Evidence) { failWith(e, "RDXX") }, "", Remark, Remark},
		"other of another one": {func(e *Evidence) { failWith(e, "RAXX") }, "G04", Violation, Violation},

		"attribute beside the name": {func(e *Evidence) { e.Issuer.Attributes = append(e.Issuer.Attributes, Attribute{Name: "urn:x"}) }, "R02", Tolerated, Remark},
		"format of the name":        {func(e *Evidence) { e.Issuer.Attributes[0].NameFormat = "" }, "R02", Tolerated, Remark},
		"type of the name":          {func(e *Evidence) { e.Issuer.Attributes[0].Values[0].Type.Space = "urn:x" }, "R02", Violation, Remark},
		"two names":                 {func(e *Evidence) { v := e.Issuer.Attributes[0].Values; e.Issuer.Attributes[0].Values = append(v, v[0]) }, "R02", Violation, Remark},

		"scheme":                {func(e *Evidence) { e.Recipients[1] = User{Identifier: Identifier{"urn:x", archivio}} }, "I06", Violation, Remark},
		"scheme in upper case":  {func(e *Evidence) { e.Recipients[1].Identifier.Scheme = "MAILTO" }, "I06", Tolerated, Remark},
		"prefix of the address": {func(e *Evidence) { e.Recipients[1].Identifier.Value = "mailto:" + archivio }, "I06", Tolerated, Remark},
		"no address":            {func(e *Evidence) { e.Recipients[1] = Mailbox("Archivio") }, "I06", Violation, Remark},
		"address in brackets":   {func(e *Evidence) { e.Recipients[1] = Mailbox("<" + archivio + ">") }, "I06", Violation, Remark},
		"nobody":                {func(e *Evidence) { e.Recipients[1] = User{} }, "I06", Violation, Violation},
		"identity without id":   {func(e *Evidence) { e.Recipients[1].Attributes[0].Name = "urn:x" }, "I05", Violation, Remark},
		"country of no form":    {func(e *Evidence) { e.Sender.Attributes[0].Values[0].Text = PersonIdentifier("it", "IT", anna) }, "I01", Violation, Remark},

		"level high":             {func(e *Evidence) { e.Sender.Assurance.Global.URI = "http://eidas.europa.eu/LoA/high" }, "I10", Violation, Remark},
		"level without a policy": {func(e *Evidence) { e.Sender.Assurance.Global.Policy = "" }, "I10", Tolerated, Remark},
		"level of another one":   {func(e *Evidence) { e.Sender.Assurance.Global.Policy = "https://remid.example/p" }, "I10", Tolerated, Remark},
		"another method":         {func(e *Evidence) { e.Sender.Assurance.Authentication.Method = "https://remid.example/m" }, "I10", Tolerated, Remark},
		"the other form": {func(e *Evidence) {
			e.Sender.Assurance = &Assurance{AuthenticationLevel: &Level{URI: LevelSubstantial}, IdentityProof: &Level{URI: LevelSubstantial}}
		}, "I10", Violation, Remark},
		"authenticated otherwise": {func(e *Evidence) {
			e.Sender.Assurance.Authentication = &Authentication{Other: &Any{XML: []byte("card")}}
		}, "I10", Tolerated, Remark},
		"authenticated later": {func(e *Evidence) {
			e.Sender.Assurance.Authentication.Time = At(submitted.Add(2 * time.Minute))
		}, "I10", Remark, Remark},

		"no id of the client":  {func(e *Evidence) { e.Content.AppLayerIdentifier = "" }, "M02", Remark, Remark},
		"no number of parts":   {func(e *Evidence) { e.Content.ComposingParts = nil }, "M02", Tolerated, Remark},
		"wrong number":         {func(e *Evidence) { e.Content.ComposingParts = number(2) }, "M02", Violation, Remark},
		"digest by SHA-1":      {func(e *Evidence) { e.Content.Parts[0].DigestMethod = "urn:sha1" }, "M02", Violation, Remark},
		"digest too short":     {func(e *Evidence) { e.Content.Parts[0].Digest = []byte{1} }, "M02", Violation, Violation},
		"no digest":            {func(e *Evidence) { e.Content.Parts[0].Digest, e.Content.Parts[0].DigestMethod = nil, "" }, "M02", Violation, Remark},
		"two untrusted, twice": {func(e *Evidence) { e.Extensions[0].General.Untrusted = []int{2, 1, 2} }, "E01", Remark, Remark},
		"one that nobody is":   {func(e *Evidence) { e.Extensions[0].General.Untrusted = []int{1, 3} }, "E01", Violation, Violation},
		"submission's offset":  {func(e *Evidence) { *e.Submitted = Time{submitted, "2026-01-15T10:30:01+01:00"} }, "M03", Tolerated, Remark},
		"four certificates":    {func(e *Evidence) { e.Issuer.Certificates = make([]Certificate, 4) }, "", Violation, Violation},
		"resource of no language": {func(e *Evidence) {
			e.Sender.Assurance.Global.Resources = []Resource{{URI: "https://remid.example"}}
		}, "", Violation, Violation},
	} {
		t.Run(name, func(t *testing.T) {
			e := base()
			c.change(e)
			require.Equal(t, c.it, e.worst(PolicyIT(), ""), e.Check(PolicyIT()))
			require.Equal(t, c.erds, e.worst(GenericERDS(), ""), e.Check(GenericERDS()))
			_, err := e.Marshal(PolicyIT())
			require.Equal(t, c.it > Remark, err != nil)
			require.Equal(t, c.component != "" || c.it > Remark, len(e.Check(PolicyIT())) > 0)
			for _, d := range e.Check(PolicyIT()) {
				if c.component != "" {
					require.Equal(t, c.component, d.Component, d.String())
				}
				require.NotEmpty(t, d.Clause)
			}
		})
	}
	// What REM-Policy-IT would say for another reason too.
	for _, change := range []func(*Assurance){
		func(a *Assurance) { a.Global.Policy = "" },
		func(a *Assurance) { a.Authentication.Method = "" },
		func(a *Assurance) { a.Authentication = nil },
	} {
		e := base()
		change(e.Sender.Assurance)
		require.Len(t, e.Check(Baseline()), map[bool]int{true: 1, false: 2}[e.Sender.Assurance.Authentication != nil && e.Sender.Assurance.Authentication.Method != ""])
		refusedFor(t, Baseline(), e, "I10")
	}
	// What only the generic rules know.
	e := contentConsignment()
	e.Event, e.EventID, e.Reasons = ContentHandover, ContentHandover.URI(), reasonsOf("RE01")
	e.Recipients[0].Assurance = e.Sender.Assurance
	e.RecipientDelegates = []Delegate{{User: User{Assurance: e.Sender.Assurance}, For: []int{1}}}
	refusedFor(t, GenericERDS(), e, "I13")
	e.Recipients[0].Assurance = nil
	require.Empty(t, e.Check(GenericERDS()))
	e.RecipientDelegates[0].For = nil
	refusedFor(t, GenericERDS(), e, "I08")
	e.RecipientDelegates[0].For = []int{3}
	refusedFor(t, GenericERDS(), e, "I08")
}

// failWith makes it evidence of a failure.
func failWith(e *Evidence, code string) {
	e.Event, e.EventID, e.Reasons = ContentConsignmentFailure, ContentConsignmentFailure.URI(), reasonsOf(code)
}
