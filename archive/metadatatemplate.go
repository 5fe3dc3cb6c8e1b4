package archive

// MetadataTemplate is the default of Options.Metadata: elements in the order of
// Allegato 5, without a namespace, Verifica for element 11.
const MetadataTemplate = `<?xml version="1.0" encoding="UTF-8"?>
<DocumentoInformatico>
{{- define "id"}}
      <ImprontaCrittograficaDelDocumento>
        <Impronta>{{.Digest}}</Impronta>
        <Algoritmo>SHA-256</Algoritmo>
      </ImprontaCrittograficaDelDocumento>
      <Identificativo>{{xml .Identifier}}</Identificativo>
{{- end}}
  <IdDoc>{{template "id" .}}
  </IdDoc>
  <ModalitaDiFormazione>{{xml .Formation}}</ModalitaDiFormazione>
  <TipologiaDocumentale>{{xml .Type}}</TipologiaDocumentale>
  <DatiDiRegistrazione>
    <TipologiaDiFlusso>{{xml .Flow}}</TipologiaDiFlusso>
    <TipoRegistro>
{{- if .RegisterCode}}
      <Repertorio_Registro>
        <TipoRegistro>Repertorio\Registro</TipoRegistro>
        <DataRegistrazioneDocumento>{{xml .Date}}</DataRegistrazioneDocumento>
        <OraRegistrazioneDocumento>{{xml .Hour}}</OraRegistrazioneDocumento>
        <NumeroRegistrazioneDocumento>{{xml .Number}}</NumeroRegistrazioneDocumento>
        <CodiceRegistro>{{xml .RegisterCode}}</CodiceRegistro>
      </Repertorio_Registro>
{{- else}}
      <Nessuno>
        <TipoRegistro>Nessuno</TipoRegistro>
        <DataDocumento>{{xml .Date}}</DataDocumento>
        <OraDocumento>{{xml .Hour}}</OraDocumento>
        <NumeroDocumento>{{xml .Number}}</NumeroDocumento>
      </Nessuno>
{{- end}}
    </TipoRegistro>
  </DatiDiRegistrazione>
  <Soggetti>
{{- range .Subjects}}
    <Ruolo>
      <TipoRuolo>{{xml .Role}}</TipoRuolo>
{{- if eq .Kind "PF"}}
      <PF>
        <Cognome>{{xml .LastName}}</Cognome>
        <Nome>{{xml .FirstName}}</Nome>
{{- if .FiscalCode}}
        <CodiceFiscale>{{xml .FiscalCode}}</CodiceFiscale>
{{- end}}
{{- range .Addresses}}
        <IndirizziDigitaliDiRiferimento>{{xml .}}</IndirizziDigitaliDiRiferimento>
{{- end}}
      </PF>
{{- else if eq .Kind "SW"}}
      <SW>
        <DenominazioneSistema>{{xml .Name}}</DenominazioneSistema>
      </SW>
{{- else}}
      <PG>
        <DenominazioneOrganizzazione>{{xml .Name}}</DenominazioneOrganizzazione>
{{- if .FiscalCode}}
        <CodiceFiscale_PartitaIva>{{xml .FiscalCode}}</CodiceFiscale_PartitaIva>
{{- end}}
{{- range .Addresses}}
        <IndirizziDigitaliDiRiferimento>{{xml .}}</IndirizziDigitaliDiRiferimento>
{{- end}}
      </PG>
{{- end}}
    </Ruolo>
{{- end}}
  </Soggetti>
  <ChiaveDescrittiva>
    <Oggetto>{{xml .Object}}</Oggetto>
{{- range .Keywords}}
    <ParoleChiave>{{xml .}}</ParoleChiave>
{{- end}}
  </ChiaveDescrittiva>
  <Allegati>
    <NumeroAllegati>{{len .Attachments}}</NumeroAllegati>
{{- range .Attachments}}
    <IndiceAllegati>
      <IdDoc>{{template "id" .}}
      </IdDoc>
      <Descrizione>{{xml .Description}}</Descrizione>
    </IndiceAllegati>
{{- end}}
  </Allegati>
{{- if .ClassCode}}
  <Classificazione>
    <IndiceDiClassificazione>{{xml .ClassCode}}</IndiceDiClassificazione>
    <Descrizione>{{xml .ClassName}}</Descrizione>
    <PianoDiClassificazione>{{xml .ClassPlan}}</PianoDiClassificazione>
  </Classificazione>
{{- end}}
  <Riservato>{{.Confidential}}</Riservato>
  <IdentificativoDelFormato>
    <Formato>{{xml .Format}}</Formato>
    <ProdottoSoftware>
      <NomeProdotto>{{xml .Product}}</NomeProdotto>
      <VersioneProdotto>{{xml .ProductVersion}}</VersioneProdotto>
      <Produttore>{{xml .ProductMaker}}</Produttore>
    </ProdottoSoftware>
  </IdentificativoDelFormato>
  <Verifica>
    <FirmatoDigitalmente>{{.Signed}}</FirmatoDigitalmente>
    <SigillatoElettronicamente>{{.Sealed}}</SigillatoElettronicamente>
    <MarcaturaTemporale>{{.Stamped}}</MarcaturaTemporale>
    <ConformitaCopieImmagineSuSupportoInformatico>{{.Conforming}}</ConformitaCopieImmagineSuSupportoInformatico>
  </Verifica>
  <Agg>
    <TipoAgg>
      <TipoAggregazione>Fascicolo</TipoAggregazione>
      <IdAggregazione>{{xml .Aggregation}}</IdAggregazione>
    </TipoAgg>
  </Agg>
{{- with .Primary}}
  <IdIdentificativoDocumentoPrimario>
    <IdDoc>{{template "id" .}}
    </IdDoc>
  </IdIdentificativoDocumentoPrimario>
{{- end}}
  <NomeDelDocumento>{{xml .Name}}</NomeDelDocumento>
  <VersioneDelDocumento>{{.Version}}</VersioneDelDocumento>
{{- if .Retention}}
  <TempoDiConservazione>{{.Retention}}</TempoDiConservazione>
{{- end}}
{{- if .Note}}
  <Note>{{xml .Note}}</Note>
{{- end}}
</DocumentoInformatico>
`
