package envelope

import "github.com/certmail/certmail/daticert"

// Finding is something odd that was met and did not stop the reading: a
// stable code in kebab case, and a sentence for people.
type Finding = daticert.Finding

// findings collects at most a bounded number, so that a hostile message
// cannot fill the memory with complaints.
type findings struct{ list []Finding }

const maxFindings = 100

func (f *findings) add(code, detail string) {
	if f == nil || len(f.list) >= maxFindings {
		return
	}
	f.list = append(f.list, Finding{Code: code, Detail: detail})
}
