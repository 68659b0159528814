package main

import (
	"context"
	"fmt"
	"strconv"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/tsne"
)

// layOut is t-SNE with the defaults, but for so many iterations in the first phase and
// in all, 0 for the defaults; out receives the layout.
func layOut(input, out, early, iterations string) (job, error) {
	var opt tsne.Options
	var err error
	if opt.EarlyIterations, err = strconv.Atoi(early); err != nil {
		return job{}, err
	}
	if opt.Iterations, err = strconv.Atoi(iterations); err != nil {
		return job{}, err
	}
	in, err := read(input)
	if err != nil {
		return job{}, err
	}
	data, err := in.Float32()
	if err != nil {
		return job{}, err
	}
	if len(in.Shape) != 2 {
		return job{}, fmt.Errorf("%s: x has shape %v, not 2 dimensions", input, in.Shape)
	}
	x := float32Matrix{in.Shape[0], in.Shape[1], data}
	var last *tsne.Result
	return job{
		run: func() (err error) { last, err = tsne.Fit(context.Background(), x, opt); return err },
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

// float32Matrix is a matrix in the elements that the file holds.
type float32Matrix struct {
	rows, columns int
	data          []float32
}

func (m float32Matrix) Dims() (rows, columns int) { return m.rows, m.columns }
func (m float32Matrix) At(i, j int) float64       { return float64(m.data[i*m.columns+j]) }
func (m float32Matrix) T() mat.Matrix             { return mat.Transpose{Matrix: m} }
