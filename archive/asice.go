package archive

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
)

// Names and values of EN 319 162-1 (ASiC-E, §4.4 and annex A).
const (
	asiceMimetype  = "application/vnd.etsi.asic-e+zip"
	mimetypeName   = "mimetype"
	asicManifest   = "META-INF/ASiCManifest.xml"
	asicTimestamp  = "META-INF/timestamp.tst"
	asicNamespace  = "http://uri.etsi.org/02918/v1.2.1#"
	tokenMediaType = "application/vnd.etsi.timestamp-token"
)

// asice puts the files into the order of a container with a time-stamp: the
// media type first, the manifest of all files and the token over it last.
func asice(ctx context.Context, files []*entry, o *Options) ([]*entry, error) {
	if o.TimeStamp == nil {
		return nil, fmt.Errorf("%w: %s needs a source of time-stamps", ErrFormat, o.Format)
	}
	manifest := newEntry(asicManifest, asicManifestXML(files))
	token, err := stamp(ctx, manifest.data, o)
	if err != nil {
		return nil, err
	}
	all := append([]*entry{newEntry(mimetypeName, []byte(asiceMimetype))}, files...)
	return append(all, manifest, newEntry(asicTimestamp, token)), nil
}

// asicManifestXML writes ASiCManifest (EN 319 162-1 §A.4). Paths need no
// escaping: they are made of safe names.
func asicManifestXML(files []*entry) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?>
<asic:ASiCManifest xmlns:asic="%s" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
  <asic:SigReference URI="%s" MimeType="%s"/>
`, asicNamespace, asicTimestamp, tokenMediaType)
	for _, e := range files {
		fmt.Fprintf(&b, `  <asic:DataObjectReference URI="%s" MimeType="%s">
    <ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/>
    <ds:DigestValue>%s</ds:DigestValue>
  </asic:DataObjectReference>
`, e.path, mediaType(e.path), base64.StdEncoding.EncodeToString(digestBytes(e.sha512)))
	}
	b.WriteString("</asic:ASiCManifest>\n")
	return []byte(b.String())
}

func mediaType(path string) string {
	switch path[strings.LastIndexByte(path, '.')+1:] {
	case "eml":
		return "message/rfc822"
	case "json":
		return "application/json"
	case "xml":
		return "application/xml"
	case "txt":
		return "text/plain"
	case "tst":
		return tokenMediaType
	}
	return "application/octet-stream"
}
