package main

import (
	"context"
	"sync/atomic"

	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/data/scenes"
)

// drawn are scenes that are drawn once: to draw one takes a good part of what it takes to learn from it.
// Samples share their images, which nothing here changes.
type drawn struct {
	*scenes.Dataset
	samples []atomic.Pointer[data.Sample]
}

// mostDrawn bounds the scenes that are kept, of 27 KiB each.
const mostDrawn = 25_000

// drawScenes returns count scenes from index start on.
func drawScenes(start, count int) data.Dataset {
	ds := scenes.New(start, count)
	if count > mostDrawn {
		return ds
	}
	return &drawn{ds, make([]atomic.Pointer[data.Sample], count)}
}

// Sample draws scene i, or returns it as it was drawn before.
func (d *drawn) Sample(ctx context.Context, i int) (data.Sample, error) {
	if i < 0 || i >= len(d.samples) {
		return d.Dataset.Sample(ctx, i)
	}
	if s := d.samples[i].Load(); s != nil {
		return *s, ctx.Err()
	}
	s, err := d.Dataset.Sample(ctx, i)
	if err == nil {
		d.samples[i].Store(&s)
	}
	return s, err
}
