package remtest

import (
	"fmt"
	"time"
)

// ordinaryMail: in and out of REM (AgID inflow and outflow).
func ordinaryMail() []Scenario {
	in := []Sending{{From: ditta, To: []string{bruno}, Outside: true, Raw: mailOf(ditta, bruno, "ciao")}}
	refused := []Sending{{From: ditta, To: []string{bruno}, Outside: true, Raw: mailOf(ditta, bruno, "ciao"), Refused: 554}}
	return []Scenario{
		{Name: "T-IN-1 inflow", Send: in, Facts: []string{"beta F.3 RF04"}, Want: map[string]string{bruno: "dispatch"}},
		{Name: "inflow refused", Network: providers(func(_, beta, _ *ProviderConfig) { beta.RefuseOrdinary = true }), Send: refused,
			Facts: []string{}, Want: map[string]string{bruno: ""}},
		{Name: "inflow refused by the baseline", Network: baseline(), Send: refused, Facts: []string{}, Want: map[string]string{bruno: ""}},
		{Name: "malware in inflow", Send: []Sending{{From: ditta, To: []string{bruno}, Outside: true, Raw: mailOf(ditta, bruno, string(EICARFile()))}},
			Facts: []string{}, Want: map[string]string{bruno: ""}},
		{Name: "T-OUT-1 outflow", Send: to(ditta), Facts: []string{"alfa A.1 RA01", "alfa F.1 RF01 1"}, Want: map[string]string{anna: "A.1/RA01 F.1/RF01", ditta: "dispatch"}},
		{Name: "T-OUT-2 outflow, unreachable", Send: to(ditta), Faults: []Fault{refuse("RF02", ditta)}, For: 30 * hour,
			Facts: []string{"alfa A.1 RA01", "alfa F.2 RF02 1"}, Want: map[string]string{anna: "A.1/RA01 F.2/RF02"}},
		{Name: "T-OUT-3 outflow, refused", Send: to(ditta), Faults: []Fault{refuse("RF03", ditta)},
			Facts: []string{"alfa A.1 RA01", "alfa F.2 RF03 1"}, Want: map[string]string{anna: "A.1/RA01 F.2/RF03"}},
		{Name: "T-OUT-4 outflow, not allowed", Send: to(ditta), Network: providers(func(alfa, _, _ *ProviderConfig) { alfa.KeepInside = true }),
			Facts: []string{"alfa A.1 RA01", "alfa F.2 RF51 1"}, Want: map[string]string{anna: "A.1/RA01 F.2/RF51"}},
	}
}

