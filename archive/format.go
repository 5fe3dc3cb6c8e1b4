package archive

import "strings"

// Format is how a package is laid out.
type Format string

// The formats.
const (
	// Folder and Zip are plain: data/, metadata/, evidence/, manifest.json and
	// lists of digests as sha256sum and sha512sum read them.
	Folder Format = "folder"
	Zip    Format = "zip"
	// BagIt and BagItZip are a bag, as a folder and in one file (RFC 8493).
	BagIt    Format = "bagit"
	BagItZip Format = "bagit-zip"
	// ASiCE is a container with a time-stamp over everything in it (EN 319 162-1
	// §4.4); it needs Options.TimeStamp.
	ASiCE Format = "asice"
	// PDV and PDVZip are a submission package (pacchetto di versamento): a bag
	// with an index (PIndex of UNI 11386:2020) and metadata (Allegato 5).
	PDV    Format = "pdv"
	PDVZip Format = "pdv-zip"
)

// Formats lists all formats.
func Formats() []Format { return []Format{Folder, Zip, BagIt, BagItZip, ASiCE, PDV, PDVZip} }

func (f Format) known() bool {
	for _, have := range Formats() {
		if f == have {
			return true
		}
	}
	return false
}

// File tells whether a package of the format is one file and no folder.
func (f Format) File() bool { return f == Zip || f == BagItZip || f == ASiCE || f == PDVZip }

// Ext is the extension of a package's name, empty for folders.
func (f Format) Ext() string {
	switch {
	case f == ASiCE:
		return ".asice"
	case f.File():
		return ".zip"
	}
	return ""
}

func (f Format) bag() bool { return strings.HasPrefix(string(f), "bagit") || f.submission() }

func (f Format) submission() bool { return f == PDV || f == PDVZip }

// top tells whether a file of the format has everything under one folder, as
// RFC 8493 §5.1 recommends for bags.
func (f Format) top() bool { return f == BagItZip || f == PDVZip }
