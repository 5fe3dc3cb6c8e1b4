package rem_test

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/certmail/certmail/rem"
)

// Who is named twice is one recipient, with one number in all evidence.
func TestPrepareNamesRecipientsOnce(t *testing.T) {
	mail := "From: anna@alfa-rem.example\r\nTo: ufficio@beta-rem.example, archivio@beta-rem.example, Ufficio@beta-rem.example\r\n" +
		"Cc: archivio@BETA-rem.example, protocollo@beta-rem.example\r\nSubject: x\r\n\r\nciao\r\n"
	p, err := rem.Prepare(io.NewSectionReader(strings.NewReader(mail), 0, int64(len(mail))), "D1@rem-service.alfa-rem.example", nil)
	require.NoError(t, err)
	require.Equal(t, []string{"ufficio@beta-rem.example", "archivio@beta-rem.example", "protocollo@beta-rem.example"}, p.Recipients)
}
