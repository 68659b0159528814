package metrics

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/nn"
)

// Redraw is how alike maps are to those of the network with other weights.
type Redraw struct {
	After string    // the module after which the weights are other ones; "input" for all
	Alike []float64 // rank correlation, of each image
}

// Sanity is the randomisation test (Adebayo et al., "Sanity checks for saliency maps",
// NeurIPS 2018, section 3, "cascading"): the weights are drawn anew from the head down, a
// stage of the network after the other, and the maps of the same classes are compared with
// those before, rectified, by [RankCorrelation]. A method whose maps stay as they are
// explains the image and not the network. Results begin with the head alone and end with
// all weights. The networks are those of [nn.Graph.Redrawn] with the seed.
func Sanity(ctx context.Context, method cam.Method, q cam.Question, seed uint64) ([]Redraw, error) {
	if q.Net == nil {
		return nil, fmt.Errorf("metrics: a question without a network")
	}
	before, err := method.Explain(ctx, q)
	if err != nil {
		return nil, err
	}
	q.Classes = make([]int, len(before.Maps))
	for i, m := range before.Maps {
		q.Classes[i] = m.Class
	}
	after := append([]string{nn.InputName}, q.Net.Stages()...)
	slices.Reverse(after)
	net, layer := q.Net, q.Layer
	if layer == "" {
		q.Layer = cam.LastMaps(net)
	}
	var out []Redraw
	for _, module := range after {
		graph, err := net.Redrawn(module, seed)
		if err != nil {
			return nil, err
		}
		if q.Net, err = nn.Compile(graph); err != nil {
			return nil, err
		}
		r, err := method.Explain(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("weights drawn anew after %s: %w", module, err)
		}
		one := Redraw{After: module}
		for i, m := range r.Maps {
			c, err := RankCorrelation(before.Maps[i].Rectified().Values, m.Rectified().Values)
			if err != nil {
				return nil, err
			}
			one.Alike = append(one.Alike, c)
		}
		out = append(out, one)
	}
	return out, nil
}

// RankCorrelation is Spearman's: Pearson's correlation of the values' ranks, where equals
// share the mean of theirs. It is 0 where one of the two is constant, and an error when they
// have not the same number of values.
func RankCorrelation(a, b []float32) (float64, error) {
	if len(a) != len(b) || len(a) == 0 {
		return 0, fmt.Errorf("metrics: %d values and %d", len(a), len(b))
	}
	return correlation(ranks(a), ranks(b)), nil
}

// ranks counts from 0.
func ranks(values []float32) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	out := make([]float64, len(values))
	for lo := 0; lo < len(order); {
		hi := lo + 1
		for hi < len(order) && values[order[hi]] == values[order[lo]] {
			hi++
		}
		for _, p := range order[lo:hi] {
			out[p] = float64(lo+hi-1) / 2
		}
		lo = hi
	}
	return out
}
