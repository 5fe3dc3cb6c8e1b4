package presets

// date is when the table was compiled.
const date = "2026-11"

// Ports of TLS from the first byte (RFC 8314 §7.3).
const (
	portIMAP = 993
	portPOP3 = 995
	portSMTP = 465
)

func imap(host string, mark Mark, others ...string) Server {
	return Server{host, portIMAP, mark, others}
}

func pop3(host string, mark Mark, others ...string) Server {
	return Server{host, portPOP3, mark, others}
}

func smtp(host string, mark Mark, others ...string) Server {
	return Server{host, portSMTP, mark, others}
}

const megabyte = 1_000_000

// table is made anew for every caller, who may change what he gets.
func table() []Preset {
	return []Preset{
		{
			ID: "aruba", Name: "Aruba PEC",
			Domains:    []string{"pec.it", "pec.aruba.it", "arubapec.it", "pec.cloud", "mypec.eu", "gigapec.it"},
			OwnDomains: true,
			IMAP:       imap("imaps.pec.aruba.it", Official), POP3: pop3("pop3s.pec.aruba.it", Official), SMTP: smtp("smtps.pec.aruba.it", Official),
			User:   UserAddress,
			Limits: Limits{MaxLoad: 100 * megabyte},
			TwoStep: "A mailbox with two-step verification refuses its normal password over IMAP, POP3 and SMTP. It needs a password generated for " +
				"mail programs, which is valid for 3 months and must then be prolonged or replaced.",
			Notes: []string{
				"IMAP, POP3 and SMTP can each be switched off for a mailbox: say which of them refused.",
				"Some file name extensions of attachments are refused.",
			},
			Date: date,
		},
		{
			ID: "namirial", Name: "Namirial (Sicurezza Postale)",
			Domains: []string{"sicurezzapostale.it", "postacerta.net"},
			IMAP:    imap("imaps.sicurezzapostale.it", Several), POP3: pop3("pops.sicurezzapostale.it", Official), SMTP: smtp("smtps.sicurezzapostale.it", Official),
			User:  UserAddress,
			Notes: []string{"A message with Bcc is refused."},
			Date:  date,
		},
		{
			ID: "namirial-pro", Name: "Namirial PRO",
			Domains: []string{"pec.namirial.com"},
			SMTP:    smtp("pro-smtps.sicurezzapostale.it", Single),
			User:    UserAddress,
			Notes:   []string{"A message with Bcc is refused."},
			Date:    date,
		},
		{
			ID: "legalmail", Name: "InfoCert Legalmail",
			Domains: []string{"legalmail.it", "cert.legalmail.it"},
			IMAP:    imap("mbox.cert.legalmail.it", Several), POP3: pop3("mbox.cert.legalmail.it", Several), SMTP: smtp("sendm.cert.legalmail.it", Several),
			User: UserCode,
			Notes: []string{
				"The user name is the code of the account (M…), not the address.",
				"Passwords have special characters: they are sent byte for byte.",
			},
			Date: date,
		},
		{
			ID: "postecert", Name: "Poste Italiane (Postecert)",
			Domains: []string{"postecert.it"},
			IMAP:    imap("mail.postecert.it", Several), POP3: pop3("mail.postecert.it", Several), SMTP: smtp("mail.postecert.it", Several),
			User: UserAddress, Date: date,
		},
		{
			ID: "register", Name: "Register.it",
			OwnDomains: true,
			IMAP:       imap("server.pec-email.com", Several, "imap.pec-email.com"), POP3: pop3("server.pec-email.com", Several), SMTP: smtp("server.pec-email.com", Several, "smtp.pec-email.com"),
			User:  UserAddress,
			Notes: []string{"Mailboxes are on customers' pec. domains, whose mail exchanger is server.pec-email.com."},
			Date:  date,
		},
		{
			ID: "telecompost", Name: "TI Trust Technologies (Telecompost)",
			Domains:    []string{"telecompost.it"},
			OwnDomains: true,
			IMAP:       imap("mail.telecompost.it", Several, "in.telecompost.it"), SMTP: smtp("smtp.telecompost.it", Several),
			User:   UserAccount,
			Limits: Limits{MaxSize: 100 * megabyte, MaxRecipients: 1000},
			Notes:  []string{"The user name is that of the account, not always the address."},
			Date:   date,
		},
		{
			ID: "tim", Name: "TIM",
			Domains: []string{"pectim.it"},
			SMTP:    smtp("smtps.pectim.it", Single),
			User:    UserAddress, Date: date,
		},
		{
			ID: "actalis", Name: "Actalis",
			Domains: []string{"pec.actalis.it", "actaliscertymail.it"},
			IMAP:    imap("imap.pec.actalis.it", Single), SMTP: smtp("smtp.pec.actalis.it", Single),
			User: UserAddress, Date: date,
		},
		{
			ID: "libero", Name: "Italiaonline / Libero",
			Domains: []string{"pec.libero.it", "postacert.it.net"},
			IMAP:    imap("mail.postacert.it.net", Several), SMTP: smtp("mail.postacert.it.net", Several),
			User: UserAddress, Date: date,
		},
		{
			ID: "intesi", Name: "Intesi Group",
			IMAP: imap("imap.ig-trustmail.com", Single), POP3: pop3("pop.ig-trustmail.com", Single), SMTP: smtp("smtp.ig-trustmail.com", Single),
			User: UserUnknown, Date: date,
		},
		{
			ID: "notariato", Name: "Notariato (Notartel)",
			Domains: []string{"postacertificata.notariato.it"},
			IMAP:    imap("imap.postacertificata.notariato.it", Single), SMTP: smtp("smtp.postacertificata.notariato.it", Single),
			User: UserAddress, Date: date,
		},
		{
			ID: "vodafone", Name: "Vodafone",
			IMAP: imap("imap.postacert.vodafone.it", Single), SMTP: smtp("postacert.vodafone.it", Single),
			User: UserUnknown, Old: true, Date: date,
		},
		{
			ID: "istruzione", Name: "Ministero dell'istruzione",
			Domains: []string{"pec.istruzione.it"},
			IMAP:    imap("imap.pec.istruzione.it", Single), SMTP: smtp("smtp.pec.istruzione.it", Single),
			User: UserAddress, Old: true, Date: date,
		},
		{
			ID: "basilicata", Name: "Regione Basilicata",
			Domains: []string{"pec.basilicatanet.it"},
			IMAP:    imap("imaps.pec.basilicatanet.it", Single), SMTP: smtp("smtps.pec.basilicatanet.it", Single),
			User: UserAddress, Date: date,
		},
	}
}
