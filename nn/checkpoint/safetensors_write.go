package checkpoint

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/glimpse-go/glimpse/internal/atomicfile"
)

// SaveSafetensors writes s to path as WriteSafetensors does; the file is
// whole or absent. Errors begin with the path. It stops with ctx's error, nothing
// written, when ctx ends.
func SaveSafetensors(ctx context.Context, path string, s *StateDict) error {
	return atomicfile.Write(ctx, path, func(w io.Writer) error { return WriteSafetensors(w, s) })
}

// WriteSafetensors writes s in the safetensors format. The header lists the
// tensors in their order; the data lies by falling element size, so that with
// a header padded to 8 bytes, as the reference library does, every tensor is
// aligned. The same state dict gives the same bytes. A tensor named
// "__metadata__" is an error, as the format has no place for it.
func WriteSafetensors(w io.Writer, s *StateDict) error {
	inFile := slices.Clone(s.tensors)
	slices.SortStableFunc(inFile, func(x, y *Tensor) int { return cmp.Compare(y.DType.Size(), x.DType.Size()) })
	begin := make(map[*Tensor]int, len(inFile))
	n := 0
	for _, t := range inFile {
		begin[t] = n
		n += len(t.data)
	}
	header, err := safetensorsHeader(s, begin)
	if err != nil {
		return err
	}
	if err := binary.Write(w, binary.LittleEndian, uint64(len(header))); err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range inFile {
		if _, err := w.Write(t.data); err != nil {
			return err
		}
	}
	return nil
}

func safetensorsHeader(s *StateDict, begin map[*Tensor]int) ([]byte, error) {
	buf := bytes.NewBufferString("{")
	str := func(s string) {
		quoted, _ := json.Marshal(s) // a string always has a JSON form
		buf.Write(quoted)
	}
	if len(s.Metadata) > 0 {
		buf.WriteString(`"` + metadataKey + `":{`)
		for i, key := range slices.Sorted(maps.Keys(s.Metadata)) {
			if i > 0 {
				buf.WriteByte(',')
			}
			str(key)
			buf.WriteByte(':')
			str(s.Metadata[key])
		}
		buf.WriteByte('}')
	}
	for _, t := range s.tensors {
		if t.Name == metadataKey {
			return nil, fmt.Errorf("tensor %s: the safetensors format reserves this name", quote(t.Name))
		}
		if want, err := byteSize(t.DType, t.Shape); err != nil || want != len(t.data) {
			return nil, fmt.Errorf("tensor %s: %d bytes of data do not fit %v of shape %v", quote(t.Name), len(t.data), t.DType, t.Shape)
		}
		if buf.Len() > 1 {
			buf.WriteByte(',')
		}
		str(t.Name)
		shape, _ := json.Marshal(append([]int{}, t.Shape...)) // [] rather than null
		fmt.Fprintf(buf, `:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, t.DType, shape, begin[t], begin[t]+len(t.data))
	}
	buf.WriteByte('}')
	for buf.Len()%8 != 0 {
		buf.WriteByte(' ')
	}
	if buf.Len() > maxHeader {
		return nil, fmt.Errorf("the names take a header of %d bytes, more than the format's %d", buf.Len(), maxHeader)
	}
	return buf.Bytes(), nil
}
