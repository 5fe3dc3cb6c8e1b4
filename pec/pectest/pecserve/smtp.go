package pecserve

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/certmail/certmail/pec/pectest"
)

// maxLine bounds a line of SMTP in bytes. RFC 5321 §4.5.3.1.6 allows 1,000;
// what is beyond that must reach the point that judges it, as in process.
const maxLine = 1 << 20

// smtpServer makes a server of the provider.
func (at *site) smtpServer(maxSize int64, session func(*smtp.Conn) (smtp.Session, error)) *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(session))
	server.Domain = at.provider.Domain
	server.TLSConfig = at.tls
	server.MaxMessageBytes = maxSize
	server.MaxLineLength = maxLine
	server.ReadTimeout = 5 * time.Minute // RFC 5321 §4.5.3.2.7
	server.WriteTimeout = time.Minute
	server.ErrorLog = reporter{at.Servers}
	return server
}

// reply turns an error of the network into an answer of the dialogue.
func reply(err error) error {
	var refusal *pectest.SMTPError
	var answer *smtp.SMTPError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refusal):
		return &smtp.SMTPError{Code: refusal.Code, EnhancedCode: enhanced(refusal.Status), Message: refusal.Text}
	case errors.As(err, &answer):
		return answer
	}
	return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: strings.Join(strings.Fields(err.Error()), " ")}
}

// refusal turns an answer into an error of the network; other errors stay.
func refusal(err error) error {
	var answer *smtp.SMTPError
	if !errors.As(err, &answer) {
		return err
	}
	status := answer.EnhancedCode
	if status == smtp.EnhancedCodeNotSet || status == smtp.NoEnhancedCode {
		status = smtp.EnhancedCode{answer.Code / 100, 0, 0}
	}
	return &pectest.SMTPError{Code: answer.Code, Status: fmt.Sprintf("%d.%d.%d", status[0], status[1], status[2]), Text: answer.Message}
}

// enhanced reads a status of RFC 3463; the zero value lets the library choose.
func enhanced(status string) (code smtp.EnhancedCode) {
	parts := strings.Split(status, ".")
	if len(parts) != len(code) {
		return smtp.EnhancedCodeNotSet
	}
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil {
			return smtp.EnhancedCodeNotSet
		}
		code[i] = n
	}
	return code
}
