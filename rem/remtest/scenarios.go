package remtest

import (
	"fmt"
	"time"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/rem/evidence"
)

// Scenarios are ready-made scenarios, to try a program against: every flow of
// the REM baseline, of Store & Notify, of the extended model and of the
// Italian profile, with what is attested in each. A copy may be changed.
func Scenarios() []Scenario {
	var all []Scenario
	for _, group := range [][]Scenario{blackBox(), fourCorner(), silence(), ordinaryMail(), asking(), extended(), hostile()} {
		all = append(all, group...)
	}
	return all
}

// The cast of the scenarios.
const (
	anna, annaAlfa2        = "anna@alfa.example", "bruno@alfa.example"
	bruno, carla, annaBeta = "bruno@beta.example", "carla@beta.example", "anna@beta.example"
	gammaCarla             = "carla@gamma.example"
	ditta                  = "ditta@mail.test"
	stranger               = "nessuno@beta.example"

	hour = time.Hour
)

func to(addresses ...string) []Sending { return []Sending{{From: anna, To: addresses}} }

// providers are the usual ones, changed.
func providers(change func(alfa, beta, gamma *ProviderConfig)) *NetworkOptions {
	all := DefaultProviders()
	change(&all[0], &all[1], &all[2])
	return &NetworkOptions{Providers: all}
}

func baseline() *NetworkOptions {
	return providers(func(alfa, beta, gamma *ProviderConfig) {
		alfa.Profile, beta.Profile, gamma.Profile = Baseline, Baseline, Baseline
	})
}

func refuse(reason, mailbox string) Fault {
	return Fault{Kind: Refuse, Reason: reason, Mailbox: mailbox}
}

// blackBox: one provider for sender and recipient, and what it refuses.
func blackBox() []Scenario {
	all := []Scenario{
		{Name: "T-BB-1 all recipients local", Send: to(annaAlfa2, "carla@alfa.example"),
			Facts: []string{"alfa A.1 RA01", "alfa D.1 RD01 1", "alfa D.1 RD01 2"},
			Want:  map[string]string{anna: "A.1/RA01 D.1/RD01 D.1/RD01", annaAlfa2: "dispatch", "carla@alfa.example": "dispatch"}},
		{Name: "T-BB-2 unknown recipient", Send: to("nessuno@alfa.example"),
			Facts: []string{"alfa A.1 RA01", "alfa D.2 RD21 1"},
			Want:  map[string]string{anna: "A.1/RA01 D.2/RD21"}},
		{Name: "T-SR-1 wrong form", Send: []Sending{{From: anna, To: []string{bruno}, Raw: mailOf("carla@alfa.example", bruno, "di un altro")}},
			Facts: []string{"alfa A.2 RA02"}, Want: map[string]string{anna: "A.2/RA02", bruno: ""}},
		{Name: "T-SR-2 malware", Send: []Sending{{From: anna, To: []string{bruno}, Raw: mailOf(anna, bruno, string(EICARFile()))}},
			Facts: []string{"alfa A.2 RA03"}, Want: map[string]string{anna: "A.2/RA03", bruno: ""}},
		{Name: "T-SR-3 policy", Send: []Sending{{From: anna, To: []string{bruno}, Attachments: []pec.File{pec.FileBytes("a.bin", "", make([]byte, 9000))}}},
			Network: providers(func(alfa, _, _ *ProviderConfig) { alfa.MaxSize = 5000 }),
			Facts:   []string{"alfa A.2 RA05"}, Want: map[string]string{anna: "A.2/RA05", bruno: ""}},
		{Name: "T-SR-4 malfunction", Send: to(bruno), Faults: []Fault{refuse("RA51", anna)},
			Facts: []string{"alfa A.2 RA51"}, Want: map[string]string{anna: "A.2/RA51", bruno: ""}},
		{Name: "submission refused for the sender's certificate", Send: to(bruno), Faults: []Fault{refuse("RA04", anna)},
			Facts: []string{"alfa A.2 RA04"}, Want: map[string]string{anna: "A.2/RA04", bruno: ""}},
	}
	return all
}

