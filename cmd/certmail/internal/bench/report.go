package bench

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// Row is one row of the report, as "certmail bench --json" writes it.
type Row struct {
	Goal   int      `json:"goal"`
	What   string   `json:"what"`
	Ratio  *float64 `json:"ratio"` // null when it could not be measured; What says why
	Must   float64  `json:"must"`
	Aim    float64  `json:"aim"`
	Unit   string   `json:"unit"`   // "×", "share", "MiB", "allocations"
	Better string   `json:"better"` // "higher" or "lower": on which side of Must the figure has to be
}

// Outcome says how the figure stands to the goal: "aim" and "must" for what it
// reaches, "missed", or "unmeasured".
func (r Row) Outcome() string {
	reaches := func(bound float64) bool {
		if r.Better == lower {
			return *r.Ratio <= bound
		}
		return *r.Ratio >= bound
	}
	switch {
	case r.Ratio == nil:
		return "unmeasured"
	case reaches(r.Aim):
		return "aim"
	case reaches(r.Must):
		return "must"
	}
	return "missed"
}

func (r *run) rows() []Row {
	rows := make([]Row, 0, len(goals))
	for _, g := range goals {
		row := Row{Goal: g.number, What: g.what, Must: g.must, Aim: g.aim, Unit: g.unit, Better: g.better}
		var notes []string
		if note := r.notes[g.input]; note != "" {
			notes = append(notes, note)
		}
		if strings.HasPrefix(g.to, "rate/openssl") && r.openssl.version != "" {
			notes = append(notes, "OpenSSL "+r.openssl.version)
		}
		if r.quick {
			notes = append(notes, "quick run: not a measurement")
		}
		if len(notes) > 0 {
			row.What += " [" + strings.Join(notes, ", ") + "]"
		}
		if v, missing := r.results.figure(g); missing != "" {
			row.What += ": not measured: " + missing
		} else {
			v = rounded(v)
			row.Ratio = &v
		}
		rows = append(rows, row)
	}
	return rows
}

// rounded keeps three significant digits: more would be noise.
func rounded(v float64) float64 {
	if v == 0 {
		return 0
	}
	scale := math.Pow(10, 2-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*scale) / scale
}

// WriteText writes the rows for people.
func WriteText(w io.Writer, rows []Row) error {
	var b strings.Builder
	fmt.Fprintf(&b, "goal  %10s %8s %8s  %-11s  %-10s  what\n", "measured", "must", "aim", "unit", "reached")
	for _, r := range rows {
		sign, figure := "≥", "-"
		if r.Better == lower {
			sign = "≤"
		}
		if r.Ratio != nil {
			figure = fmt.Sprintf("%.4g", *r.Ratio)
		}
		fmt.Fprintf(&b, "%4d  %10s %8s %8s  %-11s  %-10s  %s\n", r.Goal, figure,
			fmt.Sprintf("%s%g", sign, r.Must), fmt.Sprintf("%s%g", sign, r.Aim), r.Unit, r.Outcome(), r.What)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
