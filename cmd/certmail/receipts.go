package main

import "github.com/certmail/certmail/receipt"

// about returns the one recipient that a receipt speaks of.
func about(r receipt.Receipt) string {
	switch r := r.(type) {
	case *receipt.Delivery:
		return r.Recipient
	case *receipt.NonDelivery:
		return r.Recipient
	case *receipt.TimeoutNotice:
		return r.Recipient
	case *receipt.VirusDetection:
		return r.Recipient
	}
	return ""
}
