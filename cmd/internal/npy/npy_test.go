package npy_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// Files that NumPy wrote: each holds -3, -2, ... (0, 1, ... if unsigned; i%3 != 0
// for booleans) over its shape, row-major whatever its order on disk.
func TestNumPyFiles(t *testing.T) {
	paths, err := filepath.Glob(golden.Path(t, "npy", "*.npy"))
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d files, error %v", len(paths), err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".npy")
		a, err := npy.Load(t.Context(), path)
		if strings.HasPrefix(name, "refused-") {
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: error %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.Contains(name, "_") || a.IsText() {
			continue // they have tests of their own
		}
		var shape []int // kind_1x2x3[_note]
		fields := strings.Split(name, "_")
		for _, d := range strings.Split(fields[1], "x") {
			var n int
			if _, err := fmt.Sscan(d, &n); err == nil {
				shape = append(shape, n)
			}
		}
		if !slices.Equal(a.Shape, shape) {
			t.Errorf("%s: shape %v", name, a.Shape)
		}
		n := 1
		for _, d := range shape {
			n *= d
		}
		want := make([]float64, n)
		for i := range want {
			switch {
			case strings.HasPrefix(name, "bool"):
				want[i] = float64(min(i%3, 1))
			case strings.HasPrefix(name, "u"):
				want[i] = float64(i)
			case strings.HasPrefix(name, "float"):
				want[i] = float64(i-3) + 0.25
			default:
				want[i] = float64(i - 3)
			}
		}
		if got := a.Float64s(); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		ints, err := a.Int64s()
		if isFloat := strings.HasPrefix(name, "float"); isFloat != (err != nil) {
			t.Errorf("%s: Int64s: error %v", name, err)
		}
		for i, v := range ints {
			if float64(v) != want[i] {
				t.Errorf("%s: integers %v, want %v", name, ints, want)
				break
			}
		}
	}
}

// What Save writes is, byte for byte, what numpy.save writes, and comes back.
func TestSave(t *testing.T) {
	f32 := make([]float32, 10)
	for i := range f32 {
		f32[i] = float32(i-3) + 0.25
	}
	f64 := []float64{-2.75, -1.75, -0.75, 0.25, 1.25, 2.25}
	i64 := []int64{-3, -2, -1, 0, 1, 2, 3}
	for name, save := range map[string]func(path string) error{
		"float32_5x2":   func(p string) error { return npy.Save(t.Context(), p, []int{5, 2}, f32) },
		"float64_1x2x3": func(p string) error { return npy.Save(t.Context(), p, []int{1, 2, 3}, f64) },
		"int64_7":       func(p string) error { return npy.Save(t.Context(), p, []int{7}, i64) },
		"float64_":      func(p string) error { return npy.Save(t.Context(), p, nil, f64[:1]) },
		"float32_0x4":   func(p string) error { return npy.Save(t.Context(), p, []int{0, 4}, []float32{}) },
	} {
		path := filepath.Join(t.TempDir(), "x.npy")
		if err := save(path); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(golden.Path(t, "npy", name+".npy"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: wrote %q, NumPy writes %q", name, got, want)
		}
	}
	if err := npy.Save(t.Context(), filepath.Join(t.TempDir(), "x.npy"), []int{2, 2}, i64); err == nil {
		t.Error("7 elements filled 2 x 2")
	}
	if err := npy.Write(io.Discard, make([]int, 65), i64[:0]); err == nil {
		t.Error("wrote 65 dimensions")
	}
	long := make([]float64, 20_001)
	for i := range long {
		long[i] = math.Sqrt(float64(i))
	}
	var b bytes.Buffer
	if err := npy.Write(&b, []int{20_001}, long); err != nil {
		t.Fatal(err)
	}
	a, err := npy.Read(&b, int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.Float64s(), long) {
		t.Error("a long array comes back changed")
	}
}

// file returns a .npy file with the given header and data.
func file(version byte, header string, data int) []byte {
	b := append([]byte("\x93NUMPY"), version, 0)
	if version == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(header)))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(header)))
	}
	return append(append(b, header...), make([]byte, data)...)
}

func dict(descr, order, shape string) string {
	return fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", descr, order, shape)
}

