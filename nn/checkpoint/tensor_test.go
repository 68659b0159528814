package checkpoint

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestNewTensorErrors(t *testing.T) {
	for _, c := range []struct {
		name  string
		dtype DType
		shape []int
		bytes int
		want  string
	}{
		{"no type", 0, nil, 0, "invalid DType(0)"},
		{"unknown type", Bool + 1, nil, 0, "invalid DType(14)"},
		{"too few bytes", F32, []int{2, 3}, 23, "takes 24 bytes, found 23"},
		{"too many bytes", F32, []int{2, 3}, 25, "takes 24 bytes, found 25"},
		{"scalar", F64, nil, 0, "takes 8 bytes, found 0"},
		{"negative", F32, []int{-1}, 0, "negative size"},
		{"negative behind zero", F32, []int{0, -1}, 0, "negative size"},
		{"overflow", I8, []int{math.MaxInt, 2}, 0, "overflows"},
		{"bytes overflow", F64, []int{math.MaxInt / 2}, 0, "overflows"},
		{"axes", F64, make([]int, 65), 0, "65 axes"},
	} {
		_, err := NewTensor(c.name, c.dtype, c.shape, make([]byte, c.bytes))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.name) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

func TestConstructorsShareMemory(t *testing.T) {
	if !littleEndian {
		t.Skip("a big-endian machine copies")
	}
	f32, f64, i64 := []float32{1, 2}, []float64{3, 4}, []int64{5, 6}
	a, err1 := NewFloat32("a", []int{2}, f32)
	b, err2 := NewFloat64("b", []int{2, 1}, f64)
	c, err3 := NewInt64("c", []int{1, 2}, i64)
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	va, _ := a.Float32()
	vb, _ := b.Float64()
	vc, _ := c.Int64()
	if &va[0] != &f32[0] || &vb[0] != &f64[0] || &vc[0] != &i64[0] {
		t.Error("a copy was made")
	}
}

// Bytes at any address give a tensor that can be read as numbers.
func TestMisalignedBytes(t *testing.T) {
	memory := alloc(64)
	for shift := range 8 {
		x, err := NewTensor("x", F64, []int{2}, append(memory[:shift:shift], make([]byte, 16)...)[shift:])
		if err != nil {
			t.Fatal(err)
		}
		y, err := NewTensor("y", F64, []int{2}, memory[shift:shift+16])
		if err != nil {
			t.Fatal(err)
		}
		for _, z := range []*Tensor{x, y} {
			if !aligned(z.Bytes(), 8) {
				t.Errorf("shift %d: misaligned", shift)
			}
			if v, err := z.Float64(); err != nil || !slices.Equal(v, []float64{0, 0}) {
				t.Errorf("shift %d: %v, %v", shift, v, err)
			}
		}
	}
}

func TestInt64(t *testing.T) {
	for d, c := range map[DType]struct {
		data []byte
		want []int64
	}{
		I8:   {[]byte{0x80, 0xff, 0x7f}, []int64{-128, -1, 127}},
		U8:   {[]byte{0x80, 0xff, 0x7f}, []int64{128, 255, 127}},
		I16:  {[]byte{0x00, 0x80, 0xfe, 0xff}, []int64{-32768, -2}},
		U16:  {[]byte{0x00, 0x80, 0xfe, 0xff}, []int64{32768, 65534}},
		I32:  {[]byte{0, 0, 0, 0x80}, []int64{math.MinInt32}},
		U32:  {[]byte{0, 0, 0, 0x80}, []int64{1 << 31}},
		I64:  {[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, []int64{-1}},
		U64:  {[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, []int64{math.MaxInt64}},
		Bool: {[]byte{0, 1, 2}, []int64{0, 1, 1}},
	} {
		x, err := NewTensor("x", d, []int{len(c.want)}, c.data)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := x.Int64(); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, %v; want %v", d, got, err, c.want)
		}
		if _, err := x.Float32(); err == nil || !strings.Contains(err.Error(), "expected a floating-point type, found "+d.String()) {
			t.Errorf("%v as float32: error %v", d, err)
		}
		if _, err := x.Float64(); err == nil {
			t.Errorf("%v as float64: no error", d)
		}
	}
	big, err := NewTensor("big", U64, []int{2}, append(make([]byte, 15), 0x80))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := big.Int64(); err == nil || !strings.Contains(err.Error(), "element 1 is 9223372036854775808") {
		t.Errorf("2^63: error %v", err)
	}
	f, err := NewFloat32("f", nil, []float32{1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Int64(); err == nil || !strings.Contains(err.Error(), "expected an integer type, found F32") {
		t.Errorf("F32 as int64: error %v", err)
	}
}

func TestEmptyTensors(t *testing.T) {
	for d := F16; d <= Bool; d++ {
		x, err := NewTensor("x", d, []int{3, 0}, nil)
		if err != nil || x.Len() != 0 {
			t.Fatalf("%v: %v", d, err)
		}
		if d.IsFloat() {
			v, err1 := x.Float32()
			w, err2 := x.Float64()
			if len(v)+len(w) != 0 || err1 != nil || err2 != nil {
				t.Errorf("%v: %v %v %v %v", d, v, w, err1, err2)
			}
		} else if v, err := x.Int64(); len(v) != 0 || err != nil {
			t.Errorf("%v: %v %v", d, v, err)
		}
	}
	if (&Tensor{}).Len() != 0 {
		t.Error("the zero Tensor has elements")
	}
}

func TestDTypeNames(t *testing.T) {
	for d := F16; d <= Bool; d++ {
		if got, ok := dtypeByName(d.String()); !ok || got != d {
			t.Errorf("%v is found as %v", d, got)
		}
	}
	if _, ok := dtypeByName(""); ok || DType(0).Size() != 0 || DType(200).String() != "DType(200)" {
		t.Error("an invalid type passes for a valid one")
	}
}

func TestStateDict(t *testing.T) {
	var s StateDict
	if s.Len() != 0 || len(s.Names()) != 0 {
		t.Error("the zero StateDict is not empty")
	}
	if _, ok := s.Get("x"); ok {
		t.Error("the zero StateDict has an x")
	}
	for _, name := range []string{"z", "a", "m"} {
		x, err := NewFloat32(name, []int{1}, []float32{1.5})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Add(x); err != nil {
			t.Fatal(err)
		}
		if s.Add(x) == nil {
			t.Errorf("a second %s: no error", name)
		}
	}
	if !slices.Equal(s.Names(), []string{"z", "a", "m"}) {
		t.Errorf("names %v", s.Names())
	}
	if s.Add(nil) == nil || s.Add(&Tensor{Name: "\xff"}) == nil {
		t.Error("an invalid tensor: no error")
	}
}

func TestConvert(t *testing.T) {
	s := sample(t)
	for _, d := range []DType{F16, BF16, F32, F64} {
		c, err := s.Convert(d)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(c.Names(), s.Names()) || len(c.Metadata) != len(s.Metadata) {
			t.Errorf("%v: names or metadata changed", d)
		}
		for x := range s.All() {
			y, _ := c.Get(x.Name)
			switch {
			case x.DType.IsFloat() && y.DType != d:
				t.Errorf("%s: still %v", x.Name, y.DType)
			case !x.DType.IsFloat() && y != x:
				t.Errorf("%s: not shared", x.Name)
			case !slices.Equal(x.Shape, y.Shape):
				t.Errorf("%s: shape %v", x.Name, y.Shape)
			}
		}
	}
	c, err := s.Convert(F16)
	if err != nil {
		t.Fatal(err)
	}
	c.Metadata["new"] = ""
	if _, ok := s.Metadata["new"]; ok {
		t.Error("the metadata is shared")
	}
	if _, err := s.Convert(I32); err == nil {
		t.Error("conversion to I32: no error")
	}
}

func TestStripPrefixes(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"a b", "a b"},
		{"module.a module.b", "a b"},
		{"module.a b", "module.a b"},
		{"_orig_mod.a _orig_mod.b", "a b"},
		{"module._orig_mod.module.a module._orig_mod.module.b", "a b"},
		{"module.module.a module.b", "module.a b"},
		{"n_averaged module.a module.b", "n_averaged a b"},
		{"module._orig_mod.a n_averaged", "a n_averaged"},
		{"n_averaged", "n_averaged"},
		{"module.n_averaged module.a", "n_averaged a"},
		{"module.a n_averaged b", "module.a n_averaged b"},
		{"module.", "module."},
		{"module.module.", "module."},
		{"modules.a modules.b", "modules.a modules.b"},
	} {
		var tensors []*Tensor
		for _, name := range strings.Fields(c.in) {
			tensors = append(tensors, &Tensor{Name: name})
		}
		stripPrefixes(tensors, nil)
		var got []string
		for _, x := range tensors {
			got = append(got, x.Name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q became %q, want %q", c.in, got, c.want)
		}
	}
}

// The byte order that the machine at hand does not have.
func TestSwapBytes(t *testing.T) {
	for size, want := range map[int]string{1: "abcdefgh", 2: "badcfehg", 4: "dcbahgfe", 8: "hgfedcba"} {
		b := []byte("abcdefgh")
		swapBytes(b, size)
		if string(b) != want {
			t.Errorf("size %d: %q, want %q", size, b, want)
		}
	}
	defer func(was bool) { littleEndian = was }(littleEndian)
	if littleEndian {
		littleEndian = false // now numbers are copied and swapped
		if got := decode[uint32]([]byte{1, 2, 3, 4, 5, 6, 7, 8}); !slices.Equal(got, []uint32{0x01020304, 0x05060708}) {
			t.Errorf("decoded %x", got)
		}
		if got := encode([]uint16{0x0102}); !slices.Equal(got, []byte{1, 2}) {
			t.Errorf("encoded %x", got)
		}
		if len(decode[float64](nil)) != 0 || len(encode[float64](nil)) != 0 {
			t.Error("nothing became something")
		}
	}
}
