package checkpoint_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// Every checkpoint that testdata/export/checkpoint.py wrote holds, to the
// bit, what the script says it holds, in that order.
func TestGolden(t *testing.T) {
	want := golden.Open(t, "checkpoint/expected")
	files, err := filepath.Glob(golden.Path(t, "checkpoint", "*"))
	if err != nil {
		t.Fatal(err)
	}
	tested, tensors := 0, 0
	for _, path := range files {
		file := filepath.Base(path)
		if file == "expected.safetensors" || file == "halves.safetensors" {
			continue
		}
		t.Run(file, func(t *testing.T) {
			sd, err := checkpoint.Load(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			name := strings.TrimSuffix(strings.TrimSuffix(file, ".pth"), ".legacy")
			var order []string
			if err := json.Unmarshal([]byte(want.Metadata(name)), &order); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(sd.Names(), order) {
				t.Fatalf("names %q, want %q", sd.Names(), order)
			}
			for x := range sd.All() {
				y := want.Tensor(name + ":" + x.Name)
				if x.DType != y.DType || !slices.Equal(x.Shape, y.Shape) {
					t.Errorf("%s: %v %v, want %v %v", x.Name, x.DType, x.Shape, y.DType, y.Shape)
				} else if !bytes.Equal(x.Bytes(), y.Bytes()) {
					t.Errorf("%s: the elements differ from %v's", x.Name, y.DType)
				}
				tensors++
			}
		})
		tested++
	}
	if tested < 53 {
		t.Errorf("%d files, expected 53 or more", tested)
	}
	t.Logf("%d files, %d tensors, all equal", tested, tensors)
}

func TestGoldenMetadata(t *testing.T) {
	sd, err := checkpoint.Load(t.Context(), golden.Path(t, "checkpoint", "dtypes.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sd.Metadata["größe"], "a \"quoted\"\nline"; got != want || len(sd.Metadata) != 2 {
		t.Errorf("metadata %q, want %q under größe and a format", sd.Metadata, want)
	}
}

// Values that share a storage in the file share memory.
func TestSharedStorage(t *testing.T) {
	sd, err := checkpoint.Load(t.Context(), golden.Path(t, "checkpoint", "views.pth"))
	if err != nil {
		t.Fatal(err)
	}
	address := func(name string) *float32 {
		x, ok := sd.Get(name)
		if !ok {
			t.Fatalf("no %s", name)
		}
		v, err := x.Float32()
		if err != nil {
			t.Fatal(err)
		}
		again, _ := x.Float32()
		if &again[0] != &v[0] {
			t.Skip("a big-endian machine copies")
		}
		return &v[0]
	}
	if address("base") != address("same") {
		t.Error("base and same do not share memory")
	}
	base, _ := sd.Get("base")
	v, _ := base.Float32()
	if &v[16] != address("row") {
		t.Error("row is not within base")
	}
	if address("transposed") == address("base") {
		t.Error("the transposed tensor cannot share memory with base")
	}
}

func TestHalfGolden(t *testing.T) {
	f := golden.Open(t, "checkpoint/halves")
	for _, c := range []struct {
		from string
		to   checkpoint.DType
	}{
		{"f32", checkpoint.F16}, {"f32", checkpoint.BF16},
		{"f64", checkpoint.F16}, {"f64", checkpoint.BF16}, {"f64", checkpoint.F32},
	} {
		name := c.from + " to " + strings.ToLower(c.to.String())
		t.Run(name, func(t *testing.T) {
			var sd checkpoint.StateDict
			if err := sd.Add(f.Tensor(c.from)); err != nil {
				t.Fatal(err)
			}
			converted, err := sd.Convert(c.to)
			if err != nil {
				t.Fatal(err)
			}
			x, _ := converted.Get(c.from)
			if x.DType != c.to {
				t.Fatalf("type %v", x.DType)
			}
			in := f.Float64(c.from)
			got, want := x.Bytes(), f.Bytes(name)
			size, nans := c.to.Size(), 0
			if len(got) != len(want) || len(got) != size*len(in) {
				t.Fatalf("%d bytes, want %d", len(got), len(want))
			}
			values, err := x.Float32()
			if err != nil {
				t.Fatal(err)
			}
			for i := range in {
				if math.IsNaN(in[i]) {
					if nans++; !math.IsNaN(float64(values[i])) {
						t.Errorf("element %d: NaN became %v", i, values[i])
					}
					continue
				}
				if g, w := got[i*size:(i+1)*size], want[i*size:(i+1)*size]; !bytes.Equal(g, w) {
					t.Errorf("element %d, %v: bits %x, want %x", i, in[i], g, w)
				}
			}
			if nans == 0 {
				t.Error("no NaN was tested")
			}
		})
	}
}

// All 65536 values of both half types, widened.
func TestHalfWidening(t *testing.T) {
	f := golden.Open(t, "checkpoint/halves")
	raw := make([]byte, 2*65536)
	for i := range 65536 {
		binary.LittleEndian.PutUint16(raw[2*i:], uint16(i))
	}
	for dtype, name := range map[checkpoint.DType]string{checkpoint.F16: "float16", checkpoint.BF16: "bfloat16"} {
		x, err := checkpoint.NewTensor("x", dtype, []int{65536}, raw)
		if err != nil {
			t.Fatal(err)
		}
		values, err := x.Float32()
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		for _, v := range values {
			if v != v {
				v = 0
			}
			binary.Write(h, binary.LittleEndian, v)
		}
		if got, want := hex.EncodeToString(h.Sum(nil)), f.Metadata("sha256 of all "+name+" as float32, nan as 0"); got != want {
			t.Errorf("%s: sha256 %s, want %s", name, got, want)
		}
		// And back: the same bits, but that a NaN becomes quiet.
		y, err := checkpoint.NewFloat32("x", x.Shape, values)
		if err != nil {
			t.Fatal(err)
		}
		var sd checkpoint.StateDict
		sd.Add(y)
		back, err := sd.Convert(dtype)
		if err != nil {
			t.Fatal(err)
		}
		z, _ := back.Get("x")
		for i := range 65536 {
			got := binary.LittleEndian.Uint16(z.Bytes()[2*i:])
			want := uint16(i)
			if math.IsNaN(float64(values[i])) {
				want |= map[checkpoint.DType]uint16{checkpoint.F16: 1 << 9, checkpoint.BF16: 1 << 6}[dtype]
			}
			if got != want {
				t.Fatalf("%s: %04x came back as %04x", name, want, got)
			}
		}
	}
}
