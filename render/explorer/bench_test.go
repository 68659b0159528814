package explorer

import (
	"fmt"
	"image"
	"io"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// Writing 10,000 images of 32 x 32 pixels with maps, as of CIFAR-10.
func BenchmarkWrite(b *testing.B) {
	const n = 10_000
	random := rand.New(rand.NewPCG(1, 1))
	at := mat.NewDense(n, 2, nil)
	p := &Page{Layouts: []Layout{{At: at}}, Maps: []Method{{Name: "cam"}}, Classes: []string{"a", "b"}}
	images := make([]*image.RGBA, n)
	for i := range n {
		at.SetRow(i, []float64{random.NormFloat64(), random.NormFloat64()})
		images[i] = image.NewRGBA(image.Rect(0, 0, 32, 32))
		for k := range images[i].Pix {
			images[i].Pix[k] = uint8(k/32 + random.IntN(60))
			if k%4 == 3 {
				images[i].Pix[k] = 255
			}
		}
		m := Map{Width: 4, Height: 4}
		for range 16 {
			m.Levels = append(m.Levels, uint8(random.IntN(256)))
		}
		p.Maps[0].Maps = append(p.Maps[0].Maps, []Map{m})
		p.Names = append(p.Names, fmt.Sprint("test/", i))
		p.Probabilities = append(p.Probabilities, []float64{0.25, 0.75})
	}
	p.Images = func(i int) (image.Image, error) { return images[i], nil }
	for b.Loop() {
		if err := p.Write(b.Context(), io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
