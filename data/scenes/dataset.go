package scenes

import (
	"context"
	"fmt"

	"github.com/glimpse-go/glimpse/data"
)

// Dataset is a range of scenes as a data set. Nothing is stored: each sample
// is drawn when it is asked for.
type Dataset struct{ start, count int }

// HeldOut is the number of scenes that the network was not trained on: those
// of the first indices.
const HeldOut = 1_000_000

// New returns count scenes from index start on.
func New(start, count int) *Dataset { return &Dataset{max(start, 0), max(count, 0)} }

// Len returns the number of scenes.
func (d *Dataset) Len() int { return d.count }

// Classes returns the names of the ten kinds of object.
func (d *Dataset) Classes() []string { return Classes() }

// Sample draws scene i of the range.
func (d *Dataset) Sample(ctx context.Context, i int) (data.Sample, error) {
	if err := ctx.Err(); err != nil {
		return data.Sample{}, err
	}
	if i < 0 || i >= d.count {
		return data.Sample{}, fmt.Errorf("scenes: no scene %d among %d", i, d.count)
	}
	s := Draw(uint64(d.start + i))
	return data.Sample{Image: s.Image, Label: s.Label, Name: fmt.Sprintf("scene/%d", d.start+i)}, nil
}

// Labels returns the label of each scene of the range, without drawing it.
func (d *Dataset) Labels(ctx context.Context) ([]int, error) {
	labels := make([]int, d.count)
	for i := range labels {
		_, labels[i] = begin(uint64(d.start + i))
	}
	return labels, ctx.Err()
}

// Mask returns the pixels that the object of scene i covers, row-major,
// Size*Size, or nil when there is no such scene.
func (d *Dataset) Mask(i int) []bool {
	if i < 0 || i >= d.count {
		return nil
	}
	return Draw(uint64(d.start + i)).Mask
}

// Close does nothing.
func (d *Dataset) Close() error { return nil }
