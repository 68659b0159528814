package main

import (
	"fmt"
	"strconv"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/pca"
)

// principal fits so many components of the rows of input. From a float32
// input each round makes the float64 that Fit takes.
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
	var last *pca.Model
	return job{
		run: func() error {
			data, err := in.Float64() // no copy of what is float64
			if err != nil {
				return err
			}
			last, err = pca.Fit(mat.NewDense(in.Shape[0], in.Shape[1], data), pca.Options{Components: k})
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
