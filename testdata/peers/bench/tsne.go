package main

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/tsne"
)

// layOut is t-SNE with the defaults; out receives the layout.
func layOut(input, out string) (job, error) {
	in, err := read(input)
	if err != nil {
		return job{}, err
	}
	data, err := in.Float64()
	if err != nil {
		return job{}, err
	}
	if len(in.Shape) != 2 {
		return job{}, fmt.Errorf("%s: x has shape %v, not 2 dimensions", input, in.Shape)
	}
	x := mat.NewDense(in.Shape[0], in.Shape[1], data)
	var last *tsne.Result
	return job{
		run: func() (err error) { last, err = tsne.Fit(context.Background(), x, tsne.Options{}); return err },
		save: func() error {
			raw := last.Layout.RawMatrix()
			y := make([]float32, len(raw.Data))
			for i, v := range raw.Data {
				y[i] = float32(v)
			}
			return write(out, []int{raw.Rows, raw.Cols}, y)
		},
	}, nil
}
