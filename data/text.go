package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Encodings of text files. Latin-1 stands for Windows-1252, which differs from it in
// quotation marks and the like where Latin-1 has only controls, as the WHATWG's
// Encoding Standard has it.
const (
	utf8Text    = "UTF-8"
	utf16LEText = "UTF-16LE"
	utf16BEText = "UTF-16BE"
	latin1Text  = "Latin-1"
)

// decodeText turns a text file to UTF-8 without a byte order mark, and says what it
// was: what the mark says, or UTF-16 by its zero bytes, or UTF-8 where it is that,
// or else Latin-1. What can be none of these is an error.
func decodeText(content []byte) (text, encoding string, err error) {
	has := func(mark string) bool { return bytes.HasPrefix(content, []byte(mark)) }
	switch {
	case has("\xff\xfe\x00\x00"), has("\x00\x00\xfe\xff"):
		return "", "", errors.New("a text in UTF-32, want UTF-8")
	case has("\xff\xfe"):
		text, err = decodeUTF16(content[2:], binary.LittleEndian)
		return text, utf16LEText, err
	case has("\xfe\xff"):
		text, err = decodeUTF16(content[2:], binary.BigEndian)
		return text, utf16BEText, err
	case has("\xef\xbb\xbf"):
		content = content[3:]
	}
	// Zero is no character of a text, but half of each common one in UTF-16.
	var zeros [2]int
	for i, c := range content {
		if c == 0 {
			zeros[i%2]++
		}
	}
	common := (len(content) + 3) / 4
	switch {
	case zeros[0] == 0 && zeros[1] >= common:
		text, err = decodeUTF16(content, binary.LittleEndian)
		return text, utf16LEText, err
	case zeros[1] == 0 && zeros[0] >= common:
		text, err = decodeUTF16(content, binary.BigEndian)
		return text, utf16BEText, err
	case zeros[0]+zeros[1] > 0:
		return "", "", errors.New("not a text: it has zero bytes; save it as UTF-8")
	case utf8.Valid(content):
		return string(content), utf8Text, nil
	}
	text, err = decodeLatin1(content)
	return text, latin1Text, err
}

func decodeUTF16(content []byte, order binary.ByteOrder) (string, error) {
	if len(content)%2 != 0 {
		return "", fmt.Errorf("a text in UTF-16 of %d bytes, an odd number", len(content))
	}
	return decodeRunes(func(put func(rune)) error {
		for i := 0; i < len(content); i += 2 {
			r := rune(order.Uint16(content[i:]))
			if r == 0 {
				return errors.New("not a text: it has zero characters")
			}
			if utf16.IsSurrogate(r) {
				low := rune(0)
				if i += 2; i < len(content) {
					low = rune(order.Uint16(content[i:]))
				}
				if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
					return fmt.Errorf("a text in UTF-16 with half a character at byte %d", i-2)
				}
			}
			put(r)
		}
		return nil
	})
}

// decodeRunes makes a text of the characters that decode puts, which is called
// twice: to know how long it comes to, and to write it.
func decodeRunes(decode func(put func(rune)) error) (string, error) {
	size := 0
	if err := decode(func(r rune) { size += utf8.RuneLen(r) }); err != nil {
		return "", err
	}
	var b strings.Builder
	b.Grow(size)
	err := decode(func(r rune) { b.WriteRune(r) })
	return b.String(), err
}

// windows1252 are the characters of bytes 0x80 to 0x9f; 0 is none.
var windows1252 = [32]rune{
	'€', 0, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0, 'Ž', 0,
	0, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0, 'ž', 'Ÿ',
}

// decodeLatin1 refuses a text that has characters in UTF-8 beside the bytes that
// are none: it is a damaged one rather.
func decodeLatin1(content []byte) (string, error) {
	return decodeRunes(func(put func(rune)) error {
		for i, c := range content {
			r := rune(c)
			if c >= 0x80 && c < 0xa0 {
				r = windows1252[c-0x80]
			}
			found, _ := utf8.DecodeRune(content[i:])
			if r == 0 || c >= 0x80 && found != utf8.RuneError {
				return fmt.Errorf("neither UTF-8 nor Latin-1: byte %d is %#02x; save it as UTF-8", i, c)
			}
			put(r)
		}
		return nil
	})
}
