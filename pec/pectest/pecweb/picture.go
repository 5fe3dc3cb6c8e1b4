package pecweb

import (
	"fmt"
	"time"

	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/pec/pectest"
)

// maxDrawn is how many steps the picture shows; the table has all.
const maxDrawn = 200

// picture is a journey as lanes, one for each point, and arrows from lane to
// lane, time running down.
type picture struct {
	Width, Height, Top int
	Sideways           bool // lane names
	Groups             []laneGroup
	Lanes              []lane
	Arrows             []arrow
}

type laneGroup struct {
	X, Width, Middle, Clip int
	Name                   string
	Odd                    bool
}

type lane struct {
	X    int
	Name string
	key  laneKey
}

// laneKey is a point of a provider; the sender's program and the way between
// providers are lanes too.
type laneKey struct {
	point    pectest.Point
	provider string
}

const atSender pectest.Point = "sender"

type arrow struct {
	Y, TextX, TextY, ClipY, ClipWidth int
	From, To                          int // middles of lanes; the same for what happens in place
	Head                              string
	Issued, Failed                    bool
	Time, Text, Full                  string
}

// format is how a picture is laid out.
type format struct {
	width, text int // text is the width of a column for it, 0 for text above the arrows
	row, top    int
	letter      int // width of a letter in tenths
}

var (
	wide   = format{width: 1120, text: 440, row: 30, top: 56, letter: 66}
	narrow = format{width: 340, row: 46, top: 96, letter: 60}
)

// draw lays a journey out.
func draw(j *pectest.Journey, providers []*pectest.Provider, f *format) *picture {
	steps := j.Steps[:min(len(j.Steps), maxDrawn)]
	p := &picture{Width: f.width, Top: f.top, Sideways: f.text == 0}
	p.lanes(steps, providers, f)
	y := f.top + 6
	for i := range steps {
		p.Arrows = append(p.Arrows, p.arrow(j, steps, i, y, f))
		y += f.row
	}
	p.Height = y + 8
	return p
}

// lanes makes those that the steps use, provider by provider.
func (p *picture) lanes(steps []pectest.Step, providers []*pectest.Provider, f *format) {
	used := map[laneKey]bool{}
	for i := range steps {
		used[keyOf(&steps[i])] = true
	}
	type group struct {
		name string
		keys []laneKey
	}
	groups := []group{{"Client", []laneKey{{point: atSender}}}}
	if used[laneKey{point: pectest.OnTheWay}] {
		groups = append(groups, group{"Between", []laneKey{{point: pectest.OnTheWay}}})
	}
	for _, provider := range providers {
		g := group{name: provider.Identity.Name}
		for _, point := range []pectest.Point{pectest.AtAccess, pectest.AtIncoming, pectest.AtDelivery} {
			if k := (laneKey{point, provider.Identity.Name}); used[k] {
				g.keys = append(g.keys, k)
			}
		}
		if len(g.keys) > 0 {
			groups = append(groups, g)
		}
	}
	if used[laneKey{point: pectest.AtOutside}] {
		groups = append(groups, group{"Outside", []laneKey{{point: pectest.AtOutside}}})
	}
	n := 0
	for _, g := range groups {
		n += len(g.keys)
	}
	each := min((f.width-f.text)/max(n, 1), 110)
	x := f.text
	for i, g := range groups {
		w := each * len(g.keys)
		name := plain(g.name)
		p.Groups = append(p.Groups, laneGroup{X: x, Width: w, Middle: x + w/2, Clip: w - 4, Name: short(name, (w-4)*10/f.letter), Odd: i%2 == 1})
		for _, k := range g.keys {
			p.Lanes = append(p.Lanes, lane{X: x + each/2, Name: string(k.point), key: k})
			x += each
		}
	}
}

func keyOf(s *pectest.Step) laneKey {
	if s.Point == pectest.OnTheWay || s.Point == pectest.AtOutside {
		return laneKey{point: s.Point}
	}
	return laneKey{s.Point, s.Provider}
}

// middle is where a lane stands, -1 for one that is not there.
func (p *picture) middle(k laneKey) int {
	for _, l := range p.Lanes {
		if l.key == k {
			return l.X
		}
	}
	return -1
}

func (p *picture) arrow(j *pectest.Journey, steps []pectest.Step, i, y int, f *format) arrow {
	s := &steps[i]
	a := arrow{Failed: s.Failed, Issued: s.Issued != "", Time: clock(s.Time, j.Start)}
	a.To = p.middle(keyOf(s))
	if a.To < 0 { // a provider that is not of this network
		a.To = p.middle(laneKey{point: atSender})
	}
	a.From = a.To
	if from, ok := origin(steps, i); ok {
		if x := p.middle(from); x >= 0 {
			a.From = x
		}
	}
	text := what(s)
	if k := carried(s); s.Kind == "" && k != "" {
		text = kindName(k) + " comes in, " + text
	}
	text = plain(text)
	a.Full = stamp(s.Time).Clock + " " + text + ", " + plain(placeName(s)) + ": " + plain(s.Detail)
	if s.Failed {
		text = "✗ " + plain(s.Detail) + ": " + text
	}
	letters := f.text
	if letters == 0 {
		letters = f.width
		a.ClipY, a.TextY, a.Y = y, y+13, y+28
	} else {
		a.ClipY, a.TextY, a.Y = y, y+19, y+15
	}
	a.ClipWidth = letters - 6
	a.Text = short(text, a.ClipWidth*10/f.letter-len(a.Time)-2)
	switch tip := 9; {
	case a.From < a.To:
		a.Head = fmt.Sprintf("%d,%d %d,%d %d,%d", a.To, a.Y, a.To-tip, a.Y-5, a.To-tip, a.Y+5)
	case a.From > a.To:
		a.Head = fmt.Sprintf("%d,%d %d,%d %d,%d", a.To, a.Y, a.To+tip, a.Y-5, a.To+tip, a.Y+5)
	}
	return a
}

// origin is the lane that what a step saw come from.
func origin(steps []pectest.Step, i int) (laneKey, bool) {
	s := &steps[i]
	k := carried(s)
	if i == 0 && (s.Point == pectest.AtAccess || s.Point == pectest.AtIncoming) {
		return laneKey{point: atSender}, true
	}
	if k == "" {
		return laneKey{}, false
	}
	if s.Point == pectest.AtDelivery {
		if in := (laneKey{pectest.AtIncoming, s.Provider}); seen(steps[:i], in) {
			return in, true
		}
	}
	best := -1
	for at := range i {
		if steps[at].Issued != k {
			continue
		}
		if best < 0 || steps[at].Recipient == s.Recipient || steps[best].Recipient != s.Recipient {
			best = at
		}
	}
	if best >= 0 {
		return keyOf(&steps[best]), true
	}
	return laneKey{}, k == pec.KindOrdinary
}

func seen(steps []pectest.Step, k laneKey) bool {
	for i := range steps {
		if keyOf(&steps[i]) == k {
			return true
		}
	}
	return false
}

// clock is the time of a step, with the day when it is another one.
func clock(t, start time.Time) string {
	t, start = pectest.LegalTime(t), pectest.LegalTime(start)
	if t.YearDay() != start.YearDay() || t.Year() != start.Year() {
		return t.Format("2 Jan 15:04:05")
	}
	return t.Format("15:04:05")
}

// short cuts a text to a number of letters.
func short(s string, letters int) string {
	if r := []rune(s); len(r) > letters {
		return string(r[:max(letters-1, 0)]) + "…"
	}
	return s
}
