package golden

import (
	"math"
	"strings"

	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// Param returns the numbers of a network's parameter or buffer from its name
// and shape alone, as testdata/export/nn.py fills it: Kaiming's bound for
// matrices and kernels, values near those of a trained network for the vectors
// of a batch norm.
func Param(name string, shape ...int) []float32 {
	n := 1
	for _, d := range shape {
		n *= d
	}
	bound, offset := 0.25, float32(1)
	switch suffix := name[strings.LastIndexAny(name, "./")+1:]; {
	case len(shape) > 1:
		bound, offset = math.Sqrt(6/float64(n/shape[0])), 0
	case suffix == "running_var":
		bound = 0.5
	case suffix == "running_mean" || suffix == "bias":
		bound, offset = 0.1, 0
	}
	data := Uniform(name, n, bound)
	for i := range data {
		data[i] += offset
	}
	return data
}

// Dims returns an integer vector of the file as a shape.
func (f *File) Dims(name string) []int {
	f.t.Helper()
	var shape []int
	for _, d := range f.Int64(name) {
		shape = append(shape, int(d))
	}
	return shape
}

// StateDict makes the state dict whose names and shapes the file holds as
// integer vectors "param.NAME", with the numbers of Param.
func (f *File) StateDict() *checkpoint.StateDict {
	f.t.Helper()
	sd := &checkpoint.StateDict{}
	for _, name := range f.Names() {
		key, ok := strings.CutPrefix(name, "param.")
		if !ok {
			continue
		}
		shape := f.Dims(name)
		var tensor *checkpoint.Tensor
		var err error
		if strings.HasSuffix(key, "num_batches_tracked") {
			tensor, err = checkpoint.NewInt64(key, shape, []int64{7})
		} else {
			tensor, err = checkpoint.NewFloat32(key, shape, Param(key, shape...))
		}
		if err == nil {
			err = sd.Add(tensor)
		}
		if err != nil {
			f.t.Fatal(err)
		}
	}
	return sd
}
