package npy_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

// Whatever Read accepts fills its shape, and survives writing and reading.
func FuzzRead(f *testing.F) {
	paths, _ := filepath.Glob(golden.Path(f, "npy", "*.npy"))
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		// Cut and bent where its parts begin.
		header := bytes.IndexByte(b, '{')
		at := []int{0, 6, 7, 8, 9, header, len(b) / 2, len(b) - 1}
		for _, part := range []string{"descr", "'<", "'fortran_order", "False", "True", "'shape", "(", ")", "}", "\n"} {
			if i := bytes.Index(b, []byte(part)); i >= 0 {
				at = append(at, i, i+len(part))
			}
		}
		for _, i := range at {
			if i < 0 || i >= len(b) {
				continue
			}
			bent := bytes.Clone(b)
			bent[i] ^= 0x1f
			f.Add(b[:i])
			f.Add(bent)
			f.Add(slices.Concat(b[:i], b[i+1:]))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var a *npy.Array
		var err error
		promise.Keep(t, len(data), 0, func() { a, err = npy.Read(bytes.NewReader(data), int64(len(data))) })
		if err != nil {
			return
		}
		v := a.Float64s()
		n := 1
		for _, d := range a.Shape {
			n *= d
		}
		if n != len(v) || n != a.Len() {
			t.Fatalf("%d elements of shape %v", len(v), a.Shape)
		}
		var b bytes.Buffer
		if err := npy.Write(&b, a.Shape, v); err != nil {
			t.Fatal(err)
		}
		again, err := npy.Read(&b, int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(again.Float64s(), v, func(x, y float64) bool { return x == y || x != x && y != y }) || !slices.Equal(again.Shape, a.Shape) {
			t.Fatalf("%v came back as %v", v, again.Float64s())
		}
		// An error or not, but no panic.
		_, _ = a.Int64s()
	})
}
