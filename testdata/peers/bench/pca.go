package main

import (
	"context"
	"fmt"
	"strconv"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/nn/checkpoint"
	"github.com/glimpse-go/glimpse/pca"
)

// principal fits so many components of the rows of input.
func principal(input, components, out string) (job, error) {
	k, err := strconv.Atoi(components)
	if err != nil {
		return job{}, err
	}
	in, err := read(input)
	if err != nil {
		return job{}, err
	}
	if len(in.Shape) != 2 {
		return job{}, fmt.Errorf("%s: x has shape %v, not 2 dimensions", input, in.Shape)
	}
	rows, cols := in.Shape[0], in.Shape[1]
	var x mat.Matrix
	if in.DType == checkpoint.F32 {
		data, err := in.Float32()
		if err != nil {
			return job{}, err
		}
		if x, err = pca.NewDense32(rows, cols, data); err != nil {
			return job{}, err
		}
	} else {
		data, err := in.Float64()
		if err != nil {
			return job{}, err
		}
		x = mat.NewDense(rows, cols, data)
	}
	var last *pca.Model
	return job{
		run: func() (err error) {
			last, err = pca.Fit(context.Background(), x, pca.Options{Components: k})
			return err
		},
		save: func() error {
			k, d := last.Components.Dims()
			y := make([]float64, 0, k*(1+d))
			for i, v := range last.SingularValues {
				y = append(append(y, v), last.Components.RawRowView(i)...)
			}
			return write(out, []int{k, 1 + d}, y)
		},
	}, nil
}
