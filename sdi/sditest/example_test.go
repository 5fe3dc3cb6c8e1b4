package sditest_test

import (
	"fmt"
	"time"

	"github.com/certmail/certmail/sdi"
	"github.com/certmail/certmail/sdi/sditest"
)

func ExampleSDI_Notification() {
	exchange := sditest.New(1)
	n := &sdi.Notification{Type: sdi.MT, Channel: sdi.ChannelPrivate, ID: "4711", FileName: "IT01234567890_00001.xml", Format: "FPR12", Attempts: 1, MessageID: "1"}
	data, err := exchange.Notification(n, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	if err != nil {
		fmt.Println(err)
		return
	}
	name, err := sditest.FileName(n, 1)
	fmt.Println(name, err)
	fmt.Print(string(data))
	// Output:
	// IT01234567890_00001_MT_001.xml <nil>
	// <?xml version="1.0" encoding="UTF-8"?>
	// <ns3:FileMetadati xmlns:ns3="http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fattura/messaggi/v1.0" versione="1.0"><IdentificativoSdI>4711</IdentificativoSdI><NomeFile>IT01234567890_00001.xml</NomeFile><Formato>FPR12</Formato><TentativiInvio>1</TentativiInvio><MessageId>1</MessageId></ns3:FileMetadati>
}