func TestHostile(t *testing.T) {
	const f8 = "<f8"
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"no file":         {nil, "no NumPy array"},
		"magic":           {[]byte("\x93NUMPX\x01\x00"), "no NumPy array"},
		"version":         {file(4, dict(f8, "False", "(1,)"), 8), "version 4.0"},
		"no length":       {[]byte("\x93NUMPY\x02\x00\x01"), "truncated"},
		"long header":     {append([]byte("\x93NUMPY\x03\x00"), 0xff, 0xff, 0xff, 0xff), "header of 4294967295"},
		"past the end":    {append([]byte("\x93NUMPY\x01\x00"), 200, 0, '{'), "header of 200"},
		"object":          {file(1, dict("|O", "False", "(1,)"), 8), "Python objects"},
		"long text":       {file(1, dict("<U5000", "False", "(1,)"), 16), "want an array of numbers"},
		"no text":         {file(1, dict("<U0", "False", "(1,)"), 0), "no bytes"},
		"complex":         {file(1, dict("<c8", "False", "(1,)"), 8), "want an array of numbers"},
		"no type":         {file(1, dict("<", "False", "(1,)"), 8), "of type"},
		"i3":              {file(1, dict("<i3", "False", "(1,)"), 3), "want an array of numbers"},
		"record":          {file(1, "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }", 8), "save one field"},
		"f16":             {file(1, dict("<f16", "False", "(1,)"), 16), "<f16\" are not supported"},
		"b8":              {file(1, dict("<b8", "False", "(1,)"), 8), "b8\" are not supported"},
		"no dict":         {file(1, "garbage", 8), "expected a literal"},
		"text":            {file(1, "'garbage'", 8), "expected a dict"},
		"empty":           {file(1, "  \n", 8), "it ends early"},
		"negative":        {file(1, dict(f8, "False", "(-1,)"), 8), "-1 is out of range"},
		"large":           {file(1, dict(f8, "False", "(2147483648,)"), 8), "2147483648 is out of range"},
		"shape of texts":  {file(1, dict(f8, "False", "('1',)"), 8), "1 is out of range"},
		"shape is a 1":    {file(1, dict(f8, "False", "(1)"), 8), "expected a dict"},
		"no shape":        {file(1, "{'descr': '<f8', 'fortran_order': False}", 8), "expected a dict"},
		"a key too many":  {file(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'x': 1}", 8), "expected a dict"},
		"order is a 0":    {file(1, dict(f8, "0", "(1,)"), 8), "expected a dict"},
		"no comma":        {file(1, "{'descr': '<f8' 'fortran_order': False, 'shape': (1,)}", 8), "expected a comma"},
		"no comma inside": {file(1, dict(f8, "False", "(1 2)"), 8), "expected a comma"},
		"keys":            {file(1, "{1: 2}", 8), "keys are no texts"},
		"no colon":        {file(1, "{'descr'}", 8), "keys are no texts"},
		"no end":          {file(1, "{'descr': '<f8", 8), "plain text"},
		"escape":          {file(1, "{'descr': '\\x3cf8', 'fortran_order': False, 'shape': (1,)}", 8), "plain text"},
		"deep":            {file(1, dict(f8, "False", "((((((1,),),),),),)"), 8), "too deep"},
		"more":            {file(1, dict(f8, "False", "(1,)")+"x", 8), "after the end"},
		"expression":      {file(1, dict(f8, "False", "(1+0,)"), 8), "expected a literal"},
		"short":           {file(1, dict(f8, "False", "(2,)"), 15), "15 bytes of data are too few"},
		"surplus":         {file(1, dict(f8, "False", "(2,)"), 17), "want 16"},
		"overflow":        {file(1, dict(f8, "False", "(2147483647, 2147483647, 2147483647)"), 8), "too few"},
		"wraps to 8":      {file(1, dict(f8, "False", "(2147483647, 2, 2147483647, 2)"), 8), "too few"},
		"64 bits":         {file(1, dict(f8, "False", "(18446744073709551617,)"), 8), "out of range"},
		"zero and huge":   {file(1, dict(f8, "False", "(0, 18446744073709551617)"), 0), "out of range"},
		"many dimensions": {file(2, dict(f8, "False", "("+strings.Repeat("1, ", 65)+")"), 8), "more than 64 dimensions"},
		"many items":      {file(2, dict(f8, "False", "("+strings.Repeat("1, ", 20000)+")"), 8), "more than 100 items"},
		"many keys":       {file(2, "{"+strings.Repeat("'x': 1, ", 101)+"'y': 2}", 8), "expected a dict"},
	} {
		a, err := npy.Read(bytes.NewReader(c.data), int64(len(c.data)))
		if a != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
	// A size that promises more than comes.
	b := file(1, dict(f8, "False", "(2,)"), 8)
	if _, err := npy.Read(bytes.NewReader(b), int64(len(b)+8)); err == nil || !strings.Contains(err.Error(), "data") {
		t.Errorf("truncated data: error %v", err)
	}
	big := file(1, dict("<u8", "False", "(1,)"), 0)
	big = binary.LittleEndian.AppendUint64(big, 1<<63)
	a, err := npy.Read(bytes.NewReader(big), int64(len(big)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Int64s(); err == nil || a.Float64s()[0] != 1<<63 {
		t.Errorf("2^63: error %v, float %v", err, a.Float64s())
	}
	if _, err := npy.Load(t.Context(), t.TempDir()); err == nil {
		t.Error("loaded a folder")
	}
	if _, err := npy.Load(t.Context(), filepath.Join(t.TempDir(), "absent.npy")); err == nil || !strings.Contains(err.Error(), "absent.npy") {
		t.Errorf("absent: error %v", err)
	}
}
