package golden

import (
	"math"
	"strconv"
	"strings"

	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// Param returns the numbers of a network's parameter or buffer from its name
// and shape alone, as testdata/export/nn.py fills it: Kaiming's bound for
// matrices and kernels, values near those of a trained network for the vectors
// of a batch norm.
func Param(name string, shape ...int) []float32 { return param(name, 1, shape) }

// param is Param with a factor for Kaiming's bound.
func param(name string, gain float64, shape []int) []float32 {
	n := 1
	for _, d := range shape {
		n *= d
	}
	bound, offset := 0.25, float32(1)
	switch suffix := name[strings.LastIndexAny(name, "./")+1:]; {
	case suffix == "layer_scale":
		bound, offset = 0.5, 0
	case len(shape) > 1:
		bound, offset = math.Sqrt(6/float64(n/shape[0]))*gain, 0
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
// integer vectors "param.NAME", or by lines "NAME dimension dimension ..." of
// its metadata "params", with the numbers of Param, or of its "gain".
func (f *File) StateDict() *checkpoint.StateDict {
	f.t.Helper()
	gain := 1.0
	if text, ok := f.sd.Metadata["gain"]; ok {
		var err error
		if gain, err = strconv.ParseFloat(text, 64); err != nil {
			f.t.Fatal(err)
		}
	}
	sd := &checkpoint.StateDict{}
	add := func(key string, shape []int) {
		var tensor *checkpoint.Tensor
		var err error
		if strings.HasSuffix(key, "num_batches_tracked") {
			tensor, err = checkpoint.NewInt64(key, shape, []int64{7})
		} else {
			tensor, err = checkpoint.NewFloat32(key, shape, param(key, gain, shape))
		}
		if err == nil {
			err = sd.Add(tensor)
		}
		if err != nil {
			f.t.Fatal(err)
		}
	}
	for line := range strings.Lines(f.sd.Metadata["params"]) {
		fields := strings.Fields(line)
		shape := make([]int, len(fields)-1)
		for i := range shape {
			var err error
			if shape[i], err = strconv.Atoi(fields[i+1]); err != nil {
				f.t.Fatal(err)
			}
		}
		add(fields[0], shape)
	}
	for _, name := range f.Names() {
		if key, ok := strings.CutPrefix(name, "param."); ok {
			add(key, f.Dims(name))
		}
	}
	return sd
}
