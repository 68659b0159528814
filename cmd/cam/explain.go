package main

import (
	"context"
	"fmt"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn"
)

// drawn is one of the maps of an image.
type drawn struct {
	way *variant
	m   *cam.Map
}

// explained is what is drawn of a batch.
type explained struct {
	maps    [][]drawn // of each image, way by way and class by class
	further [][]drawn // of each image, what only the page shows
	logits  *nn.Tensor
}

// explainBatch makes the maps of a batch.
func (s *session) explainBatch(ctx context.Context, b *data.Batch) (*explained, error) {
	n := len(b.Samples)
	out := &explained{maps: make([][]drawn, n), further: make([][]drawn, n)}
	for _, way := range s.ways {
		var shown int
		of := func(logits *nn.Tensor) [][]int {
			classes := [][]int{s.of(n)}
			if s.top > 0 {
				classes = cli.Likeliest(logits, s.top)
			}
			shown = len(classes)
			if s.free(way) {
				classes = append(classes, s.further(logits, b)...)
			}
			return classes
		}
		rows, err := s.several(ctx, way, b, out, of)
		if err != nil {
			return nil, err
		}
		for k, row := range rows {
			to := out.maps
			if k >= shown {
				to = out.further
			}
			for i, m := range row {
				to[i] = append(to[i], drawn{way, m})
			}
		}
	}
	return out, nil
}

// free tells whether maps of further classes come for nothing.
func (s *session) free(way *variant) bool {
	return way.method == cam.Method(cam.CAM{}) && !s.eigen
}

// several makes maps of several classes of each image, which of returns of the logits, and
// keeps the logits.
func (s *session) several(ctx context.Context, way *variant, b *data.Batch, out *explained, of func(*nn.Tensor) [][]int) (rows [][]*cam.Map, err error) {
	if s.free(way) {
		mapper, err := cam.New(s.Model.Network(), way.layer)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", way.name, err)
		}
		r, rows, err := mapper.Several(ctx, tensor(b), of)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", way.name, err)
		}
		out.logits = r.Logits
		return rows, nil
	}
	if s.top > 0 && out.logits == nil {
		r, err := s.Model.Network().Run(ctx, tensor(b))
		if err != nil {
			return nil, err
		}
		out.logits = r.Logits
	}
	for _, classes := range of(out.logits) {
		r, err := s.explain(ctx, way, s.question(b, classes))
		if err != nil {
			return nil, err
		}
		rows, out.logits = append(rows, r.Maps), r.Logits
	}
	return rows, nil
}

// blame returns the error of explaining a batch, or where it comes from numbers that are not
// finite, one that names the image.
func (s *session) blame(ctx context.Context, b *data.Batch, err error) error {
	if r, failed := s.Model.Network().Run(ctx, tensor(b)); failed == nil {
		if found := cli.CheckFinite(b, r.Logits, "output"); found != nil {
			return found
		}
	}
	return err
}

// explain makes the maps of a batch, with a bar for methods of many passes.
func (s *session) explain(ctx context.Context, way *variant, q cam.Question) (*cam.Result, error) {
	var end func()
	q.Progress, end = cli.Steps(s.stderr, way.name, "passes")
	defer end()
	return way.explain(ctx, q)
}
