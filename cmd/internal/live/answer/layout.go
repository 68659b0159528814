package answer

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/nn/checkpoint"
	"github.com/glimpse-go/glimpse/pca"
	"github.com/glimpse-go/glimpse/tsne"
)

// A Space is a feature space and the layouts that were drawn of it, in which new images
// find their places.
type Space struct {
	// Features are those of the points, n x d. Without them there are neither
	// neighbours nor layouts that need them.
	Features mat.Matrix
	Layouts  []Layout
}

// A Layout says how a point finds its place: by PCA; by TSNE with At; or with At alone, at
// the mean of its neighbours in feature space, weighted by affinity.
type Layout struct {
	Name string
	// PCA is the model whose scores the layout shows.
	PCA *pca.Model
	// At is the place of each point, n x components.
	At *mat.Dense
	// TSNE are the options that t-SNE made At with.
	TSNE *tsne.Options
}

const (
	layoutsKey = "glimpse.layouts"
	scaleKey   = "glimpse.scale"
	features   = "features"
)

// described is a layout in the metadata. Its tensors begin with its number.
type described struct {
	Name   string      `json:"name"`
	Kind   string      `json:"kind"` // pca, tsne, neighbours
	Whiten bool        `json:"whiten,omitempty"`
	Metric tsne.Metric `json:"metric,omitempty"`
	Method tsne.Method `json:"method,omitempty"`
	Angle  float64     `json:"angle,omitempty"`
	DoF    float64     `json:"dof,omitempty"`

	Schedule tsne.Schedule `json:"schedule,omitempty"`
}

// PackSpace returns a space as a safetensors file, for [Load]: features in half
// precision, scaled by a power of two to its range; places in single and components in
// double precision. It returns an error when shapes do not agree, a number is not finite,
// or a layout has no way to place points.
func PackSpace(s *Space) ([]byte, error) {
	sd := &checkpoint.StateDict{Metadata: map[string]string{}}
	n := 0
	if s.Features != nil {
		half, scale, err := halves(s.Features)
		if err != nil {
			return nil, err
		}
		n, _ = s.Features.Dims()
		sd.Metadata[scaleKey] = strconv.FormatFloat(scale, 'g', -1, 64)
		if err := sd.Add(half); err != nil {
			return nil, fmt.Errorf("live: %w", err)
		}
	}
	list := make([]described, len(s.Layouts))
	for i, l := range s.Layouts {
		var err error
		if list[i], err = l.pack(sd, strconv.Itoa(i)+".", n); err != nil {
			return nil, fmt.Errorf("live: layout %q: %w", l.Name, err)
		}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("live: %w", err)
	}
	sd.Metadata[layoutsKey] = string(text)
	var b bytes.Buffer
	if err := checkpoint.WriteSafetensors(&b, sd); err != nil {
		return nil, fmt.Errorf("live: %w", err)
	}
	return b.Bytes(), nil
}

// halves returns the features in half precision, and what they were multiplied by.
func halves(x mat.Matrix) (*checkpoint.Tensor, float64, error) {
	n, d := x.Dims()
	v := mat.DenseCopyOf(x).RawMatrix().Data
	for i, e := range v {
		if e-e != 0 {
			return nil, 0, fmt.Errorf("live: features: row %d, column %d is %v", i/d, i%d, e)
		}
	}
	scale := 1.0
	if largest := floats.Norm(v, math.Inf(1)); largest > 0 {
		_, exp := math.Frexp(largest)
		scale = math.Ldexp(1, min(max(15-exp, -1022), 1022)) // the largest is below 2^15
	}
	floats.Scale(scale, v)
	all := &checkpoint.StateDict{}
	t, err := checkpoint.NewFloat64(features, []int{n, d}, v)
	if err == nil {
		err = all.Add(t)
	}
	if err == nil {
		all, err = all.Convert(checkpoint.F16)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("live: %w", err)
	}
	half, _ := all.Get(features)
	return half, scale, nil
}

// pack adds the tensors of a layout, their names after prefix.
func (l *Layout) pack(sd *checkpoint.StateDict, prefix string, n int) (described, error) {
	about := described{Name: l.Name, Kind: "neighbours"}
	switch {
	case l.PCA != nil:
		about.Kind, about.Whiten = "pca", l.PCA.Whiten
		components := mat.DenseCopyOf(l.PCA.Components)
		k, d := components.Dims()
		return about, add(sd,
			array{prefix + "mean", []int{d}, l.PCA.Mean}, array{prefix + "components", []int{k, d}, components.RawMatrix().Data},
			array{prefix + "variance", []int{k}, l.PCA.ExplainedVariance})
	case l.At == nil:
		return about, fmt.Errorf("it has neither places nor components")
	}
	rows, dims := l.At.Dims()
	if rows != n {
		return about, fmt.Errorf("%d places for %d rows of features", rows, n)
	}
	if o := l.TSNE; o != nil {
		about.Kind, about.Metric, about.Method, about.Angle, about.DoF = "tsne", o.Metric, o.Method, o.Angle, o.DegreesOfFreedom
		about.Schedule = o.Schedule
	}
	places := make([]float32, 0, rows*dims)
	for i := range rows {
		for j, v := range l.At.RawRowView(i) {
			if !(math.Abs(v) <= math.MaxFloat32) {
				return about, fmt.Errorf("row %d, column %d is %v", i, j, v)
			}
			places = append(places, float32(v))
		}
	}
	t, err := checkpoint.NewFloat32(prefix+"at", []int{rows, dims}, places)
	if err != nil {
		return about, err
	}
	return about, sd.Add(t)
}

