package explorer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// block is a piece of binary data in the page: a script element that is none, with base64
// as its text. packed tells that it is compressed with gzip.
type block struct {
	name   string
	data   []byte
	packed bool
}

// pays is how small a block must become, of what it was, to be worth unpacking.
const pays = 0.95

// add keeps a block, compressed where that pays, and returns its name.
func (b *builder) add(name string, raw []byte) (string, error) {
	level := gzip.DefaultCompression
	if len(raw) > 1<<20 {
		level = gzip.BestSpeed
	}
	var small bytes.Buffer
	z, err := gzip.NewWriterLevel(&small, level)
	if err != nil {
		return "", err
	}
	if _, err := z.Write(raw); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	if float64(small.Len()) < pays*float64(len(raw)) {
		b.blocks = append(b.blocks, block{name, small.Bytes(), true})
	} else {
		b.blocks = append(b.blocks, block{name, raw, false})
	}
	return name, nil
}

// addRaw keeps a block that is compressed already, such as an image.
func (b *builder) addRaw(name string, raw []byte) string {
	b.blocks = append(b.blocks, block{name, raw, false})
	return name
}

// write writes the element.
func (k block) write(ctx context.Context, w *bufio.Writer) error {
	pack := ""
	if k.packed {
		pack = ` data-pack="gzip"`
	}
	fmt.Fprintf(w, "<script type=\"application/octet-stream\" id=\"block-%s\"%s>", k.name, pack)
	text := base64.NewEncoder(base64.StdEncoding, w)
	for rest := k.data; len(rest) > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := rest[:min(len(rest), 1<<18)]
		if _, err := text.Write(part); err != nil {
			return err
		}
		rest = rest[len(part):]
	}
	if err := text.Close(); err != nil {
		return err
	}
	_, err := io.WriteString(w, "</script>\n")
	return err
}

// Numbers in blocks are little-endian, as typed arrays of JavaScript are on all machines
// that run browsers today.

func float32s(values []float64) []byte {
	out := make([]byte, 0, 4*len(values))
	for _, v := range values {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(v)))
	}
	return out
}

func float64s(values []float64) []byte {
	out := make([]byte, 0, 8*len(values))
	for _, v := range values {
		out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
	}
	return out
}

// planes is numbers of so many bytes each as all their first bytes, all their second and so
// on: what gzip makes smaller where the bytes that lead hardly differ.
func planes(raw []byte, width int) []byte {
	out := make([]byte, len(raw))
	n := len(raw) / width
	for i := range n {
		for k := range width {
			out[k*n+i] = raw[i*width+k]
		}
	}
	return out
}

func int32s(values []int) []byte {
	out := make([]byte, 0, 4*len(values))
	for _, v := range values {
		out = binary.LittleEndian.AppendUint32(out, uint32(int32(v)))
	}
	return out
}

func uint16s(values []int) []byte {
	out := make([]byte, 0, 2*len(values))
	for _, v := range values {
		out = binary.LittleEndian.AppendUint16(out, uint16(v))
	}
	return out
}
