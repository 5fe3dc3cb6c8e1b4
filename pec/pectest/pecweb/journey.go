package pecweb

import (
	"net/http"
	"strconv"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

type journeyView struct {
	Number int
	*pectest.Journey
	State          state
	Wide, Narrow   *picture
	Left           int // steps that the picture leaves out
	Steps          []stepView
	Previous, Next string
}

// stepView is a row of the table of steps.
type stepView struct {
	*pectest.Step
	Where, What string
}

// journey shows what became of one message.
func (s *site) journey(r *http.Request) (*page, error) {
	all := s.net.Journeys()
	n, err := strconv.Atoi(r.URL.Query().Get("number"))
	if err != nil || n < 1 || n > len(all) {
		return nil, errNothing
	}
	j := &all[n-1]
	v := &journeyView{Number: n, Journey: j, State: stateOf(j), Left: max(len(j.Steps)-maxDrawn, 0)}
	providers := s.net.Providers()
	v.Wide, v.Narrow = draw(j, providers, &wide), draw(j, providers, &narrow)
	for i := range j.Steps {
		step := &j.Steps[i]
		v.Steps = append(v.Steps, stepView{step, placeName(step), what(step)})
	}
	if n > 1 {
		v.Previous = link("/journey", "number", strconv.Itoa(n-1))
	}
	if n < len(all) {
		v.Next = link("/journey", "number", strconv.Itoa(n+1))
	}
	title := "Journey " + strconv.Itoa(n) + ": " + j.Subject
	if j.Subject == "" {
		title = "Journey " + strconv.Itoa(n)
	}
	return &page{name: "journey", Title: title, Body: v}, nil
}

func placeName(s *pectest.Step) string {
	switch s.Point {
	case pectest.OnTheWay:
		return "in transit to " + s.Provider
	case pectest.AtOutside:
		return "outside"
	}
	return string(s.Point) + " point of " + s.Provider
}

// what says a step in words.
func what(s *pectest.Step) string {
	text := ""
	switch {
	case s.Issued == "" && s.Kind == "":
		text = "message"
	case s.Issued == "":
		text = kindName(s.Kind)
	case s.Kind == "":
		text = kindName(s.Issued) + " is written"
	default:
		text = kindName(s.Kind) + ", put into the " + kindName(s.Issued)
	}
	if s.Recipient != "" {
		text += ", " + s.Recipient
	}
	return text
}

// carried is the kind of message that a step saw come, "" for none. That an
// envelope came in is seen by the receipt that takes charge of it.
func carried(s *pectest.Step) pec.Kind {
	if s.Kind == "" && s.Issued == pec.KindTakeCharge && s.Point == pectest.AtIncoming {
		return pec.KindTransport
	}
	return s.Kind
}
