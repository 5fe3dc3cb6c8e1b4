package archive

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"
)

// Index names the parties of the index of a submission package (PIndex, UNI
// 11386:2020). The index is not signed, and is no index of a preservation
// service: that one is the service's to make and sign.
type Index struct {
	// Submitter hands the package over, Holder is whose it is, Signer is who
	// will sign the service's own index. The last two are the first where they
	// have no name, and Submitter is Options.Organization; one of them is needed.
	Submitter, Holder, Signer Agent
	// HolderRole is "soggetto produttore" unless set, SignerRole
	// "PreservationManager".
	HolderRole, SignerRole string
	// Base64 writes digests in base64 instead of lower-case hexadecimal: the
	// standard does not say which.
	Base64 bool
	// Language is "it" unless set.
	Language string
	// MetadataSchema is the URI of the schema of the metadata files.
	MetadataSchema string
}

// Agent is a party.
type Agent struct {
	// Natural tells a natural person, with FirstName and LastName, from a legal
	// one, with Name.
	Natural                   bool
	Name, FirstName, LastName string
	// IDs have the form of the standard: VATIT-01234567890, TINIT-… .
	IDs []string
	// Documents are what the role rests on, an agreement for instance.
	Documents []string
}

func (a *Agent) named() bool { return a.Name != "" || a.LastName != "" }

// Type is the value of agentType.
func (a Agent) Type() string {
	if a.Natural {
		return "natural person"
	}
	return "legal person"
}

const indexName = "index/PIndex.xml"

// submission makes the files of a submission package beyond those of a bag:
// metadata of each document, and the index of all files.
func submission(t *Transaction, files []*entry, o *Options) ([]*entry, error) {
	metadata := o.Metadata
	if metadata == nil {
		var err error
		if metadata, err = ParseMetadataTemplate(MetadataTemplate); err != nil {
			return nil, err
		}
	}
	var out []*entry
	documents := map[*Item]*entry{}
	for _, it := range t.Items {
		data, err := writeMetadata(metadata, MetadataOf(it, t, o))
		if err != nil {
			return nil, err
		}
		e := newEntry(metadataFolder+it.Name+".xml", data)
		documents[it] = e
		out = append(out, e)
	}
	index, err := pindex(t, files, documents, o)
	if err != nil {
		return nil, err
	}
	return append(out, newEntry(indexName, index)), nil
}

// indexData is what the template of the index is filled with.
type indexData struct {
	Index
	ID, Volume, Label, Created           string
	Application, Version, Producer       string
	Documents, Evidence                  []indexFile
	GroupID, GroupLabel, EvidenceGroupID string
}

type indexFile struct {
	ID, Path, Ext, Format, Hash string
	Relations                   []indexRelation
	Metadata                    *indexFile
}

type indexRelation struct{ Type, Value string }

var relationNames = map[string]string{
	"receipt-of": "ricevuta di", "delivery-of": "ricevuta di consegna di", "failure-of": "avviso di mancata consegna di", "envelope-of": "busta di", "reply-to": "risposta a",
}

func pindex(t *Transaction, files []*entry, documents map[*Item]*entry, o *Options) ([]byte, error) {
	d := indexData{Index: o.Index, Created: o.Created.Format(time.RFC3339), Application: o.Application, Version: o.Version, Producer: o.Producer}
	if !d.Submitter.named() {
		if d.Submitter.Name = o.Organization; d.Submitter.Name == "" {
			return nil, fmt.Errorf("%w: the index of a submission package needs Options.Organization or Index.Submitter", ErrFormat)
		}
	}
	for _, a := range [...]*Agent{&d.Submitter, &d.Holder, &d.Signer} {
		if !a.named() {
			*a = d.Submitter
		}
		if len(a.Documents) == 0 {
			a.Documents = []string{"non indicato"}
		}
	}
	for _, v := range [...]struct {
		to   *string
		text string
	}{{&d.HolderRole, "soggetto produttore"}, {&d.SignerRole, "PreservationManager"}, {&d.Language, "it"}, {&d.MetadataSchema, "urn:certmail:metadata:1"}} {
		if *v.to == "" {
			*v.to = v.text
		}
	}
	id := transactionID(t)
	d.ID, d.Volume, d.GroupID, d.EvidenceGroupID = id+"#pindex", id+"#volume", id, id+"#evidence"
	d.Label, d.GroupLabel = "Posta certificata", "messaggio con ricevute"
	file := func(e *entry) indexFile {
		sum := e.sha256
		if d.Base64 {
			sum = base64.StdEncoding.EncodeToString(digestBytes(sum))
		}
		return indexFile{ID: e.path, Path: e.path, Ext: e.path[strings.LastIndexByte(e.path, '.')+1:], Format: mediaType(e.path), Hash: sum}
	}
	sorted := slices.SortedFunc(slices.Values(files), byPath)
	for _, e := range sorted {
		f := file(e)
		if e.item == nil {
			d.Evidence = append(d.Evidence, f)
			continue
		}
		f.ID = e.item.Name
		for _, r := range e.item.Relations {
			value := r.To
			for _, other := range [...]string{r.MessageID, r.Identifier} {
				if value == "" {
					value = other
				}
			}
			f.Relations = append(f.Relations, indexRelation{relationNames[r.Type], value})
		}
		m := file(documents[e.item])
		f.Metadata = &m
		d.Documents = append(d.Documents, f)
	}
	tmpl, err := template.New("index").Funcs(template.FuncMap{"xml": xmlText}).Parse(indexTemplate)
	if err != nil {
		return nil, fmt.Errorf("archive: index: %w", err)
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, &d); err != nil {
		return nil, fmt.Errorf("archive: index: %w", err)
	}
	return b.Bytes(), nil
}

