package receipt

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/daticert"
)

func TestRCV02_EveryTypeHasItsView(t *testing.T) {
	for tipo, want := range map[daticert.Type]Receipt{
		"accettazione": &Acceptance{}, "non-accettazione": &NonAcceptance{}, "presa-in-carico": &TakeCharge{},
		"avvenuta-consegna": &Delivery{}, "errore-consegna": &NonDelivery{},
		"preavviso-errore-consegna": &TimeoutNotice{}, "rilevazione-virus": &VirusDetection{},
	} {
		r, err := FromData(data(tipo, start, to(bruno)), Header{})
		require.NoError(t, err)
		require.IsType(t, want, r)
		require.Equal(t, tipo, r.Info().Type)
		require.Equal(t, client, r.Info().MessageID)
		require.True(t, r.Info().Time.Equal(start))
	}
	for _, tipo := range []daticert.Type{"posta-certificata", "mancata-consegna", "Accettazione", ""} {
		_, err := FromData(data(tipo, start, nil), Header{})
		require.ErrorIs(t, err, ErrNotReceipt, tipo)
	}
	_, err := FromData(nil, Header{})
	require.ErrorIs(t, err, ErrNotReceipt)
	require.Nil(t, Events(nil, Proof{}))
}

func TestS11_DataWinOverHeader(t *testing.T) {
	d := data("errore-consegna", start, failure(bruno, "no-dest", "5.1.1 - B - x"))
	r, err := FromData(d, Header{Ricevuta: "avvenuta-consegna"})
	require.NoError(t, err)
	require.IsType(t, &NonDelivery{}, r)
	require.Equal(t, []string{FindingTypeMismatch}, codesOf(r.Info().Findings))
	require.Equal(t, EventNotDelivered, Events(r, Proof{})[0].Kind)

	r, err = FromData(d, Header{Ricevuta: " Errore-Consegna "})
	require.NoError(t, err)
	require.Empty(t, r.Info().Findings)
}

func TestS12_MsgidWinsOverReference(t *testing.T) {
	d := data("avvenuta-consegna", start, to(bruno))
	r, err := FromData(d, Header{Reference: "<other@alfa.example>"})
	require.NoError(t, err)
	require.Equal(t, client, r.Info().MessageID)
	require.Equal(t, []string{FindingReferenceMismatch}, codesOf(r.Info().Findings))

	d.MessageID = ""
	r, err = FromData(d, Header{Reference: "<other@alfa.example>"})
	require.NoError(t, err)
	require.Empty(t, r.Info().MessageID, "a header does not stand in for what is certified")
	require.Equal(t, "other@alfa.example", Events(r, Proof{})[0].Reference)
}

func TestVirusHeaderIsCompared(t *testing.T) {
	virus := data("errore-consegna", start, failure(bruno, "virus", "5.5.1, Gestore Beta S.r.l., presenza di un virus nel messaggio"))
	for _, tt := range []struct {
		d      *daticert.Data
		header string
		virus  bool
		found  bool
	}{
		{virus, "errore", true, false},
		{virus, "", true, true},
		{data("errore-consegna", start, failure(bruno, "altro", "5.5.1, B, virus")), "errore", true, false},
		{data("errore-consegna", start, failure(bruno, "altro", "5.1.1 - B - x")), "errore", false, true},
	} {
		r, err := FromData(tt.d, Header{Ricevuta: "errore-consegna", VerificaSicurezza: tt.header})
		require.NoError(t, err)
		require.Equal(t, tt.virus, r.(*NonDelivery).Virus)
		require.Equal(t, tt.found, len(r.Info().Findings) > 0)
	}
}

