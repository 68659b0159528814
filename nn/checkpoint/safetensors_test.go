package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sample is a state dict of every type, in an order that the file's layout
// has to change.
func sample(t testing.TB) *StateDict {
	t.Helper()
	s := &StateDict{Metadata: map[string]string{"format": "pt", "a \"key\"\n": "größe\x7f<&>"}}
	for d := F16; d <= Bool; d++ {
		for _, shape := range [][]int{{3}, {}, {0, 2}, {1, 5}} {
			n, err := byteSize(d, shape)
			if err != nil {
				t.Fatal(err)
			}
			data := make([]byte, n)
			for i := range data {
				data[i] = byte(i % 2)
			}
			x, err := NewTensor(fmt.Sprint(d, shape), d, shape, data)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Add(x); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s
}

// requireEqual demands the same metadata and tensors, in the same order.
func requireEqual(t testing.TB, got, want *StateDict) {
	t.Helper()
	if !maps.Equal(got.Metadata, want.Metadata) {
		t.Errorf("metadata %q, want %q", got.Metadata, want.Metadata)
	}
	if !slices.Equal(got.Names(), want.Names()) {
		t.Fatalf("names %q, want %q", got.Names(), want.Names())
	}
	for x := range want.All() {
		y, ok := got.Get(x.Name)
		if !ok || y.DType != x.DType || !slices.Equal(y.Shape, x.Shape) || !bytes.Equal(y.Bytes(), x.Bytes()) || y.Len() != x.Len() {
			t.Errorf("%s: %v %v, want %v %v and the same bytes", x.Name, y.DType, y.Shape, x.DType, x.Shape)
		}
	}
}

func TestSafetensorsRoundTrip(t *testing.T) {
	for name, s := range map[string]*StateDict{"sample": sample(t), "empty": {}, "metadata alone": {Metadata: map[string]string{"a": ""}}} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x")
			if err := SaveSafetensors(t.Context(), path, s); err != nil {
				t.Fatal(err)
			}
			got, err := Load(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			requireEqual(t, got, s)
			var a, b bytes.Buffer
			if err := errors.Join(WriteSafetensors(&a, s), WriteSafetensors(&b, got)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(a.Bytes(), b.Bytes()) {
				t.Error("the same state dict gives other bytes when written again")
			}
		})
	}
}

// The layout is what the reference library demands of a file, and what it
// gives to its own: a header of a multiple of 8 bytes, each tensor aligned.
func TestSafetensorsLayout(t *testing.T) {
	var buf bytes.Buffer
	s := sample(t)
	if err := WriteSafetensors(&buf, s); err != nil {
		t.Fatal(err)
	}
	file := buf.Bytes()
	n := binary.LittleEndian.Uint64(file)
	if n%8 != 0 || file[8] != '{' {
		t.Errorf("a header of %d bytes that begins with %q", n, file[8])
	}
	var header map[string]json.RawMessage
	if err := json.Unmarshal(file[8:8+n], &header); err != nil {
		t.Fatal(err)
	}
	total := 0
	for x := range s.All() {
		var e struct {
			DType   string `json:"dtype"`
			Shape   []int  `json:"shape"`
			Offsets []int  `json:"data_offsets"`
		}
		if err := json.Unmarshal(header[x.Name], &e); err != nil {
			t.Fatal(err)
		}
		if e.DType != x.DType.String() || e.Shape == nil || !slices.Equal(e.Shape, x.Shape) {
			t.Errorf("%s: %s %v", x.Name, e.DType, e.Shape)
		}
		if e.Offsets[0]%x.DType.Size() != 0 {
			t.Errorf("%s: %v at %d is not aligned", x.Name, x.DType, e.Offsets[0])
		}
		if !bytes.Equal(file[8+int(n)+e.Offsets[0]:8+int(n)+e.Offsets[1]], x.Bytes()) {
			t.Errorf("%s: other bytes", x.Name)
		}
		total += len(x.Bytes())
	}
	if len(file) != 8+int(n)+total || len(header) != s.Len()+1 {
		t.Errorf("%d bytes and %d entries, want %d and %d", len(file), len(header), 8+int(n)+total, s.Len()+1)
	}
}

type brokenWriter struct{ left int }

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

func TestWriteErrors(t *testing.T) {
	s := sample(t)
	var whole bytes.Buffer
	if err := WriteSafetensors(&whole, s); err != nil {
		t.Fatal(err)
	}
	for n := range whole.Len() {
		if err := WriteSafetensors(&brokenWriter{n}, s); !errors.Is(err, io.ErrShortWrite) {
			t.Fatalf("a writer that takes %d bytes: error %v", n, err)
		}
	}
	x, err := NewFloat32("__metadata__", []int{1}, []float32{1})
	if err != nil {
		t.Fatal(err)
	}
	bad := &StateDict{}
	if err := bad.Add(x); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	if err := SaveSafetensors(t.Context(), path, bad); err == nil || !strings.Contains(err.Error(), "reserves this name") || !strings.Contains(err.Error(), path) {
		t.Errorf("a tensor named __metadata__: error %v", err)
	}
	x.Name, x.Shape = "x", []int{2}
	if err := SaveSafetensors(t.Context(), path, &StateDict{tensors: []*Tensor{x}}); err == nil || !strings.Contains(err.Error(), "do not fit") {
		t.Errorf("a shape changed from outside: error %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("failed writes left %v", left)
	}
	if err := SaveSafetensors(t.Context(), filepath.Join(dir, "absent", "x"), s); err == nil {
		t.Error("a folder that does not exist: no error")
	}
}