// asking: Store & Notify, by the sender's provider or the recipient's.
func asking() []Scenario {
	const day = 24 * hour
	withAnswer := func(change func(alfa, beta, gamma *ProviderConfig), a ...Answer) *NetworkOptions {
		o := providers(change)
		o.Answers = a
		return o
	}
	reminded := func(o *NetworkOptions) *NetworkOptions {
		o.Policy.RemindAfter = 2 * day
		return o
	}
	accept := Answer{Mailbox: bruno, Reply: Accept, After: hour, Fetch: hour}
	sn := func(alfa, beta, _ *ProviderConfig) { alfa.Style, beta.Handover = StoreAndNotify, true }
	sf := func(_, beta, _ *ProviderConfig) { beta.Style, beta.Handover = StoreAndNotify, true }
	asked := func(before ...string) []string {
		return append([]string{"alfa A.1 RA01", "beta B.1 RB01 1"}, before...)
	}
	all := []Scenario{
		{Name: "T-SN-1 the sender's provider asks: accepted", Network: withAnswer(sn, accept), Send: to(bruno), For: 3 * hour,
			Facts: asked("beta C.1 RC01 1", "alfa C.3 RC07 1", "beta B.1 RB01 1", "beta D.1 RD01 1", "beta E.1 RE01 1"),
			Want:  map[string]string{anna: "A.1/RA01 C.1/RC01 C.3/RC07 D.1/RD01 E.1/RE01", bruno: "notification dispatch"}},
		{Name: "T-SN-2 rejected", Network: withAnswer(sn, Answer{Mailbox: bruno, Reply: Reject, After: hour}), Send: to(bruno), For: 3 * hour,
			Facts: asked("beta C.1 RC01 1", "alfa C.4 RC08 1"), Want: map[string]string{anna: "A.1/RA01 C.1/RC01 C.4/RC08", bruno: "notification"}},
		{Name: "T-SN-3 never answered", Network: withAnswer(sn), Send: to(bruno), For: 6 * day,
			Facts: asked("beta C.1 RC01 1", "alfa C.5 RC09 1"), Want: map[string]string{anna: "A.1/RA01 C.1/RC01 C.5/RC09", bruno: "notification"}},
	}
	for _, code := range []string{"RD04", "RD05", "RD06"} {
		all = append(all, Scenario{Name: "T-SN-4 accepted and not consigned " + code, Network: withAnswer(sn, accept), Send: to(bruno), For: 3 * hour,
			Faults: []Fault{refuse(code, bruno)},
			Facts:  asked("beta C.1 RC01 1", "alfa C.3 RC07 1", "beta B.1 RB01 1", "beta D.2 "+code+" 1"),
			Want:   map[string]string{anna: "A.1/RA01 C.1/RC01 C.3/RC07 D.2/" + code, bruno: "notification"}})
	}
	return append(all,
		Scenario{Name: "T-SN-5 accepted and never fetched RE04", Network: withAnswer(sn, Answer{Mailbox: bruno, Reply: Accept, After: hour}), Send: to(bruno), For: 40 * day,
			Facts: asked("beta C.1 RC01 1", "alfa C.3 RC07 1", "beta B.1 RB01 1", "beta D.1 RD01 1", "beta E.2 RE04 1"),
			Want:  map[string]string{anna: "A.1/RA01 C.1/RC01 C.3/RC07 D.1/RD01 E.2/RE04", bruno: "notification dispatch"}},
		Scenario{Name: "T-SN-5 accepted and not handed over RE03", Network: withAnswer(sn, accept), Send: to(bruno), For: 3 * hour, Faults: []Fault{refuse("RE03", bruno)},
			Facts: asked("beta C.1 RC01 1", "alfa C.3 RC07 1", "beta B.1 RB01 1", "beta D.1 RD01 1", "beta E.2 RE03 1"),
			Want:  map[string]string{anna: "A.1/RA01 C.1/RC01 C.3/RC07 D.1/RD01 E.2/RE03", bruno: "notification dispatch"}},
		Scenario{Name: "T-SF-SN the recipient's provider asks: accepted", Network: withAnswer(sf, accept), Send: to(bruno), For: 3 * hour,
			Facts: asked("beta C.1 RC01 1", "beta C.3 RC07 1", "beta D.1 RD01 1", "beta E.1 RE01 1"),
			Want:  map[string]string{anna: "A.1/RA01 C.1/RC01 C.3/RC07 D.1/RD01 E.1/RE01", bruno: "notification dispatch"}},
		Scenario{Name: "T-SF-SN rejected", Network: withAnswer(sf, Answer{Mailbox: bruno, Reply: Reject, After: hour}), Send: to(bruno), For: 3 * hour,
			Facts: asked("beta C.1 RC01 1", "beta C.4 RC08 1"), Want: map[string]string{anna: "A.1/RA01 C.1/RC01 C.4/RC08", bruno: "notification"}},
		Scenario{Name: "T-SF-SN never answered", Network: withAnswer(sf), Send: to(bruno), For: 6 * day,
			Facts: asked("beta C.1 RC01 1", "beta C.5 RC09 1"), Want: map[string]string{anna: "A.1/RA01 C.1/RC01 C.5/RC09", bruno: "notification"}},
		Scenario{Name: "T-SF-SN notified again, and at last", Send: to(bruno), For: 6 * day,
			Network: reminded(withAnswer(sf, Answer{Mailbox: bruno, Reply: Accept, After: 60 * hour})),
			Facts:   asked("beta C.1 RC01 1", "beta C.1 RC02 1", "beta C.3 RC07 1", "beta D.1 RD01 1"),
			Want:    map[string]string{anna: "A.1/RA01 C.1/RC01 C.1/RC02 C.3/RC07 D.1/RD01", bruno: "notification notification dispatch"}},
		Scenario{Name: "T-SF-SN notification fails RC03", Network: withAnswer(sf), Send: to(bruno), For: 6 * day, Faults: []Fault{refuse("RC03", bruno)},
			Facts: asked("beta C.2 RC03 1", "beta C.5 RC09 1"), Want: map[string]string{anna: "A.1/RA01 C.2/RC03 C.5/RC09", bruno: ""}},
		Scenario{Name: "T-SF-SN notification fails again and again RC05", Network: withAnswer(sf), Send: to(bruno), For: 6 * day, Faults: []Fault{refuse("RC05", bruno)},
			Facts: asked("beta C.2 RC05 1", "beta C.5 RC09 1"), Want: map[string]string{anna: "A.1/RA01 C.2/RC05 C.5/RC09", bruno: ""}},
		Scenario{Name: "T-SF-SN reminder fails RC04", Send: to(bruno), For: 6 * day, Network: reminded(withAnswer(sf)),
			Faults: []Fault{{Kind: Refuse, Reason: "RC04", Mailbox: bruno, From: day}},
			Facts:  asked("beta C.1 RC01 1", "beta C.2 RC04 1", "beta C.2 RC04 1", "beta C.5 RC09 1"),
			Want:   map[string]string{anna: "A.1/RA01 C.1/RC01 C.2/RC04 C.2/RC04 C.5/RC09", bruno: "notification"}},
		Scenario{Name: "T-SF-SN reminder fails again and again RC06", Send: to(bruno), For: 4 * day, Network: reminded(withAnswer(sf, Answer{Mailbox: bruno, Reply: Accept, After: 3 * day})),
			Faults: []Fault{{Kind: Refuse, Reason: "RC06", Mailbox: bruno, From: day}},
			Facts:  asked("beta C.1 RC01 1", "beta C.2 RC06 1", "beta C.3 RC07 1", "beta D.1 RD01 1"),
			Want:   map[string]string{anna: "A.1/RA01 C.1/RC01 C.2/RC06 C.3/RC07 D.1/RD01", bruno: "notification dispatch"}},
		Scenario{Name: "fetched by a delegate", Send: to(bruno), For: 3 * hour, Network: withAnswer(func(_, beta, _ *ProviderConfig) {
			beta.Handover, beta.Delegates = true, map[string]string{bruno: carla}
		}, accept),
			Facts: asked("beta D.1 RD02 1", "beta E.1 RE02 1"), Want: map[string]string{anna: "A.1/RA01 D.1/RD02 E.1/RE02", bruno: "", carla: "dispatch"}},
		Scenario{Name: "one provider asks its own user", Network: withAnswer(sn, Answer{Mailbox: annaAlfa2, Reply: Accept, After: hour}), Send: to(annaAlfa2), For: 3 * hour,
			Facts: []string{"alfa A.1 RA01", "alfa C.1 RC01 1", "alfa C.3 RC07 1", "alfa D.1 RD01 1"},
			Want:  map[string]string{anna: "A.1/RA01 C.1/RC01 C.3/RC07 D.1/RD01", annaAlfa2: "notification dispatch"}},
	)
}

