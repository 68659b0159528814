package data

import (
	"bytes"
	"strings"
	"testing"
)

// TestForeignKinds names the kinds of files that are not read.
func TestForeignKinds(t *testing.T) {
	for head, want := range map[string]string{
		"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00":           "AVIF is not read: convert it to PNG",
		"\x00\x00\x00\x1cftypheic\x00\x00\x00\x00":           "HEIC is not read: convert it",
		"\x00\x00\x00\x24ftypheix\x00\x00\x00\x00mif1heix":   "HEIC is not read",
		"\x00\x00\x00\x24ftypmif1\x00\x00\x00\x00mif1heic":   "HEIF is not read",
		"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00":           "a film or an image of the MP4 family is not read",
		"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01":           "a Canon raw photograph (CR3)",
		"\xff\x0a\xf8\x9f":                                   "JPEG XL is not read: convert it",
		"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a\x00\x00":       "JPEG XL is not read",
		"\x00\x00\x00\x0cjP  \x0d\x0a\x87\x0a\x00\x00":       "JPEG 2000 is not read",
		"\xff\x4f\xff\x51\x00\x2f":                           "JPEG 2000 is not read",
		"%PDF-1.7\n":                                         "PDF is not read",
		"%!PS-Adobe-3.0 EPSF-3.0\n":                          "PostScript is not read",
		"8BPS\x00\x01":                                       "Photoshop (PSD) is not read",
		"<svg xmlns=\"http://www.w3.org/2000/svg\">":         "SVG",
		"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<svg>":         "SVG",
		" <!-- drawn --><svg>":                               "SVG",
		"<!DOCTYPE html><html>":                              "a web page",
		"<HTML><head><title>404":                             "a web page",
		"qoif\x00\x00\x00\x01":                               "QOI is not read",
		"\x00\x00\x01\x00\x01\x00":                           "an icon (ICO) is not read",
		"version https://git-lfs.github.com/spec/v1\n":       "git lfs pull",
		"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ":   "AppleDouble",
		"PK\x03\x04\x14\x00":                                 "unpack it",
		"\x1f\x8b\x08\x00":                                   "unpack it",
		"\x93NUMPY\x01\x00":                                  "NumPy",
		strings.Repeat("\x00", 100):                          "zero bytes",
		"RIFF\x00\x00\x00\x00AVI LIST":                       "a film (AVI)",
		"some text that is longer than the head that we see": `not an image: it begins with "some tex", expected JPEG, PNG`,
		"x": `not an image: it begins with "x", expected JPEG, PNG`,
	} {
		_, err := Decode(t.Context(), bytes.NewReader([]byte(head)), DecodeOptions{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", head, err, want)
		}
	}
}
