package receipt

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
)

// TestReportJSON holds the names that the command line promises.
func TestReportJSON(t *testing.T) {
	s := sent(bruno, carla)
	l := ledger(&s,
		events(t, data("avvenuta-consegna", after(9*time.Second), both(people(bruno, carla), to(bruno))), "cons.eml", Valid),
		events(t, data("errore-consegna", after(9*time.Second), both(people(bruno, carla), failure(carla, "no-dest", "5.1.1 - Gestore Beta S.r.l. - indirizzo non valido"))), "fail.eml", Valid),
		events(t, data("avvenuta-consegna", after(9*time.Second), func(d *daticert.Data) { d.MessageID = "<x@y>" }), "orphan.eml", Indeterminate))
	var report map[string]any
	require.NoError(t, json.Unmarshal([]byte(asJSON(t, l.Snapshot(after(time.Hour)))), &report))

	m := report["messages"].([]any)[0].(map[string]any)
	require.Equal(t, client, m["message_id"])
	require.Equal(t, pecID, m["identifier"])
	require.Equal(t, "Contratto n. 7", m["subject"])
	require.Equal(t, anna, m["sender"])
	require.Equal(t, "2026-03-03T10:15:30+01:00", m["submitted"])
	require.Contains(t, m, "accepted")
	require.Nil(t, m["accepted"])
	require.Equal(t, "red", m["light"])
	require.Equal(t, []any{}, m["conflicts"])
	require.Equal(t, []any{}, m["findings"])

	r := m["recipients"].([]any)[1].(map[string]any)
	require.Equal(t, carla, r["address"])
	require.Equal(t, "certificato", r["type"])
	require.Equal(t, "failed", r["status"])
	require.Equal(t, "2026-03-03T10:15:39+01:00", r["time"])
	require.Equal(t, "5.1.1 indirizzo non valido", r["reason"])
	require.Equal(t, map[string]any{"value": "no-dest", "code": "5.1.1", "detail": "indirizzo non valido",
		"provider": "Gestore Beta S.r.l.", "category": "unknown-recipient"}, r["error"])
	require.Equal(t, true, r["verified"])
	p := r["proof"].([]any)[0].(map[string]any)
	require.Equal(t, "fail.eml", p["file"])
	require.Equal(t, "errore-consegna", p["kind"])
	require.Equal(t, "valid", p["verdict"])
	require.Len(t, p["sha256"], 64)
	require.Equal(t, "Message-ID", p["matched_by"])

	require.Nil(t, m["recipients"].([]any)[0].(map[string]any)["error"])

	o := report["orphans"].([]any)[0].(map[string]any)
	require.Equal(t, "orphan.eml", o["file"])
	require.Equal(t, "indeterminate", o["verdict"])
	require.NotEmpty(t, o["why"])

	require.JSONEq(t, `{"messages":[],"orphans":[]}`, asJSON(t, NewLedger(nil).Snapshot(start)))
}
