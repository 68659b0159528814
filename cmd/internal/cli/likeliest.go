package cli

import (
	"cmp"
	"slices"

	"github.com/glimpse-go/glimpse/nn"
)

// Likeliest returns the most likely class of each image, then the second of each and so on,
// k times or as often as there are classes; of logits that are equal the first comes first.
func Likeliest(logits *nn.Tensor, k int) [][]int {
	n, total := logits.Shape[0], logits.Shape[1]
	out := make([][]int, min(k, total))
	order := make([]int, total)
	for i := range n {
		row := logits.Data[i*total : (i+1)*total]
		for c := range order {
			order[c] = c
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(row[b], row[a]) })
		for rank := range out {
			out[rank] = append(out[rank], order[rank])
		}
	}
	return out
}
