package transforms

import (
	"encoding/binary"
	"errors"
	"math"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

// Elements travel as their fields one after another: integers as varints, texts and arrays
// behind their lengths, floats as little-endian bits. Beam's own coder of structs would
// take several times as long for a point's some hundred floats.

func init() {
	beam.RegisterCoder(reflect.TypeFor[Picture](), encodePicture, decodePicture)
	beam.RegisterCoder(reflect.TypeFor[Point](), encodePoint, decodePoint)
	beam.RegisterCoder(reflect.TypeFor[Map](), encodeMap, decodeMap)
}

type encoder []byte

func (e *encoder) number(v int) { *e = binary.AppendVarint(*e, int64(v)) }

func (e *encoder) bytes(v []byte) {
	e.number(len(v))
	*e = append(*e, v...)
}

func (e *encoder) float32s(v []float32) {
	e.number(len(v))
	for _, x := range v {
		*e = binary.LittleEndian.AppendUint32(*e, math.Float32bits(x))
	}
}

func (e *encoder) float64s(v []float64) {
	e.number(len(v))
	for _, x := range v {
		*e = binary.LittleEndian.AppendUint64(*e, math.Float64bits(x))
	}
}

// errCut is the error of an element whose bytes are not those of its fields.
var errCut = errors.New("transforms: an element is cut short, or no element")

// decoder reads what an encoder wrote; after an error it reads zeros.
type decoder struct {
	left []byte
	err  error
}

func (d *decoder) number() int {
	v, n := binary.Varint(d.left)
	if n <= 0 || int64(int(v)) != v {
		d.err, d.left = errCut, nil
		return 0
	}
	d.left = d.left[n:]
	return int(v)
}

// array takes the bytes of an array of elements of so many bytes.
func (d *decoder) array(size int) []byte {
	n := d.number()
	if n < 0 || n > len(d.left)/size {
		d.err, d.left = errCut, nil
		return nil
	}
	v := d.left[:n*size]
	d.left = d.left[n*size:]
	return v
}

// bytes returns a copy: what a runner hands to a decoder is its own.
func (d *decoder) bytes() []byte { return append([]byte(nil), d.array(1)...) }

func (d *decoder) text() string { return string(d.array(1)) }

func (d *decoder) float32s() []float32 {
	b := d.array(4)
	if len(b) == 0 {
		return nil
	}
	v := make([]float32, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v
}

func (d *decoder) float64s() []float64 {
	b := d.array(8)
	if len(b) == 0 {
		return nil
	}
	v := make([]float64, len(b)/8)
	for i := range v {
		v[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return v
}

// end returns the error of all reads, of which bytes that are left are one.
func (d *decoder) end() error {
	if d.err == nil && len(d.left) > 0 {
		return errCut
	}
	return d.err
}

func encodePicture(p Picture) []byte {
	e := make(encoder, 0, len(p.Name)+len(p.Content)+40)
	e.number(p.Shard)
	e.number(p.Index)
	e.bytes([]byte(p.Name))
	e.number(p.Label)
	e.bytes(p.Content)
	e.number(p.Width)
	e.number(p.Height)
	return e
}

func decodePicture(b []byte) (Picture, error) {
	d := decoder{left: b}
	p := Picture{Shard: d.number(), Index: d.number(), Name: d.text(), Label: d.number(), Content: d.bytes(), Width: d.number(), Height: d.number()}
	return p, d.end()
}

func (e *encoder) point(p Point) {
	e.number(p.Shard)
	e.number(p.Index)
	e.bytes([]byte(p.Name))
	e.number(p.Label)
	e.number(p.Predicted)
	e.float32s(p.Features)
	e.float32s(p.Logits)
	e.float64s(p.PCA)
	e.float64s(p.TSNE)
}

func (d *decoder) point() Point {
	return Point{Shard: d.number(), Index: d.number(), Name: d.text(), Label: d.number(), Predicted: d.number(),
		Features: d.float32s(), Logits: d.float32s(), PCA: d.float64s(), TSNE: d.float64s()}
}

// size is at least how many bytes a point takes, but for numbers beyond any use.
func (p Point) size() int {
	return len(p.Name) + 4*len(p.Features) + 4*len(p.Logits) + 8*len(p.PCA) + 8*len(p.TSNE) + 40
}

// smallestPoint is how many bytes a point takes at least: one a field.
const smallestPoint = 9

func encodePoint(p Point) []byte {
	e := make(encoder, 0, p.size())
	e.point(p)
	return e
}

func decodePoint(b []byte) (Point, error) {
	d := decoder{left: b}
	p := d.point()
	return p, d.end()
}

func encodeMap(m Map) []byte {
	e := make(encoder, 0, len(m.Name)+4*len(m.Values)+len(m.Overlay)+60)
	e.number(m.Shard)
	e.number(m.Index)
	e.bytes([]byte(m.Name))
	e.number(m.Class)
	e.number(m.Width)
	e.number(m.Height)
	e.float32s(m.Values)
	e.bytes(m.Overlay)
	return e
}

func decodeMap(b []byte) (Map, error) {
	d := decoder{left: b}
	m := Map{Shard: d.number(), Index: d.number(), Name: d.text(), Class: d.number(), Width: d.number(), Height: d.number(), Values: d.float32s(), Overlay: d.bytes()}
	return m, d.end()
}
