package data

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// foreign is a kind of file that people give for an image, told by how it begins,
// and that is not read.
type foreign struct {
	magic string // ? stands for any byte
	name  string
}

var foreigns = []foreign{
	{"????ftypavif", "AVIF"},
	{"????ftypavis", "an AVIF animation"},
	{"????ftyphei", "HEIC"}, // heic, heix, heim, heis
	{"????ftyphev", "a HEIC animation"},
	{"????ftypmif1", "HEIF"},
	{"????ftypmif2", "HEIF"},
	{"????ftypmiaf", "HEIF"},
	{"????ftypmsf1", "a HEIF animation"},
	{"????ftypcrx ", "a Canon raw photograph (CR3)"},
	{"????ftyp", "a film or an image of the MP4 family"},
	{"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"},
	{"\xff\n", "JPEG XL"},
	{"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"},
	{"\xff\x4f\xff\x51", "JPEG 2000"},
	{"\xff\xd8\xff\xf7", "JPEG-LS"},
	{"II\xbc", "JPEG XR"},
	{"%PDF-", "PDF"},
	{"%!PS", "PostScript"},
	{"\xc5\xd0\xd3\xc6", "PostScript (EPS)"},
	{"8BPS", "Photoshop (PSD)"},
	{"gimp xcf", "GIMP (XCF)"},
	{"\x00\x00\x01\x00", "an icon (ICO)"},
	{"\x00\x00\x02\x00", "a cursor (CUR)"},
	{"icns", "an Apple icon (ICNS)"},
	{"qoif", "QOI"},
	{"\x76\x2f\x31\x01", "OpenEXR"},
	{"#?RADIANCE", "Radiance HDR"},
	{"#?RGBE", "Radiance HDR"},
	{"DDS ", "DirectDraw (DDS)"},
	{"\x01\xda", "SGI"},
	{"\x59\xa6\x6a\x95", "Sun raster"},
	{"\x0a\x05\x01\x08", "PCX"},
	{"BPG\xfb", "BPG"},
	{"FLIF", "FLIF"},
	{"\x8aMNG\r\n\x1a\n", "MNG"},
	{"\x8bJNG\r\n\x1a\n", "JNG"},
	{"SIMPLE  =", "FITS"},
	{"AT&TFORM", "DjVu"},
	{"\xd7\xcd\xc6\x9a", "Windows metafile (WMF)"},
	{"FUJIFILMCCD-RAW", "a Fujifilm raw photograph (RAF)"},
	{"IIU\x00", "a Panasonic raw photograph (RW2)"},
	{"IIRO", "an Olympus raw photograph (ORF)"},
	{"IIRS", "an Olympus raw photograph (ORF)"},
	{"FOVb", "a Sigma raw photograph (X3F)"},
	{"RIFF????AVI ", "a film (AVI)"},
	{"\x1a\x45\xdf\xa3", "a film (Matroska or WebM)"},
	{"/* XPM */", "XPM"},
}

// notImages are files that are no pictures at all, and what to do about them.
var notImages = []struct{ magic, what string }{
	{"version https://git-lfs", "a pointer of Git LFS: git lfs pull fetches the file"},
	{"\x00\x05\x16\x07", "a leftover of macOS (AppleDouble), which belongs to the file of the same name without ._"},
	{"PK\x03\x04", "a zip archive: unpack it"},
	{"\x1f\x8b", "packed by gzip: unpack it"},
	{"\xfd7zXZ\x00", "packed by xz: unpack it"},
	{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it"},
	{"Rar!", "a RAR archive: unpack it"},
	{"\x93NUMPY", "a NumPy array, not an image"},
}

var (
	svgRoot  = regexp.MustCompile(`(?i)^\s*(<\?xml|<!--|<!doctype svg|<svg)`)
	htmlRoot = regexp.MustCompile(`(?i)^\s*(<!doctype html|<html|<head|<body)`)
)

// unknownKind returns the error of a file that begins with head and is none of the
// kinds that are read: it names what it is, where that can be told.
func unknownKind(head []byte) error {
	for _, f := range foreigns {
		if begins(head, f.magic) {
			return fmt.Errorf("%s is not read: convert it to PNG, without loss, or JPEG (magick FILE FILE.png)", f.name)
		}
	}
	for _, f := range notImages {
		if begins(head, f.magic) {
			return fmt.Errorf("not an image but %s", f.what)
		}
	}
	text := bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	switch {
	case htmlRoot.Match(text):
		return fmt.Errorf("not an image but a web page, as a download that failed leaves it: fetch it again")
	case svgRoot.Match(text):
		return fmt.Errorf("SVG, which is drawn from text, is not read: convert it to PNG (rsvg-convert FILE -o FILE.png)")
	case len(strings.Trim(string(head), "\x00")) == 0:
		return fmt.Errorf("not an image: it begins with %d zero bytes, as a download that was cut off leaves them", len(head))
	}
	return fmt.Errorf("not an image: it begins with %q, expected %s", head[:min(len(head), 8)], kinds)
}

// kinds are the names of the codecs, for people.
const kinds = "JPEG, PNG, GIF, WebP, BMP, TIFF or PNM"

// begins tells whether head begins with magic, in which ? stands for any byte.
func begins(head []byte, magic string) bool {
	match := len(head) >= len(magic)
	for j := 0; match && j < len(magic); j++ {
		match = magic[j] == '?' || magic[j] == head[j]
	}
	return match
}
