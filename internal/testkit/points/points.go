// Package points makes the points that tests and benchmarks of layouts share, from
// the numbers of package golden.
package points

import (
	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// Clusters returns n points in d dimensions, in so many groups: the inputs of
// testdata/export/tsne.py.
func Clusters(n, d, groups int) *mat.Dense {
	centres := golden.Uniform("tsne.centres", groups*d, 3)
	noise := golden.Uniform("tsne.noise", n*d, 1)
	x := mat.NewDense(n, d, nil)
	for i := range n {
		for j := range d {
			x.Set(i, j, float64(centres[i%groups*d+j])+float64(noise[i*d+j]))
		}
	}
	return x
}

// A Layout is N points of Dims coordinates each, row by row.
type Layout struct {
	N, Dims int
	Y       []float64
}

// At returns point i, the coordinates beyond its dimensions 0.
func (l Layout) At(i int) (p [3]float64) {
	copy(p[:], l.Y[i*l.Dims:(i+1)*l.Dims])
	return p
}

// Uniform returns a layout of coordinates within the bound, that of the name.
func Uniform(name string, n, dims int, bound float64) Layout {
	l := Layout{N: n, Dims: dims}
	for _, v := range golden.Uniform("tsne.layout."+name, n*dims, bound) {
		l.Y = append(l.Y, float64(v))
	}
	return l
}

// Lumps returns n points in 10 lumps, as a layout ends up.
func Lumps(n, dims int) Layout {
	l := Uniform("bench", n, dims, 8)
	centres := golden.Uniform("tsne.layout.bench.centres", 10*dims, 60)
	for i := range l.Y {
		l.Y[i] += float64(centres[i/dims%10*dims+i%dims])
	}
	return l
}

// FarOff returns n x d numbers far from the origin, some rows twice.
func FarOff(name string, n, d int) *mat.Dense {
	x := mat.NewDense(n, d, nil)
	for i, v := range golden.Uniform(name, n*d, 1) {
		x.RawMatrix().Data[i] = 1000 + float64(v)
	}
	for i := 0; i+9 < n; i += 50 {
		x.SetRow(i+9, x.RawRowView(i))
	}
	return x
}
