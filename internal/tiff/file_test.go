package tiff

import (
	"encoding/binary"
	"slices"
)

// field is a tag of a file that a test writes: one of LONGs, or where there is text,
// of bytes.
type field struct {
	t      tag
	values []uint32
	text   string
}

func of(t tag, values ...uint32) field { return field{t: t, values: values} }

// gray are the tags of a gray picture in one strip.
func gray(w, h uint32) []field {
	return []field{
		of(tagImageWidth, w), of(tagImageLength, h), of(tagBitsPerSample, 8), of(tagCompression, compressNone),
		of(tagPhotometric, blackIsZero), of(tagStripOffsets, 8), of(tagStripByteCounts, w*h),
	}
}

// write returns a little-endian file: the header, data, and a directory of the
// fields, of which a later one replaces an earlier; one without values removes it.
func write(data []byte, fields ...field) []byte {
	le := binary.LittleEndian
	out := append([]byte("II*\x00\x00\x00\x00\x00"), data...)
	var entries []byte
	n := 0
	for i, f := range fields {
		if slices.ContainsFunc(fields[i+1:], func(g field) bool { return g.t == f.t }) || f.values == nil && f.text == "" {
			continue
		}
		n++
		raw, kind, count := []byte(f.text), kindByte, len(f.text)
		if f.values != nil {
			kind, count = kindLong, len(f.values)
			for _, v := range f.values {
				raw = le.AppendUint32(raw, v)
			}
		}
		if len(raw) > 4 {
			at := len(out)
			out = append(out, raw...)
			raw = le.AppendUint32(nil, uint32(at))
		}
		entries = le.AppendUint16(entries, uint16(f.t))
		entries = le.AppendUint16(entries, uint16(kind))
		entries = le.AppendUint32(entries, uint32(count))
		entries = append(entries, append(raw, 0, 0, 0, 0)[:4]...)
	}
	le.PutUint32(out[4:], uint32(len(out)))
	out = le.AppendUint16(out, uint16(n))
	return append(append(out, entries...), 0, 0, 0, 0)
}