// indexTemplate writes PIndex 2.0. Its schema wants the prefix on attributes,
// too.
const indexTemplate = `<?xml version="1.0" encoding="UTF-8"?>
{{- define "agent"}}
{{- range .IDs}}
      <sincro:AgentID>{{xml .}}</sincro:AgentID>
{{- end}}
      <sincro:AgentName>
{{- if .Natural}}
        <sincro:NameAndSurname>
          <sincro:FirstName>{{xml .FirstName}}</sincro:FirstName>
          <sincro:LastName>{{xml .LastName}}</sincro:LastName>
        </sincro:NameAndSurname>
{{- else}}
        <sincro:FormalName>{{xml .Name}}</sincro:FormalName>
{{- end}}
      </sincro:AgentName>
{{- range .Documents}}
      <sincro:RelevantDocument>{{xml .}}</sincro:RelevantDocument>
{{- end}}
{{- end}}
<sincro:PIndex xmlns:sincro="http://www.uni.com/U3011/sincro-v2/" sincro:language="{{xml .Language}}" sincro:uri="http://www.uni.com/U3011/sincro-v2/PIndex.xsd" sincro:sincroVersion="2.0">
  <sincro:SelfDescription>
    <sincro:ID sincro:scheme="local">{{xml .ID}}</sincro:ID>
    <sincro:CreatingApplication>
      <sincro:Name>{{xml .Application}}</sincro:Name>
      <sincro:Version>{{xml .Version}}</sincro:Version>
      <sincro:Producer>{{xml .Producer}}</sincro:Producer>
    </sincro:CreatingApplication>
  </sincro:SelfDescription>
  <sincro:PVolume>
    <sincro:ID sincro:scheme="local">{{xml .Volume}}</sincro:ID>
    <sincro:Label>{{xml .Label}}</sincro:Label>
  </sincro:PVolume>
  <sincro:FileGroup>
    <sincro:ID sincro:scheme="local">{{xml .GroupID}}</sincro:ID>
    <sincro:Label>{{xml .GroupLabel}}</sincro:Label>
{{- range .Documents}}
    <sincro:File sincro:encoding="binary" sincro:extension="{{.Ext}}" sincro:format="{{.Format}}">
      <sincro:ID sincro:scheme="local">{{.ID}}</sincro:ID>
      <sincro:Path>{{.Path}}</sincro:Path>
      <sincro:Hash sincro:hashFunction="SHA-256">{{.Hash}}</sincro:Hash>
{{- range .Relations}}
      <sincro:Relation>
        <sincro:Type>{{xml .Type}}</sincro:Type>
        <sincro:Value>{{xml .Value}}</sincro:Value>
      </sincro:Relation>
{{- end}}
{{- with .Metadata}}
      <sincro:MoreInfo sincro:xmlSchema="{{xml $.MetadataSchema}}">
        <sincro:ExternalMetadata sincro:encoding="binary" sincro:extension="{{.Ext}}" sincro:format="{{.Format}}">
          <sincro:ID sincro:scheme="local">{{.ID}}</sincro:ID>
          <sincro:Path>{{.Path}}</sincro:Path>
          <sincro:Hash sincro:hashFunction="SHA-256">{{.Hash}}</sincro:Hash>
        </sincro:ExternalMetadata>
      </sincro:MoreInfo>
{{- end}}
    </sincro:File>
{{- end}}
  </sincro:FileGroup>
  <sincro:FileGroup>
    <sincro:ID sincro:scheme="local">{{xml .EvidenceGroupID}}</sincro:ID>
    <sincro:Label>evidenze</sincro:Label>
{{- range .Evidence}}
    <sincro:File sincro:encoding="binary" sincro:extension="{{.Ext}}" sincro:format="{{.Format}}">
      <sincro:ID sincro:scheme="local">{{.ID}}</sincro:ID>
      <sincro:Path>{{.Path}}</sincro:Path>
      <sincro:Hash sincro:hashFunction="SHA-256">{{.Hash}}</sincro:Hash>
    </sincro:File>
{{- end}}
  </sincro:FileGroup>
  <sincro:Process>
    <sincro:Submitter sincro:agentType="{{.Submitter.Type}}">{{template "agent" .Submitter}}
    </sincro:Submitter>
    <sincro:Holder sincro:agentType="{{.Holder.Type}}" sincro:holderRole="{{xml .HolderRole}}">{{template "agent" .Holder}}
    </sincro:Holder>
    <sincro:AuthorizedSigner sincro:agentType="{{.Signer.Type}}" sincro:signerRole="{{xml .SignerRole}}">{{template "agent" .Signer}}
    </sincro:AuthorizedSigner>
    <sincro:TimeReference>
      <sincro:TimeInfo sincro:attachedTimeStamp="false">{{.Created}}</sincro:TimeInfo>
    </sincro:TimeReference>
  </sincro:Process>
</sincro:PIndex>
`