// fourCorner: two or three providers (ETSI scenarios S1 to S7).
func fourCorner() []Scenario {
	all := []Scenario{
		{Name: "T-4C-1 two providers and ordinary mail", Network: baseline(), Send: to(bruno, carla, gammaCarla, ditta),
			Facts: []string{"alfa A.1 RA01", "beta B.1 RB01 1,2", "gamma B.1 RB01 3", "beta D.1 RD01 1", "beta D.1 RD01 2", "gamma D.1 RD01 3"},
			Want: map[string]string{anna: "A.1/RA01 D.1/RD01 D.1/RD01 D.1/RD01", bruno: "dispatch", carla: "dispatch", gammaCarla: "dispatch", ditta: "dispatch",
				"rem-service@rem-alfa.example": "B.1/RB01 B.1/RB01"}},
	}
	for i, code := range []string{"RB02", "RB03", "RB04", "RB05", "RB06"} {
		all = append(all, Scenario{Name: fmt.Sprintf("T-4C-%d relay rejected %s", 2+i, code), Send: to(bruno, carla),
			Faults: []Fault{{Kind: Refuse, Reason: code, Provider: "beta.example"}},
			Facts:  []string{"alfa A.1 RA01", "beta B.2 " + code + " 1,2", "alfa B.3 " + code + " 1,2"},
			Want:   map[string]string{anna: "A.1/RA01 B.3/" + code, bruno: "", carla: "", "rem-service@rem-alfa.example": "B.2/" + code}})
	}
	for i, code := range []string{"RB07", "RB08", "RB09", "RB10"} {
		s := Scenario{Name: fmt.Sprintf("T-4C-%d relay impossible %s", 7+i, code), Send: to(bruno, carla, gammaCarla), For: 30 * hour,
			Faults: []Fault{{Kind: Refuse, Reason: code, Provider: "beta.example"}},
			Facts:  []string{"alfa A.1 RA01", "gamma B.1 RB01 3", "gamma D.1 RD01 3", "alfa B.3 " + code + " 1,2"},
			Want:   map[string]string{anna: "A.1/RA01 D.1/RD01 B.3/" + code, bruno: "", carla: "", gammaCarla: "dispatch"}}
		if code == "RB10" { // refused in the dialogue: nothing to wait for
			s.Facts = []string{"alfa A.1 RA01", "alfa B.3 RB10 1,2", "gamma B.1 RB01 3", "gamma D.1 RD01 3"}
			s.Want[anna] = "A.1/RA01 B.3/RB10 D.1/RD01"
		}
		all = append(all, s)
	}
	return append(all,
		Scenario{Name: "T-4C-13 consigned, unregistered after relay, malfunction", Send: to(bruno, carla, gammaCarla),
			Faults: []Fault{refuse("RD21", carla), refuse("RD05", gammaCarla)},
			Facts:  []string{"alfa A.1 RA01", "beta B.1 RB01 1,2", "gamma B.1 RB01 3", "beta D.1 RD01 1", "beta D.2 RD21 2", "gamma D.2 RD05 3"},
			Want:   map[string]string{anna: "A.1/RA01 D.1/RD01 D.2/RD21 D.2/RD05", bruno: "dispatch", carla: "", gammaCarla: ""}},
		Scenario{Name: "T-4C-14 split dispatch, mixed", Network: providers(func(alfa, _, _ *ProviderConfig) { alfa.Split = 2 }),
			Send: to(bruno, stranger, carla, "nemo@beta.example"),
			Facts: []string{"alfa A.1 RA01", "beta B.1 RB01 1", "beta B.2 RB21 2", "beta B.1 RB01 3", "beta B.2 RB21 4",
				"alfa B.3 RB21 2", "beta D.1 RD01 1", "alfa B.3 RB21 4", "beta D.1 RD01 3"},
			Want: map[string]string{anna: "A.1/RA01 B.3/RB21 B.3/RB21 D.1/RD01 D.1/RD01", bruno: "dispatch", carla: "dispatch"}},
		Scenario{Name: "T-4C-15 local and remote recipients, copies", Send: []Sending{{From: anna, To: []string{annaAlfa2, "carla@alfa.example", bruno}, Cc: []string{carla}}},
			Facts: []string{"alfa A.1 RA01", "alfa D.1 RD01 1", "alfa D.1 RD01 2", "beta B.1 RB01 3,4", "beta D.1 RD01 3", "beta D.1 RD01 4"},
			Want: map[string]string{anna: "A.1/RA01 D.1/RD01 D.1/RD01 D.1/RD01 D.1/RD01", annaAlfa2: "dispatch", "carla@alfa.example": "dispatch",
				bruno: "dispatch", carla: "dispatch"}},
		Scenario{Name: "consigned to a delegate", Send: to(bruno), Network: providers(func(_, beta, _ *ProviderConfig) { beta.Delegates = map[string]string{bruno: carla} }),
			Facts: []string{"alfa A.1 RA01", "beta B.1 RB01 1", "beta D.1 RD02 1"}, Want: map[string]string{anna: "A.1/RA01 D.1/RD02", bruno: "", carla: "dispatch"}},
		Scenario{Name: "within reach again after five hours", Send: to(bruno), For: 30 * hour,
			Faults: []Fault{{Kind: Refuse, Reason: "RB09", Provider: "beta.example", Until: 5 * hour}},
			Facts:  []string{"alfa A.1 RA01", "beta B.1 RB01 1", "beta D.1 RD01 1"}, Want: map[string]string{anna: "A.1/RA01 D.1/RD01", bruno: "dispatch"}},
	)
}