// array is a tensor to be.
type array struct {
	name  string
	shape []int
	data  []float64
}

func add(sd *checkpoint.StateDict, arrays ...array) error {
	for _, a := range arrays {
		t, err := checkpoint.NewFloat64(a.name, a.shape, a.data)
		if err != nil {
			return err
		}
		if err := sd.Add(t); err != nil {
			return err
		}
	}
	return nil
}

// readSpace reads what PackSpace returned, for features of so many numbers.
func readSpace(ctx context.Context, content []byte, d int) (*space, error) {
	sd, err := checkpoint.Read(ctx, bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, fmt.Errorf("layout: %w", err)
	}
	s := &space{scale: 1}
	var x *mat.Dense
	if half, ok := sd.Get(features); ok {
		if len(half.Shape) != 2 || half.Shape[0] == 0 || half.Shape[1] != d {
			return nil, fmt.Errorf("layout: features of shape %v, the network has %d", half.Shape, d)
		}
		if s.scale, err = strconv.ParseFloat(sd.Metadata[scaleKey], 64); err != nil || !(s.scale > 0) {
			return nil, fmt.Errorf("layout: %s is %q", scaleKey, sd.Metadata[scaleKey])
		}
		if s.features, err = half.Float32(); err != nil {
			return nil, fmt.Errorf("layout: %w", err)
		}
		s.n, s.d = half.Shape[0], d
		wide, err := half.Float64()
		if err != nil {
			return nil, fmt.Errorf("layout: %w", err)
		}
		x = mat.NewDense(s.n, s.d, wide)
	}
	var list []described
	if err := json.Unmarshal([]byte(cmp.Or(sd.Metadata[layoutsKey], "[]")), &list); err != nil {
		return nil, fmt.Errorf("layout: %s: %w", layoutsKey, err)
	}
	for i, about := range list {
		p, err := about.placer(sd, strconv.Itoa(i)+".", x, d)
		if err != nil {
			return nil, fmt.Errorf("layout %q: %w", about.Name, err)
		}
		s.placers = append(s.placers, p)
	}
	return s, nil
}

// placer makes what places points of a layout.
func (a described) placer(sd *checkpoint.StateDict, prefix string, x *mat.Dense, d int) (placer, error) {
	p := placer{name: a.Name}
	if a.Kind == "pca" {
		mean, _, err := numbers(sd, prefix+"mean", 1)
		if err != nil {
			return p, err
		}
		variance, _, err := numbers(sd, prefix+"variance", 1)
		if err != nil {
			return p, err
		}
		components, shape, err := numbers(sd, prefix+"components", 2)
		if err != nil {
			return p, err
		}
		if shape[1] != d || len(mean) != d || len(variance) != shape[0] {
			return p, fmt.Errorf("components of shape %v do not fit %d features", shape, d)
		}
		p.pca = &pca.Model{Mean: mean, Components: mat.NewDense(shape[0], shape[1], components), ExplainedVariance: variance, Whiten: a.Whiten}
		return p, nil
	}
	if a.Kind != "tsne" && a.Kind != "neighbours" {
		return p, fmt.Errorf("it is of kind %q", a.Kind)
	}
	if x == nil {
		return p, fmt.Errorf("there are no features to place points by")
	}
	at, shape, err := numbers(sd, prefix+"at", 2)
	if err != nil {
		return p, err
	}
	if a.Kind == "neighbours" {
		p.options.Iterations = -1
	}
	p.tsne, err = tsne.Restore(x, mat.NewDense(shape[0], shape[1], at), tsne.Options{Metric: a.Metric, Method: a.Method, Angle: a.Angle, DegreesOfFreedom: a.DoF, Schedule: a.Schedule})
	return p, err
}

// numbers returns a tensor of so many axes, none of them empty.
func numbers(sd *checkpoint.StateDict, name string, axes int) ([]float64, []int, error) {
	t, ok := sd.Get(name)
	if !ok {
		return nil, nil, fmt.Errorf("no tensor %s", name)
	}
	if len(t.Shape) != axes || t.Len() == 0 {
		return nil, nil, fmt.Errorf("tensor %s is of shape %v", name, t.Shape)
	}
	v, err := t.Float64()
	return v, t.Shape, err
}
