package receipt

import "slices"

// people collects the recipients: those that we submitted, else those that the
// best events name. Their types are the provider's word.
func (a *assembler) people() {
	a.set = addressSet{list: a.set.list[:0]}
	a.types = a.types[:0]
	if a.sent != nil && len(a.sent.Recipients) > 0 {
		a.set.list = slices.Grow(a.set.list, len(a.sent.Recipients))
		for i := range a.sent.Recipients {
			a.set.add(a.sent.Recipients[i].Address)
		}
	} else {
		a.peopleOfReceipts()
	}
	a.types = slices.Grow(a.types, len(a.set.list))[:len(a.set.list)]
	clear(a.types)
	for pass := range 2 {
		var last typedList
		for i := range a.matches {
			m := &a.matches[i]
			if m.tier == worthless || (m.Kind == EventAccepted) != (pass == 0) || len(m.Recipients) == 0 {
				continue
			}
			if this := (typedList{&m.Recipients[0], m.tier}); this != last {
				last = this
				a.learnTypes(m)
			}
		}
		if pass == 0 && !slices.ContainsFunc(a.types, func(t typed) bool { return t.tier < proven }) {
			return
		}
	}
}

func (a *assembler) learnTypes(m *match) {
	for _, r := range m.Recipients {
		if i := a.set.find(r.Address); i >= 0 && a.types[i].tier < m.tier {
			a.types[i] = typed{r.Type, m.tier}
		}
	}
}

func (a *assembler) peopleOfReceipts() {
	best := a.best()
	var last *Recipient
	for i := range a.matches {
		m := &a.matches[i]
		if m.tier != best {
			continue
		}
		if len(m.Recipients) > 0 && &m.Recipients[0] != last {
			last = &m.Recipients[0]
			for _, r := range m.Recipients {
				a.set.add(r.Address)
			}
		}
	}
	for i := range a.matches {
		m := &a.matches[i]
		if m.tier == best && m.Recipient != "" && len(m.Recipients) == 0 {
			a.set.add(m.Recipient)
		}
	}
}

// assign finds whom each event concerns. Those that concern nobody here become
// orphans and say nothing about this message any more.
func (a *assembler) assign() {
	a.about = a.about[:0]
	kept := a.matches[:0]
	for i := range a.matches {
		m := &a.matches[i]
		whom, why := a.whom(m)
		if whom == nobody {
			a.orphan(m.record, why)
			continue
		}
		a.about = append(a.about, whom)
		kept = append(kept, *m)
	}
	a.matches = kept
	a.bucket()
}

// milestones finds what the events say about the message as a whole.
func (a *assembler) milestones() {
	clear(a.implied[:])
	clear(a.accepted[:])
	for i := range a.matches {
		m := &a.matches[i]
		switch m.Kind {
		case EventAccepted:
			if a.accepted[m.tier] == nil {
				a.accepted[m.tier] = m
			}
		case EventTakenInCharge, EventDelivered, EventNotDelivered, EventDelayed, EventTimedOut, EventVirusDetected,
			EventRelayRejected, EventNotified, EventUntrusted, EventLeftNetwork, EventNotHandedOver:
			if a.implied[m.tier] == nil {
				a.implied[m.tier] = m
			}
		}
	}
	for t := proven; t >= claimed; t-- {
		if m := a.accepted[t]; m != nil {
			a.msg.Accepted = m.Time
			break
		}
	}
}

func (a *assembler) whom(m *match) (int32, string) {
	switch m.Kind {
	case EventAccepted, EventNotAccepted:
		if len(m.Recipients) == 0 && len(a.set.list) > 0 {
			return everybody, ""
		}
		listed := 0
		for _, r := range m.Recipients {
			if a.set.find(r.Address) >= 0 {
				listed++
			}
		}
		switch {
		case len(m.Recipients) == 0:
			return nobody, whyNobody
		case listed == 0:
			return nobody, whyRecipient
		}
		if listed < len(a.set.list) || listed < len(m.Recipients) {
			a.found(FindingAcceptedOthers, string(m.Kind)+" "+m.name)
		}
		return everybody, ""
	default:
		if m.Recipient == "" {
			return nobody, whyNobody
		}
		if i := a.set.find(m.Recipient); i >= 0 {
			return int32(i), ""
		}
		return nobody, whyRecipient
	}
}

// bucket sorts the numbers of the matches by recipient, keeping their order.
func (a *assembler) bucket() {
	a.starts = slices.Grow(a.starts[:0], len(a.set.list)+2)[:len(a.set.list)+2]
	clear(a.starts)
	for _, whom := range a.about {
		if whom >= 0 {
			a.starts[whom+2]++
		}
	}
	for i := 2; i < len(a.starts); i++ {
		a.starts[i] += a.starts[i-1]
	}
	a.own = slices.Grow(a.own[:0], len(a.about))[:len(a.about)]
	a.wide = a.wide[:0]
	for i, whom := range a.about {
		switch {
		case whom >= 0:
			a.own[a.starts[whom+1]] = int32(i)
			a.starts[whom+1]++
		case whom == everybody:
			a.wide = append(a.wide, int32(i))
		}
	}
}

// concerning calls visit for the matches that concern recipient i, in order.
func (a *assembler) concerning(i int, visit func(*match)) {
	own, wide := a.own[a.starts[i]:a.starts[i+1]], a.wide
	for len(own) > 0 || len(wide) > 0 {
		if len(wide) == 0 || len(own) > 0 && own[0] < wide[0] {
			visit(&a.matches[own[0]])
			own = own[1:]
			continue
		}
		if m := &a.matches[wide[0]]; a.lists(m, i) {
			visit(m)
		}
		wide = wide[1:]
	}
}

// lists reports whether an event about the whole message lists recipient i.
func (a *assembler) lists(m *match, i int) bool {
	if len(m.Recipients) == 0 {
		return true
	}
	if i < len(m.Recipients) && SameAddress(m.Recipients[i].Address, a.set.list[i]) {
		return true
	}
	return slices.ContainsFunc(m.Recipients, func(r Recipient) bool { return SameAddress(r.Address, a.set.list[i]) })
}
