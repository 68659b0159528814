package quality

import (
	"cmp"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// Ranks by sorted pieces, merged in parts, are those of one sort, where many
// values are equal and where none are, at lengths around the pieces' ends.
func TestMeanRanks(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1<<15 - 1, 1<<15 + 1, 1<<16 + 1, 3<<15 + 5, 5<<16 - 3} {
		for _, steps := range []float64{3, 1000, 1 << 40} {
			values := make([]float64, n)
			for i, u := range golden.Uniform("ranks", n, 1) {
				values[i] = float64(int64(float64(u) * steps))
			}
			order := make([]int, n)
			for i := range order {
				order[i] = i
			}
			slices.SortFunc(order, func(i, j int) int { return cmp.Compare(values[i], values[j]) })
			want := make([]float64, n)
			for lo := 0; lo < n; {
				hi := lo
				for hi < n && values[order[hi]] == values[order[lo]] {
					hi++
				}
				for _, i := range order[lo:hi] {
					want[i] = float64(lo+1+hi) / 2
				}
				lo = hi
			}
			got, err := meanRanks(t.Context(), values)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%d values of about %g: other ranks (%v)", n, steps, err)
			}
		}
	}
}
