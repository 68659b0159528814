package metrics

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/glimpse-go/glimpse/cam/internal/perturb"
)

// A Curve is how the score of an image changes as its pixels go or come.
type Curve struct {
	Fractions []float64 // of the pixels, from 0 to 1
	Scores    []float64
}

// Area is the area under the curve, by trapezoids.
func (c Curve) Area() float64 {
	sum := 0.0
	for i := 1; i < len(c.Scores); i++ {
		sum += (c.Fractions[i] - c.Fractions[i-1]) * (c.Scores[i] + c.Scores[i-1]) / 2
	}
	return sum
}

// CurveOptions say how [Deletion] and [Insertion] go. The zero value is theirs.
type CurveOptions struct {
	Steps int // 0 means 20
	// Blank makes the image without pixels, channels x height x width: where deletion ends
	// and insertion begins. Default: 0 of the normalised input for deletion, [Blurred] for
	// insertion.
	Blank func(image []float32, channels, height, width int) []float32
}

// Deletion takes the pixels away from the most relevant on (Petsiuk et al., "RISE:
// Randomized input sampling for explanation of black-box models", BMVC 2018, section 4.3).
// A small area is good. Equal pixels go in reading order.
func Deletion(ctx context.Context, b Batch, opt CurveOptions) ([]Curve, error) {
	if opt.Blank == nil {
		opt.Blank = func(image []float32, _, _, _ int) []float32 { return make([]float32, len(image)) }
	}
	return curves(ctx, b, opt, true)
}

// Insertion puts the pixels onto the blank image from the most relevant on (Petsiuk et al.
// 2018). A large area is good.
func Insertion(ctx context.Context, b Batch, opt CurveOptions) ([]Curve, error) {
	if opt.Blank == nil {
		opt.Blank = Blurred
	}
	return curves(ctx, b, opt, false)
}

func curves(ctx context.Context, b Batch, opt CurveOptions, deletion bool) ([]Curve, error) {
	steps := opt.Steps
	if steps == 0 {
		steps = 20
	}
	if steps < 1 {
		return nil, fmt.Errorf("metrics: a curve of %d steps", steps)
	}
	s, err := b.subject(ctx)
	if err != nil {
		return nil, err
	}
	shape := s.Input.Shape
	each := (s.area + steps - 1) / steps
	var counts []int
	for n := 0; n < s.area; n += each {
		counts = append(counts, n)
	}
	counts = append(counts, s.area)
	out, ranks, blanks := make([]Curve, len(s.maps)), make([][]int, len(s.maps)), make([][]float32, len(s.maps))
	for i := range out {
		ranks[i] = ranked(s.maps[i])
		blanks[i] = opt.Blank(slices.Clone(s.Image(i)), shape[1], shape[2], shape[3])
		if len(blanks[i]) != len(s.Image(i)) {
			return nil, fmt.Errorf("metrics: a blank image of %d numbers for one of %d", len(blanks[i]), len(s.Image(i)))
		}
		out[i].Scores = make([]float64, len(counts))
		for _, n := range counts {
			out[i].Fractions = append(out[i].Fractions, float64(n)/float64(s.area))
		}
	}
	write := func(v perturb.Variant, x []float32) {
		from, to := s.Image(v.Image), blanks[v.Image]
		if !deletion {
			from, to = to, from
		}
		copy(x, from)
		for _, p := range ranks[v.Image][:counts[v.Number]] {
			for at := p; at < len(x); at += s.area {
				x[at] = to[at]
			}
		}
	}
	err = s.ScoreEach(ctx, len(counts), write, func(v perturb.Variant, score float64) { out[v.Image].Scores[v.Number] = score })
	return out, err
}

// ranked returns the pixels from the most relevant on, of equals the first.
func ranked(values []float32) []int {
	order := make([]int, len(values))
	for p := range order {
		order[p] = p
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[b], values[a]) })
	return order
}

// Blurred is an image blurred as in RISE's published code: by a kernel of 11 x 11 pixels
// that is SciPy's Gaussian of deviation 5, reflected at its borders; beyond the image is 0.
func Blurred(image []float32, channels, height, width int) []float32 {
	const side, deviation = 11, 5.0
	var gauss [side]float64
	total := 0.0
	for j := -20; j <= 20; j++ { // SciPy cuts at four deviations
		total += math.Exp(-float64(j*j) / (2 * deviation * deviation))
	}
	for i := range gauss {
		for j := -20; j <= 20; j++ {
			if reflected(i+j, side) == side/2 {
				gauss[i] += math.Exp(-float64(j*j)/(2*deviation*deviation)) / total
			}
		}
	}
	out, line := make([]float32, len(image)), make([]float64, height*width)
	for c := range channels {
		plane := image[c*height*width : (c+1)*height*width]
		for y := range height {
			for x := range width {
				sum := 0.0
				for i, g := range gauss {
					if at := x + i - side/2; at >= 0 && at < width {
						sum += g * float64(plane[y*width+at])
					}
				}
				line[y*width+x] = sum
			}
		}
		for y := range height {
			for x := range width {
				sum := 0.0
				for i, g := range gauss {
					if at := y + i - side/2; at >= 0 && at < height {
						sum += g * line[at*width+x]
					}
				}
				out[(c*height+y)*width+x] = float32(sum)
			}
		}
	}
	return out
}

// reflected mirrors an index at the borders of n, which are half a pixel beyond the first
// and the last.
func reflected(i, n int) int {
	i = ((i % (2 * n)) + 2*n) % (2 * n)
	if i >= n {
		return 2*n - 1 - i
	}
	return i
}
