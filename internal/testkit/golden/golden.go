// Package golden gives tests the values that other programs computed: the
// files under testdata/golden, which the scripts under testdata/export wrote,
// and the deterministic numbers that both sides generate instead of storing.
package golden

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// A File is an open golden file. Each of its methods ends the test when a
// tensor is absent or of another type.
type File struct {
	t    testing.TB
	name string
	sd   *checkpoint.StateDict
}

// Open reads testdata/golden/<name> of the repository, from whichever folder
// the test runs in. A name without an extension gets .safetensors.
func Open(t testing.TB, name string) *File {
	t.Helper()
	if filepath.Ext(name) == "" {
		name += ".safetensors"
	}
	return OpenFile(t, Path(t, name))
}

// OpenFile reads a golden file that lies anywhere.
func OpenFile(t testing.TB, path string) *File {
	t.Helper()
	sd, err := checkpoint.Load(t.Context(), path)
	if err != nil {
		t.Fatalf("golden: %v", err)
	}
	return &File{t, filepath.Base(path), sd}
}

// Path returns the path of testdata/golden/<elem...>.
func Path(t testing.TB, elem ...string) string {
	t.Helper()
	return filepath.Join(append([]string{root(t), "testdata", "golden"}, elem...)...)
}

// SharedData returns the path of <elem...> in the folder ../shared/data
// beside the repository, where large data sets may lie, and skips the test
// when it is absent.
func SharedData(t testing.TB, elem ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{root(t), "..", "shared", "data"}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no shared data: %v", err)
	}
	return path
}

// root returns the repository's root: the folder above with the go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatalf("golden: %v", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("golden: no go.mod in this folder or above")
		}
		dir = parent
	}
}

// Tensor returns the named tensor.
func (f *File) Tensor(name string) *checkpoint.Tensor {
	f.t.Helper()
	x, ok := f.sd.Get(name)
	if !ok {
		f.t.Fatalf("golden: %s has no tensor %q", f.name, name)
	}
	return x
}

// Float32 returns the elements of a floating-point tensor.
func (f *File) Float32(name string) []float32 {
	f.t.Helper()
	v, err := f.Tensor(name).Float32()
	if err != nil {
		f.t.Fatalf("golden: %s: %v", f.name, err)
	}
	return v
}

// Float64 returns the elements of a floating-point tensor.
func (f *File) Float64(name string) []float64 {
	f.t.Helper()
	v, err := f.Tensor(name).Float64()
	if err != nil {
		f.t.Fatalf("golden: %s: %v", f.name, err)
	}
	return v
}

// Int64 returns the elements of an integer or boolean tensor.
func (f *File) Int64(name string) []int64 {
	f.t.Helper()
	v, err := f.Tensor(name).Int64()
	if err != nil {
		f.t.Fatalf("golden: %s: %v", f.name, err)
	}
	return v
}

// Bytes returns the raw little-endian bytes of a tensor of any type.
func (f *File) Bytes(name string) []byte {
	f.t.Helper()
	return f.Tensor(name).Bytes()
}

// Shape returns the shape of a tensor.
func (f *File) Shape(name string) []int {
	f.t.Helper()
	return f.Tensor(name).Shape
}

// Metadata returns what the export script recorded under key: settings, and
// the versions of the programs that it ran.
func (f *File) Metadata(key string) string {
	f.t.Helper()
	v, ok := f.sd.Metadata[key]
	if !ok {
		f.t.Fatalf("golden: %s has no metadata %q", f.name, key)
	}
	return v
}

// MetadataOr returns the metadata of a key, or what is given where there is none.
func (f *File) MetadataOr(key, otherwise string) string {
	if v, ok := f.sd.Metadata[key]; ok {
		return v
	}
	return otherwise
}

// Names returns the names of all tensors, in the order of the file.
func (f *File) Names() []string { return f.sd.Names() }

// Uniform returns the n numbers in [-bound, bound) that belong to name. The
// function of the same name in testdata/export/gen.py gives the same bits, so
// weights and inputs of any size need not be stored: the FNV-1a hash of the
// name seeds SplitMix64 (Steele, Lea and Flood 2014), whose upper 24 bits make
// each number.
func Uniform(name string, n int, bound float64) []float32 {
	seed := uint64(0xcbf29ce484222325)
	for i := range len(name) {
		seed = (seed ^ uint64(name[i])) * 0x100000001b3
	}
	out := make([]float32, n)
	for i := range out {
		seed += 0x9e3779b97f4a7c15
		z := seed
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
		u := float64(z>>40)/(1<<23) - 1
		out[i] = float32(u * bound)
	}
	return out
}

// MaxAbsDiff returns the largest |got-want|. It ends the test when the
// lengths differ or an element is NaN on either side; equal infinities do not
// differ.
func MaxAbsDiff[T float32 | float64](t testing.TB, got, want []T) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d elements, want %d", len(got), len(want))
	}
	worst := 0.0
	for i := range got {
		if got[i] == want[i] {
			continue
		}
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if math.IsNaN(d) {
			t.Fatalf("element %d: got %v, want %v", i, got[i], want[i])
		}
		worst = max(worst, d)
	}
	return worst
}

// Relative returns max|got-want| / max|want|, with the demands of MaxAbsDiff.
// Where want is all zeros it is 0 if got is too, and infinity if not.
func Relative[T float32 | float64](t testing.TB, got, want []T) float64 {
	t.Helper()
	d := MaxAbsDiff(t, got, want)
	if d == 0 {
		return 0
	}
	scale := 0.0
	for _, x := range want {
		scale = max(scale, math.Abs(float64(x)))
	}
	return d / scale
}
