package pectest

// Simulated tells whether the network's clock is the simulated one, which
// moves by Settle and Advance only.
func (n *Network) Simulated() bool { return n.opt.Clock == nil }

// Wake tells Run, and all who wait for Changed, to look again: for instance
// after the clock of the options was moved.
func (n *Network) Wake() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.notify()
}

// FaultState is a fault and how often it struck so far.
type FaultState struct {
	Fault
	Struck int
}

// Faults returns the faults of now, in the order they were added.
func (n *Network) Faults() []FaultState {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []FaultState
	for _, f := range n.faults {
		struck := max(f.met-f.Skip, 0)
		if f.Times > 0 {
			struck = min(struck, f.Times)
		}
		all = append(all, FaultState{f.Fault, struck})
	}
	return all
}
