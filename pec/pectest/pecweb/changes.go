package pecweb

import (
	"fmt"
	"net/http"
	"time"
)

// How often changes are told at most, and how often the connection is shown
// to be alive.
const (
	newsAtMostEvery = 150 * time.Millisecond
	aliveEvery      = 15 * time.Second
)

// changes tells of every change in the network as Server-Sent Events. They
// carry nothing: the page asks for itself again.
func (s *site) changes(w http.ResponseWriter, r *http.Request) {
	stream := http.NewResponseController(w)
	_ = stream.SetWriteDeadline(time.Time{}) // not every server has one
	w.Header().Set("Content-Type", "text/event-stream")
	changed := s.net.Changed()
	say := func(line string) bool {
		_, err := fmt.Fprintf(w, "%s\n\n", line)
		return err == nil && stream.Flush() == nil
	}
	if !say("retry: 2000") {
		return
	}
	alive := time.NewTicker(aliveEvery)
	defer alive.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-alive.C:
			if !say(": alive") {
				return
			}
		case <-changed:
			// Changes come in bursts: one word for all of a burst.
			pause := time.NewTimer(newsAtMostEvery)
			select {
			case <-pause.C:
			case <-r.Context().Done():
				pause.Stop()
				return
			}
			changed = s.net.Changed()
			if !say("data: changed") {
				return
			}
		}
	}
}