// silence: what is attested for want of an answer.
func silence() []Scenario {
	lose := func(e evidence.Event) Fault { return Fault{Kind: Lose, Message: KindReceipt, Event: e} }
	return []Scenario{
		{Name: "T-4C-11 one unregistered, one provider silent, one well", Send: to(bruno, stranger, gammaCarla), For: 30 * hour,
			Faults: []Fault{{Kind: Refuse, Reason: "RB22", Provider: "gamma.example"}},
			Facts:  []string{"alfa A.1 RA01", "beta B.1 RB01 1", "beta B.2 RB21 2", "alfa B.3 RB21 2", "beta D.1 RD01 1", "alfa B.3 RB22 3"},
			Want:   map[string]string{anna: "A.1/RA01 B.3/RB21 D.1/RD01 B.3/RB22", bruno: "dispatch", gammaCarla: ""}},
		{Name: "T-4C-12 no information, quota, type", Send: to(bruno, carla, gammaCarla), For: 30 * hour,
			Faults: []Fault{refuse("RD03", bruno), refuse("RD04", carla), refuse("RD06", gammaCarla)},
			Facts:  []string{"alfa A.1 RA01", "beta B.1 RB01 1,2", "gamma B.1 RB01 3", "beta D.2 RD04 2", "gamma D.2 RD06 3", "alfa D.2 RD03 1"},
			Want:   map[string]string{anna: "A.1/RA01 D.2/RD04 D.2/RD06 D.2/RD03", bruno: "", carla: "", gammaCarla: ""}},
		{Name: "consigned late, after RD03", Send: to(bruno), For: 40 * hour,
			Faults: []Fault{{Kind: Delay, Message: KindReceipt, Event: evidence.ContentConsignment, Times: 1, For: 30 * hour}},
			Facts:  []string{"alfa A.1 RA01", "beta B.1 RB01 1", "beta D.1 RD01 1", "alfa D.2 RD03 1"},
			Want:   map[string]string{anna: "A.1/RA01 D.2/RD03 D.1/RD01", bruno: "dispatch"}},
		{Name: "dispatch lost", Send: to(bruno), For: 30 * hour, Faults: []Fault{{Kind: Lose, Message: KindDispatch}},
			Facts: []string{"alfa A.1 RA01", "alfa B.3 RB22 1"}, Want: map[string]string{anna: "A.1/RA01 B.3/RB22", bruno: ""}},
		{Name: "relay acceptance lost, consigned all the same", Send: to(bruno), For: 30 * hour, Faults: []Fault{lose(evidence.RelayAcceptance)},
			Facts: []string{"alfa A.1 RA01", "beta B.1 RB01 1", "beta D.1 RD01 1"}, Want: map[string]string{anna: "A.1/RA01 D.1/RD01", bruno: "dispatch"}},
		{Name: "consignment evidence lost on its last step", Send: to(bruno), For: 30 * hour,
			Faults: []Fault{{Kind: Lose, Message: KindReceipt, Event: evidence.ContentConsignment, Skip: 1}},
			Facts:  []string{"alfa A.1 RA01", "beta B.1 RB01 1", "beta D.1 RD01 1"}, Want: map[string]string{anna: "A.1/RA01", bruno: "dispatch"}},
		{Name: "dispatch comes twice", Send: to(bruno), Faults: []Fault{{Kind: Duplicate, Message: KindDispatch}},
			Facts: []string{"alfa A.1 RA01", "beta B.1 RB01 1", "beta D.1 RD01 1"}, Want: map[string]string{anna: "A.1/RA01 D.1/RD01", bruno: "dispatch"}},
		{Name: "receipts out of order and twice", Send: to(bruno),
			Faults: []Fault{{Kind: Reorder, Event: evidence.SubmissionAcceptance, Message: KindReceipt}, {Kind: Duplicate, Event: evidence.ContentConsignment, Times: 1}},
			Want:   map[string]string{anna: "D.1/RD01 A.1/RA01 D.1/RD01", bruno: "dispatch"}},
		{Name: "cut behind the final dot", Faults: []Fault{{Kind: CutAfterDot, Times: 1}}, Send: []Sending{{From: anna, To: []string{bruno}, Refused: -1}},
			Want: map[string]string{anna: "A.1/RA01 D.1/RD01", bruno: "dispatch"}},
		{Name: "cut before the final dot", Faults: []Fault{{Kind: CutBeforeDot, Times: 1}}, Send: []Sending{{From: anna, To: []string{bruno}, Refused: -1}},
			Facts: []string{}, Want: map[string]string{anna: "", bruno: ""}},
		{Name: "wrong password", Send: []Sending{{From: anna, To: []string{bruno}, Password: "wrong", Refused: 535}}, Want: map[string]string{anna: "", bruno: ""}},
	}
}

// mailOf is a small message as a mail program writes it.
func mailOf(from, to, body string) []byte {
	return fmt.Appendf(nil, "From: %s\r\nTo: %s\r\nSubject: Comunicazione\r\nDate: Mon, 02 Mar 2026 09:30:00 +0100\r\nMessage-ID: <1@mail.test>\r\n"+
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n", from, to, body)
}
