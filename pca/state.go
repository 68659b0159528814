package pca

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// The state of an Incremental in bytes: stateMagic, the version, the number n of samples
// and the number d of features, each a little-endian uint64, then d float64 of the mean and
// the d (d+1) / 2 of the scatter matrix's upper triangle, row by row. Without samples, n
// and d are 0.
const (
	stateMagic   = "glimpse-pca-sum"
	stateVersion = 1
	stateHead    = len(stateMagic) + 1 + 8 + 8
	maxFeatures  = 1 << 20 // whose state would have 4 TiB
)

// AppendBinary appends the state to b: all that was added, in 32 + 8 d + 4 d (d+1) bytes. It
// returns no error.
func (inc Incremental) AppendBinary(b []byte) ([]byte, error) {
	m := inc.m
	if m == nil {
		m = &moments{}
	}
	d := len(m.mean)
	b = append(b, stateMagic...)
	b = append(b, stateVersion)
	b = binary.LittleEndian.AppendUint64(b, uint64(m.n))
	b = binary.LittleEndian.AppendUint64(b, uint64(d))
	b = append(b, encode(m.mean)...)
	for i := range d {
		b = append(b, encode(m.scatter[i*d+i:(i+1)*d])...)
	}
	return b, nil
}

// MarshalBinary returns the state, so that data can be added up in several processes, or on
// several days: UnmarshalBinary gives the same Incremental, to the last bit.
func (inc Incremental) MarshalBinary() ([]byte, error) {
	d := 0
	if inc.m != nil {
		d = len(inc.m.mean)
	}
	return inc.AppendBinary(make([]byte, 0, stateHead+8*d+4*d*(d+1)))
}

// UnmarshalBinary makes inc what MarshalBinary was called on. It is an error, and inc stays
// as it is, when the bytes are anything else: another format or version, too few or too
// many, counts that do not fit each other, a number that is not finite, or a sum of squares
// below 0. The memory used is less than three times the input.
func (inc *Incremental) UnmarshalBinary(b []byte) error {
	if len(b) < stateHead || string(b[:len(stateMagic)]) != stateMagic {
		return errors.New("pca: not the state of an incremental fit")
	}
	if v := b[len(stateMagic)]; v != stateVersion {
		return fmt.Errorf("pca: state of an incremental fit of version %d, want %d", v, stateVersion)
	}
	n := binary.LittleEndian.Uint64(b[len(stateMagic)+1:])
	features := binary.LittleEndian.Uint64(b[len(stateMagic)+9:])
	if n > maxSamples || features > maxFeatures || (n == 0) != (features == 0) {
		return fmt.Errorf("pca: state of an incremental fit: %d samples with %d features", n, features)
	}
	b = b[stateHead:]
	if want := 8*features + 4*features*(features+1); uint64(len(b)) != want {
		return fmt.Errorf("pca: state of an incremental fit: %d bytes for %d features, want %d", len(b), features, want)
	}
	if n == 0 {
		inc.m = nil
		return nil
	}
	d := int(features)
	m := &moments{n: int(n), mean: make([]float64, d), scatter: make([]float64, d*d)}
	next := func(v []float64) {
		for i := range v {
			v[i] = math.Float64frombits(binary.LittleEndian.Uint64(b))
			b = b[8:]
		}
	}
	next(m.mean)
	if j, v := finite(m.mean); j >= 0 {
		return fmt.Errorf("pca: state of an incremental fit: mean %d is %v", j, v)
	}
	for i := range d {
		row := m.scatter[i*d+i : (i+1)*d]
		next(row)
		if j, v := finite(row); j >= 0 {
			return fmt.Errorf("pca: state of an incremental fit: scatter of %d and %d is %v", i, i+j, v)
		}
		if row[0] < 0 {
			return fmt.Errorf("pca: state of an incremental fit: scatter of %d is %v", i, row[0])
		}
	}
	inc.m = m
	return nil
}

// MarshalText is MarshalBinary in base64: what encoding/json writes as a string.
func (inc Incremental) MarshalText() ([]byte, error) {
	b, err := inc.MarshalBinary()
	return base64.StdEncoding.AppendEncode(nil, b), err
}

// UnmarshalText reads what MarshalText wrote; see [Incremental.UnmarshalBinary].
func (inc *Incremental) UnmarshalText(text []byte) error {
	b, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return fmt.Errorf("pca: state of an incremental fit: %w", err)
	}
	return inc.UnmarshalBinary(b)
}
