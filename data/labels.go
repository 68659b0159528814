package data

import (
	"context"
	"fmt"
	"slices"
)

// Labeler is implemented by data sets that know their labels without decoding
// images, as those of [Open] do.
type Labeler interface {
	// Labels returns the label of each sample, -1 where there is none.
	Labels(ctx context.Context) ([]int, error)
}

// Labels returns the label of each sample of a data set, which must all have one; the
// error names the first that has not. Images are decoded only where ds is no
// [Labeler]. It stops with ctx's error when ctx ends.
func Labels(ctx context.Context, ds Dataset) ([]int, error) {
	labels, err := labelsOf(ctx, ds)
	if err != nil {
		return nil, err
	}
	if len(labels) != ds.Len() {
		return nil, fmt.Errorf("data: %d labels for %d samples", len(labels), ds.Len())
	}
	classes := ds.Classes()
	bad := slices.IndexFunc(labels, func(label int) bool { return label < 0 || classes != nil && label >= len(classes) })
	if bad < 0 {
		return labels, nil
	}
	s, _ := ds.Sample(ctx, bad) // for its name, which comes beside an error too
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	e := &SampleError{bad, s.Name, fmt.Errorf("%s has no label", s.Name)}
	if labels[bad] >= 0 {
		e.Err = fmt.Errorf("%s has the label %d, expected 0 to %d", s.Name, labels[bad], len(classes)-1)
	}
	return nil, e
}

// labelsOf returns the labels of a data set, -1 where there is none.
func labelsOf(ctx context.Context, ds Dataset) ([]int, error) {
	if l, ok := ds.(Labeler); ok {
		return l.Labels(ctx)
	}
	return readLabels(ctx, ds)
}

// readLabels reads the samples for their labels.
func readLabels(ctx context.Context, ds Dataset) ([]int, error) {
	labels := make([]int, ds.Len())
	for i := range labels {
		s, err := ds.Sample(ctx, i)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, &SampleError{i, s.Name, err}
		}
		labels[i] = s.Label
	}
	return labels, nil
}

// Counts returns how many samples each class has, those without any included. Labels
// of no class are not counted.
func Counts(labels []int, classes int) []int {
	counts := make([]int, max(classes, 0))
	for _, label := range labels {
		if label >= 0 && label < len(counts) {
			counts[label]++
		}
	}
	return counts
}
