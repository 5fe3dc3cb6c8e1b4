package pectest

import "slices"

// Inject brings a message in from outside the circuit, as ordinary mail
// comes: to the incoming points of the providers of its recipients. The error
// is a *SMTPError when it is refused.
func (n *Network) Inject(reversePath string, recipients []string, data []byte) error {
	groups := map[*node][]string{}
	var order []*node
	for _, r := range recipients {
		of := n.managing(r)
		if groups[of] == nil {
			order = append(order, of)
		}
		groups[of] = append(groups[of], r)
	}
	for _, of := range order {
		if err := n.Receive(reversePath, groups[of], slices.Clone(data)); err != nil {
			return err
		}
	}
	return nil
}
