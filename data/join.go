package data

import (
	"context"
	"sort"
)

// joined is several splits one after the other.
type joined struct {
	parts  []Dataset
	ends   []int // index after the last sample of each part
	format Format
	split  string
}

// join returns the parts as one data set, which closes them.
func join(parts []Dataset, format Format, split string) Dataset {
	if len(parts) == 1 {
		return parts[0]
	}
	j := &joined{parts: parts, format: format, split: split}
	n := 0
	for _, p := range parts {
		n += p.Len()
		j.ends = append(j.ends, n)
	}
	return j
}

func (j *joined) Len() int       { return j.ends[len(j.ends)-1] }
func (j *joined) Format() Format { return j.format }
func (j *joined) Split() string  { return j.split }
func (j *joined) Close() error   { return closeAll(j.parts) }

// Classes returns the names of the first part that has any: parts of one data
// set have the same.
func (j *joined) Classes() []string {
	for _, p := range j.parts {
		if c := p.Classes(); c != nil {
			return c
		}
	}
	return nil
}

func (j *joined) Sample(ctx context.Context, i int) (Sample, error) {
	if err := checkIndex(i, j.Len()); err != nil {
		return Sample{}, err
	}
	k := sort.SearchInts(j.ends, i+1)
	if k > 0 {
		i -= j.ends[k-1]
	}
	return j.parts[k].Sample(ctx, i)
}

// Labels returns those of the parts.
func (j *joined) Labels(ctx context.Context) ([]int, error) {
	var all []int
	for _, p := range j.parts {
		labels, err := labelsOf(ctx, p)
		if err != nil {
			return nil, err
		}
		all = append(all, labels...)
	}
	return all, nil
}

// closeAll closes all parts and returns the first error.
func closeAll(parts []Dataset) error {
	var first error
	for _, p := range parts {
		if err := p.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}
