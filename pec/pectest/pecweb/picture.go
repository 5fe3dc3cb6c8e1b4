package pecweb

import (
	"fmt"
	"strings"
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
	X, Width, Middle int
	Name             []label
	Odd              bool
}

// label is a line of a name.
type label struct {
	Y    int
	Text string
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
	Y, ClipY, ClipWidth int
	From, To, End       int // middles of lanes; the same for what happens in place
	Head                string
	Issued, Failed      bool
	Time, Text, Full    string
}

// format is how a picture is laid out.
type format struct {
	width, text int // text is the width of a column for it, 0 for text above the arrows
	row, top    int
	letter      int // width of a letter in tenths
}

var (
	wide   = format{width: 1120, text: 470, row: 30, top: 56, letter: 64}
	narrow = format{width: 340, row: 46, top: 118, letter: 66}
)

// draw lays a journey out.
func draw(j *pectest.Journey, providers []*pectest.Provider, f *format) *picture {
	steps := j.Steps[:min(len(j.Steps), maxDrawn)]
	p := &picture{Width: f.width, Top: f.top, Sideways: f.text == 0}
	p.lanes(steps, providers, f)
	y := f.top + 6
	from := origins(steps)
	for i := range steps {
		p.Arrows = append(p.Arrows, p.arrow(j, &steps[i], from[i], y, f))
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
		p.Groups = append(p.Groups, laneGroup{X: x, Width: w, Middle: x + w/2, Name: labels(g.name, (w-4)*10/f.letter, p.Sideways), Odd: i%2 == 1})
		for _, k := range g.keys {
			p.Lanes = append(p.Lanes, lane{X: x + each/2, Name: string(k.point), key: k})
			x += each
		}
	}
}

// labels writes a name within a number of letters, over several lines where
// there is room for them. Lanes that are too small for one keep only their own.
func labels(name string, letters int, lines bool) []label {
	words := []string{plain(name)}
	if lines {
		words = strings.Fields(words[0])
	}
	if letters < 6 {
		return nil
	}
	var all []label
	for i, w := range words[:min(len(words), 3)] {
		all = append(all, label{16 + 15*i, short(w, letters)})
	}
	return all
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

func (p *picture) arrow(j *pectest.Journey, s *pectest.Step, from laneKey, y int, f *format) arrow {
	a := arrow{Failed: s.Failed, Issued: s.Issued != "", Time: clock(s.Time, j.Start)}
	a.To = p.middle(keyOf(s))
	if a.To < 0 { // a provider that is not of this network
		a.To = p.middle(laneKey{point: atSender})
	}
	if a.From = p.middle(from); a.From < 0 {
		a.From = a.To
	}
	text := what(s)
	if k := carried(s); s.Kind == "" && k != "" && from != (laneKey{}) {
		text = kindName(k) + " comes in; " + text
	}
	text = plain(text)
	a.Full = stamp(s.Time).Clock + " " + text + ", " + plain(placeName(s)) + ": " + plain(s.Detail)
	if s.Failed {
		text = "✗ " + plain(s.Detail) + ": " + text
	}
	letters := f.text
	if letters == 0 {
		letters = f.width
		a.ClipY, a.Y = y, y+28
	} else {
		a.ClipY, a.Y = y, y+9
	}
	a.ClipWidth = letters - 6
	a.Text = short(text, a.ClipWidth*10/f.letter-len(a.Time)-2)
	const tip, sheet = 9, 7
	switch {
	case a.From < a.To:
		if a.End = a.To; a.Issued {
			a.End -= sheet
		}
		a.Head = fmt.Sprintf("%d,%d %d,%d %d,%d", a.End, a.Y, a.End-tip, a.Y-5, a.End-tip, a.Y+5)
	case a.From > a.To:
		if a.End = a.To; a.Issued {
			a.End += sheet
		}
		a.Head = fmt.Sprintf("%d,%d %d,%d %d,%d", a.End, a.Y, a.End+tip, a.Y-5, a.End+tip, a.Y+5)
	}
	return a
}

// origins are the lanes that what the steps saw came from; the zero lane for
// what came from nowhere.
func origins(steps []pectest.Step) []laneKey {
	from := make([]laneKey, len(steps))
	arrived := map[int]bool{} // receipts that came in: each does once
	for i := range steps {
		s := &steps[i]
		k := carried(s)
		if i == 0 && (s.Point == pectest.AtAccess || s.Point == pectest.AtIncoming) {
			from[i] = laneKey{point: atSender}
			continue
		}
		if in := (laneKey{pectest.AtIncoming, s.Provider}); s.Point == pectest.AtDelivery && k != "" && seen(steps[:i], in) {
			from[i] = in
			continue
		}
		if i > 0 && s.Kind == "" && steps[i-1].Kind == k && keyOf(&steps[i-1]) == keyOf(s) {
			continue // the step before said already that it came
		}
		written := -1
		for at := range i {
			if w := &steps[at]; k != "" && w.Issued == k && (written < 0 || arrived[written] || w.Recipient == s.Recipient && steps[written].Recipient != s.Recipient) {
				written = at
			}
		}
		if written < 0 {
			continue
		}
		from[i] = keyOf(&steps[written])
		arrived[written] = s.Point == pectest.AtIncoming && k != pec.KindTransport
	}
	return from
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