// extended: gamma is the intermediate provider on the way to beta.
func extended() []Scenario {
	via := func() *NetworkOptions {
		return providers(func(_, beta, _ *ProviderConfig) { beta.Via = "gamma.example" })
	}
	const s, i = "rem-service@rem-alfa.example", "rem-service@rem-gamma.example"
	return []Scenario{
		{Name: "T-EXT-1 by an intermediate provider", Network: via(), Send: to(bruno, carla),
			Facts: []string{"alfa A.1 RA01", "gamma B.1 RB01 1,2", "beta B.1 RB01 1,2", "beta D.1 RD01 1", "beta D.1 RD01 2"},
			Want:  map[string]string{anna: "A.1/RA01 D.1/RD01 D.1/RD01", bruno: "dispatch", carla: "dispatch", s: "B.1/RB01", i: "B.1/RB01"}},
		{Name: "T-EXT-2 rejected behind it", Network: via(), Send: to(bruno), Faults: []Fault{{Kind: Refuse, Reason: "RB06", Provider: "beta.example"}},
			Facts: []string{"alfa A.1 RA01", "gamma B.1 RB01 1", "beta B.2 RB06 1", "gamma B.3 RB06 1", "alfa B.3 RB06 1"},
			Want:  map[string]string{anna: "A.1/RA01 B.3/RB06", bruno: "", s: "B.1/RB01 B.3/RB06", i: "B.2/RB06"}},
		{Name: "T-EXT-3 silence behind it", Network: via(), Send: to(bruno), For: 30 * hour, Faults: []Fault{{Kind: Refuse, Reason: "RB22", Provider: "beta.example"}},
			Facts: []string{"alfa A.1 RA01", "gamma B.1 RB01 1", "alfa D.2 RD03 1", "gamma B.3 RB22 1"},
			Want:  map[string]string{anna: "A.1/RA01 D.2/RD03", bruno: "", s: "B.1/RB01 B.3/RB22"}},
		{Name: "T-EXT-4 not consigned behind it", Network: via(), Send: to(bruno), Faults: []Fault{refuse("RD04", bruno)},
			Facts: []string{"alfa A.1 RA01", "gamma B.1 RB01 1", "beta B.1 RB01 1", "beta D.2 RD04 1"}, Want: map[string]string{anna: "A.1/RA01 D.2/RD04", bruno: ""}},
		{Name: "T-EXT-5 out of reach behind it", Network: via(), Send: to(bruno), For: 30 * hour, Faults: []Fault{{Kind: Refuse, Reason: "RB09", Provider: "beta.example"}},
			Facts: []string{"alfa A.1 RA01", "gamma B.1 RB01 1", "alfa D.2 RD03 1", "gamma B.3 RB09 1"},
			Want:  map[string]string{anna: "A.1/RA01 D.2/RD03", bruno: "", s: "B.1/RB01 B.3/RB09"}},
	}
}

