package npy

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// parseHeader reads the dictionary of a header, a Python literal in whatever style.
func parseHeader(text string) (a *Array, fortran bool, err error) {
	v, err := parseLiteral(strings.TrimRight(text, "\x00"))
	if err != nil {
		return nil, false, fmt.Errorf("npy: header %.100q: %w", text, err)
	}
	dict, _ := v.(map[string]any)
	descr, hasDescr := dict["descr"]
	fortran, hasOrder := dict["fortran_order"].(bool)
	shape, hasShape := dict["shape"].([]any)
	if !hasDescr || !hasOrder || !hasShape || len(dict) != 3 {
		return nil, false, fmt.Errorf("npy: header %.100q, expected a dict of descr, fortran_order and shape", text)
	}
	if a, err = newArray(descr); err != nil {
		return nil, false, err
	}
	if len(shape) > maxDims {
		return nil, false, fmt.Errorf("npy: more than %d dimensions", maxDims)
	}
	for _, d := range shape {
		n, ok := d.(int64)
		if !ok || n < 0 || n > 1<<31-1 {
			return nil, false, fmt.Errorf("npy: shape %v: %v is out of range", shape, d)
		}
		a.Shape = append(a.Shape, int(n))
	}
	return a, fortran, nil
}

// typeNames are NumPy's other names of numbers: the words of numpy.dtype and the
// letters of C's types, as they are on 64-bit systems but Windows.
var typeNames = map[string]string{
	"bool": "b1", "?": "b1",
	"int8": "i1", "byte": "i1", "b": "i1", "uint8": "u1", "ubyte": "u1", "B": "u1",
	"int16": "i2", "short": "i2", "h": "i2", "uint16": "u2", "ushort": "u2", "H": "u2",
	"int32": "i4", "intc": "i4", "i": "i4", "uint32": "u4", "uintc": "u4", "I": "u4",
	"int64": "i8", "int": "i8", "long": "i8", "l": "i8", "q": "i8", "uint64": "u8", "uint": "u8", "L": "u8", "Q": "u8",
	"float16": "f2", "half": "f2", "e": "f2", "float32": "f4", "single": "f4", "f": "f4",
	"float64": "f8", "double": "f8", "float": "f8", "d": "f8",
}

// newArray returns an array of the type that a descr means, without elements.
func newArray(descr any) (*Array, error) {
	name, ok := descr.(string)
	if !ok {
		return nil, fmt.Errorf("npy: elements are records %.60v, want an array of numbers: save one field, as x[\"name\"]", descr)
	}
	a := &Array{order: binary.LittleEndian}
	kind := name
	if kind != "" {
		switch kind[0] {
		case '>', '!':
			a.order = binary.BigEndian
			kind = kind[1:]
		case '<', '=', '|':
			kind = kind[1:]
		}
	}
	if other, ok := typeNames[kind]; ok {
		kind = other
	}
	if kind == "" {
		return nil, fmt.Errorf("npy: elements of type %q", name)
	}
	size, err := strconv.Atoi(kind[1:])
	if kind == "O" || kind == "object" {
		return nil, fmt.Errorf("npy: elements are Python objects (%s), want an array of numbers: save them as numbers or, names, with x.astype(\"U\")", name)
	}
	a.kind, a.size = kind[0], size
	fits := false
	switch a.kind {
	case 'b':
		fits = size == 1
	case 'i', 'u':
		fits = size == 1 || size == 2 || size == 4 || size == 8
	case 'f':
		fits = size == 2 || size == 4 || size == 8
	case 'U': // characters of 4 bytes
		a.size = 4 * size
		fits = size >= 0 && size <= maxText
	case 'S', 'a': // bytes
		a.kind = 'S'
		fits = size >= 0 && size <= maxText
	}
	if err != nil || !fits {
		return nil, fmt.Errorf("npy: elements of type %.20q are not supported, want an array of numbers: save them with x.astype(\"float32\")", name)
	}
	return a, nil
}

// maxText is the most characters that an element has.
const maxText = 1 << 12
