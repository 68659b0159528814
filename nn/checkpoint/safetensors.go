package checkpoint

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/glimpse-go/glimpse/internal/budget"
)

// maxHeader is the reference reader's cap on a safetensors header, in bytes.
const maxHeader = 100_000_000

// metadataKey is the header's entry that is no tensor.
const metadataKey = "__metadata__"

// A placed tensor is one whose data lies at [begin, end) of the data section.
type placed struct {
	*Tensor
	begin, end int
	foreign    string // the name of an element type that Go lacks
}

// readSafetensors reads the format of github.com/huggingface/safetensors: the
// length of the header as 8 bytes little-endian, the header in JSON, the
// data. It accepts what the reference reader accepts, save for unknown fields, and passes
// over tensors of element types that Go lacks.
func readSafetensors(r io.ReaderAt, size int64, b *budget.Budget) (*StateDict, error) {
	var length [8]byte
	if size < 8 {
		return nil, fmt.Errorf("expected 8 bytes of header length, found %d bytes in all", size)
	}
	if err := readAt(r, length[:], 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader {
		return nil, fmt.Errorf("offset 0: a header of %d bytes, expected at most %d", n, maxHeader)
	}
	if int64(n) > size-8 {
		return nil, fmt.Errorf("offset 0: a header of %d bytes, but the file has only %d more", n, size-8)
	}
	header, err := bookedAlloc(b, int(n))
	if err != nil {
		return nil, err
	}
	if err := readAt(r, header, 8); err != nil {
		return nil, err
	}
	tensors, metadata, err := parseHeader(header, b)
	if err != nil {
		return nil, err
	}
	begin := 8 + int64(n)
	if err := checkPlaces(tensors, int(size-begin), b); err != nil {
		return nil, err
	}
	data, err := bookedAlloc(b, int(size-begin))
	if err != nil {
		return nil, err
	}
	if err := readParallel(r, data, begin); err != nil {
		return nil, err
	}
	if err := b.Take(len(tensors) * tensorPlace); err != nil {
		return nil, err
	}
	s := newStateDict(len(tensors))
	s.Metadata = metadata
	for _, t := range tensors {
		if t.foreign != "" {
			if s.Skipped, err = budget.Grow(b, s.Skipped, 1); err != nil {
				return nil, err
			}
			s.Skipped = append(s.Skipped, Skipped{t.Name, t.foreign, t.Shape})
			continue
		}
		t.data = data[t.begin:t.end:t.end]
		if !aligned(t.data, t.DType.Size()) {
			c, err := bookedAlloc(b, len(t.data))
			if err != nil {
				return nil, fmt.Errorf("tensor %s: %w", quote(t.Name), err)
			}
			copy(c, t.data)
			t.data = c
		}
		if err := s.Add(t.Tensor); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// checkPlaces demands that the tensors' places are of the size that type and
// shape say, and together cover [0, size) without holes or overlaps.
func checkPlaces(tensors []placed, size int, b *budget.Budget) error {
	for _, t := range tensors {
		if t.begin > t.end || t.end > size {
			return fmt.Errorf("tensor %s: data_offsets [%d, %d] are outside the %d bytes of data", quote(t.Name), t.begin, t.end, size)
		}
		if t.foreign != "" {
			continue
		}
		want, err := byteSize(t.DType, t.Shape)
		if err != nil {
			return fmt.Errorf("tensor %s: %w", quote(t.Name), err)
		}
		if want != t.end-t.begin {
			return fmt.Errorf("tensor %s: %v of shape %v takes %d bytes, but its data_offsets [%d, %d] hold %d",
				quote(t.Name), t.DType, t.Shape, want, t.begin, t.end, t.end-t.begin)
		}
	}
	inFile, err := budget.Grow(b, []placed(nil), len(tensors))
	if err != nil {
		return err
	}
	inFile = append(inFile, tensors...)
	slices.SortFunc(inFile, func(x, y placed) int {
		return cmp.Or(cmp.Compare(x.begin, y.begin), cmp.Compare(x.end, y.end))
	})
	last := 0
	for i, t := range inFile {
		switch {
		case t.begin < last:
			return fmt.Errorf("tensor %s: its data begins at %d, inside that of tensor %s, which ends at %d", quote(t.Name), t.begin, quote(inFile[i-1].Name), last)
		case t.begin > last:
			return fmt.Errorf("tensor %s: its data begins at %d, expected %d: the bytes between belong to no tensor", quote(t.Name), t.begin, last)
		}
		last = t.end
	}
	if last != size {
		return fmt.Errorf("the tensors take %d bytes of data, found %d", last, size)
	}
	return nil
}

// parseHeader reads the header's JSON: an object of tensors and, perhaps,
// metadata. Offsets in errors are those of the file.
func parseHeader(header []byte, b *budget.Budget) (tensors []placed, metadata map[string]string, err error) {
	p := &headerScanner{buf: header, base: 8, what: "header", budget: b}
	err = p.object(func(name string) error {
		if name == metadataKey {
			if metadata != nil {
				return errors.New("a second " + metadataKey)
			}
			metadata, err = p.metadata()
			return err
		}
		t, err := p.tensor(name)
		if err != nil {
			return fmt.Errorf("tensor %s: %w", quote(name), err)
		}
		if tensors, err = budget.Grow(b, tensors, 1); err != nil {
			return err
		}
		tensors = append(tensors, t)
		return nil
	})
	if err == nil {
		err = p.end()
	}
	return tensors, metadata, err
}