func TestRCV16_DateFallsBackWithAFinding(t *testing.T) {
	d := data("avvenuta-consegna", start, to(bruno))
	d.Date.Day = "31/02/2026"
	r, err := FromData(d, Header{Date: start})
	require.NoError(t, err)
	require.True(t, r.Info().Time.Equal(start))
	require.Equal(t, []string{FindingDateFromHeader}, codesOf(r.Info().Findings))
	r, err = FromData(d, Header{})
	require.NoError(t, err)
	require.True(t, r.Info().Time.IsZero())
	require.Equal(t, []string{FindingDateMissing}, codesOf(r.Info().Findings))
}

func TestRecipientOfAReceipt(t *testing.T) {
	for _, tt := range []struct {
		name   string
		edit   func(*daticert.Data)
		first  string
		others []string
		found  []string
	}{
		{"named", to(bruno), bruno, nil, nil},
		{"RCV-23: in another case", to("BRUNO@Beta.Example"), "BRUNO@Beta.Example", nil, nil},
		{"missing, one recipient", nil, bruno, nil, []string{FindingRecipientInferred}},
		{"missing, several", people(bruno, carla), "", nil, []string{FindingRecipientMissing}},
		{"two", both(people(bruno, carla), func(d *daticert.Data) { d.Deliveries = []string{bruno, carla} }), bruno, []string{carla}, []string{FindingSeveralRecipients}},
		{"in ricezione", func(d *daticert.Data) { d.TakenInCharge = []string{bruno} }, bruno, nil, nil},
		{"a stranger", to(carla), carla, nil, []string{FindingRecipientUnknown}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := FromData(data("avvenuta-consegna", start, tt.edit), Header{})
			require.NoError(t, err)
			d := r.(*Delivery)
			require.Equal(t, tt.first, d.Recipient)
			require.Equal(t, tt.others, d.Others)
			require.Equal(t, tt.found, codesOf(d.Findings))
			require.Len(t, Events(r, Proof{}), 1+len(tt.others))
		})
	}
}

func TestEventsOfEachKind(t *testing.T) {
	take := data("presa-in-carico", start, both(people(bruno, carla), func(d *daticert.Data) { d.TakenInCharge = []string{bruno, carla} }))
	list := events(t, take, "take", Valid)
	require.Len(t, list, 2)
	require.Equal(t, []string{bruno, carla}, []string{list[0].Recipient, list[1].Recipient})
	require.NotEqual(t, list[0].ID(), list[1].ID())
	require.Len(t, list[0].ID(), 64)
	require.Equal(t, "presa-in-carico", list[0].Proof.Kind)
	require.Equal(t, PEC, list[0].System)

	acc := events(t, data("accettazione", start, people(bruno, dario)), "acc", Valid)
	require.Len(t, acc, 1)
	require.Equal(t, []Recipient{{bruno, "certificato"}, {dario, "esterno"}}, acc[0].Recipients)

	// The id does not depend on how the recipient is written, where the proof
	// lies and how it was judged.
	a := events(t, data("avvenuta-consegna", start, to(bruno)), "cons", Valid)[0]
	b := events(t, data("avvenuta-consegna", start, to("<BRUNO@beta.example>")), "cons", Invalid)[0]
	b.Proof.Name = "elsewhere"
	require.Equal(t, a.ID(), b.ID())
	b.Proof.SHA256[0]++
	require.NotEqual(t, a.ID(), b.ID())
}

func TestTimeoutNoticeFinal(t *testing.T) {
	r, err := FromData(data("preavviso-errore-consegna", after(23*time.Hour), failure(bruno, "nessuno", "")), Header{})
	require.NoError(t, err)
	n := r.(*TimeoutNotice)
	require.True(t, n.Final(start))
	require.False(t, n.Final(after(2*time.Hour)))
	require.False(t, n.Final(time.Time{}), "unknown")
}

func TestRCV23_SameAddress(t *testing.T) {
	require.True(t, SameAddress("Bruno@Beta.example", " <bruno@beta.EXAMPLE> "))
	require.False(t, SameAddress("bruno@beta.example", "bruno@beta.example.it"))
	require.False(t, SameAddress("\u212Aate@beta.example", "kate@beta.example"), "a Kelvin sign is no k")
}
