package main

import (
	"fmt"
	"io"
	"iter"

	"github.com/certmail/certmail/cmd/certmail/internal/folder"
	"github.com/certmail/certmail/pec"
	"github.com/certmail/certmail/receipt"
)

// sentCopies are where the copies of what was submitted are, by Message-ID. They
// are read again for each brief receipt, so that none is kept in memory.
type sentCopies map[string][]*folder.Place

// addSent reads the copies of what was submitted.
func (a *app) addSent(l *receipt.Ledger, paths []string, out *reconciled) (sentCopies, error) {
	copies := sentCopies{}
	return copies, a.messages(paths, func(in *input) error {
		if in.err != nil {
			out.unreadable(in.name, in.err)
			return nil
		}
		if in.rem != nil {
			out.unreadable(in.name, fmt.Errorf("a REM %s: %w", in.rem.Kind, pec.ErrNotSubmission))
			return nil
		}
		s, err := in.msg.Sent()
		if err != nil {
			out.unreadable(in.name, err)
			return nil
		}
		s.Name = in.name
		l.AddSent(s)
		copies[s.MessageID] = append(copies[s.MessageID], in.from.Place())
		return nil
	})
}

// of opens the copies of the message that a receipt speaks of, one after the
// other. In an mbox a line that begins with ">From " may have been sent that
// way: such a copy is given in both readings.
func (c sentCopies) of(messageID string) iter.Seq2[*io.SectionReader, error] {
	return func(yield func(*io.SectionReader, error) bool) {
		for _, place := range c[messageID] {
			for _, verbatim := range []bool{false, true}[:readings(place)] {
				if !yieldFile(place, verbatim, yield) {
					return
				}
			}
		}
	}
}

func readings(p *folder.Place) int {
	if p.Quoted {
		return 2
	}
	return 1
}

func yieldFile(p *folder.Place, verbatim bool, yield func(*io.SectionReader, error) bool) bool {
	f, err := p.Open(verbatim)
	if err != nil {
		return yield(nil, err)
	}
	defer f.Close()
	return yield(f.SectionReader, nil)
}
