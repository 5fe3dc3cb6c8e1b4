package remtest

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

// Evidence returns the evidence document with an EvidenceIdentifier, as it was
// issued; nil for none. Do not modify it.
func (n *Network) Evidence(id string) []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.documents[id]
}