// hostile: what is spoiled, and whom nobody may trust.
func hostile() []Scenario {
	var all []Scenario
	for _, kind := range []FaultKind{AlterEvidence, AlterOriginal, WrongSigner, ExpiredCertificate, SwapEvidence, WrapSignature} {
		code := "RB04"
		if kind == ExpiredCertificate {
			code = "RB05"
		}
		failed := code
		if kind == SwapEvidence { // the rejection is about a message that nobody sent
			failed = "RB22"
		}
		all = append(all, Scenario{Name: fmt.Sprintf("dispatch spoiled and noticed: %s", kind), Send: to(bruno), For: 25 * hour,
			Faults: []Fault{{Kind: kind, Message: KindDispatch, Checked: true}},
			Facts:  []string{"alfa A.1 RA01", "beta B.2 " + code + " 1", "alfa B.3 " + failed + " 1"}, Want: map[string]string{anna: "A.1/RA01 B.3/" + failed, bruno: ""}})
	}
	for _, kind := range []FaultKind{ServiceWithdrawn, ServiceUnlisted, CSIExpired, CSIUnsigned, CSIWrongValue, WrongTLS} {
		id := "T-NEG-9 "
		if kind == ServiceWithdrawn || kind == ServiceUnlisted {
			id = "T-NEG-8 "
		}
		all = append(all, Scenario{Name: id + "no relay: " + string(kind), Send: to(bruno), For: 25 * time.Hour,
			Faults: []Fault{{Kind: kind, Provider: "beta.example"}},
			Facts:  []string{"alfa A.1 RA01", "alfa B.3 RB08 1"}, Want: map[string]string{anna: "A.1/RA01 B.3/RB08", bruno: ""}})
	}
	return append(all,
		Scenario{Name: "forged receipt noticed by the sender's provider", Send: to(bruno), For: 25 * time.Hour,
			Faults: []Fault{{Kind: WrongSigner, Message: KindReceipt, Provider: "beta.example", Checked: true}},
			Facts:  []string{"alfa A.1 RA01", "beta B.1 RB01 1", "beta D.1 RD01 1", "alfa B.3 RB22 1"}, Want: map[string]string{anna: "A.1/RA01 B.3/RB22", bruno: "dispatch"}},
		Scenario{Name: "forged receipt that nobody noticed", Send: to(bruno),
			Faults: []Fault{{Kind: WrongSigner, Message: KindReceipt, Event: "ContentConsignment"}},
			Want:   map[string]string{anna: "A.1/RA01 D.1/RD01", bruno: "dispatch"}},
	)
}
