package data

import "context"

// subset is some samples of a data set.
type subset struct {
	Dataset
	indices []int
}

// described is a subset of a data set that has a Format and a Split.
type described struct {
	*subset
	Describer
}

// Subset returns the samples of ds with the given indices, in that order
// (torch.utils.data.Subset). A sample that ds does not have is an error when it is read.
// The subset keeps indices; closing it does nothing, ds is closed by who opened it.
func Subset(ds Dataset, indices []int) Dataset {
	s := &subset{ds, indices}
	if d, ok := ds.(Describer); ok {
		return described{s, d}
	}
	return s
}

func (s *subset) Len() int     { return len(s.indices) }
func (s *subset) Close() error { return nil }

func (s *subset) Sample(ctx context.Context, i int) (Sample, error) {
	if err := checkIndex(i, len(s.indices)); err != nil {
		return Sample{}, err
	}
	return s.Dataset.Sample(ctx, s.indices[i])
}

func (s *subset) Labels(ctx context.Context) ([]int, error) {
	l, ok := s.Dataset.(Labeler)
	if !ok {
		return readLabels(ctx, s)
	}
	all, err := l.Labels(ctx)
	if err != nil {
		return nil, err
	}
	labels := make([]int, len(s.indices))
	for i, at := range s.indices {
		if err := checkIndex(at, len(all)); err != nil {
			return nil, err
		}
		labels[i] = all[at]
	}
	return labels, nil
}
