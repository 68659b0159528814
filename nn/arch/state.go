package arch

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// StateDict is the state of a network that Build made, as torch.save(model.state_dict())
// has it: parameters and running statistics, float32, and num_batches_tracked, which is 0
// (with a momentum, as is the rule, PyTorch does not use it), under the names and in the
// order of the family's modules. The numbers are copied. Metadata, which may be nil, is
// copied too; added to it is what Build was told by options or metadata (maxpool=no), so
// that what was saved needs no options. It returns an error where the graph has a layer
// whose weights are misshapen, or whose names PyTorch would not have.
func StateDict(g *nn.Graph, metadata map[string]string) (*checkpoint.StateDict, error) {
	s := saver{}
	for _, n := range g.Nodes() {
		s.keep(n)
	}
	if s.err != nil {
		return nil, fmt.Errorf("arch: %w", s.err)
	}
	sd := &checkpoint.StateDict{Metadata: map[string]string{}}
	for _, t := range s.tensors {
		if err := sd.Add(t); err != nil {
			return nil, fmt.Errorf("arch: %w", err)
		}
	}
	maps.Copy(sd.Metadata, metadata)
	for _, set := range settings(g) {
		if !set.byDefault {
			sd.Metadata[set.name] = set.value
		}
	}
	return sd, nil
}

// A setting is an option that a graph was built with.
type setting struct {
	name, value string
	byDefault   bool
}

// settings are those of the graph's Assumed.
func settings(g *nn.Graph) []setting {
	var out []setting
	for _, assumed := range g.Assumed {
		name, value, _ := strings.Cut(assumed, "=")
		value, byDefault := strings.CutSuffix(value, " (default)")
		out = append(out, setting{name, strings.TrimSuffix(value, " (metadata)"), byDefault})
	}
	return out
}

// A saver copies the tensors of nodes.
type saver struct {
	tensors []*checkpoint.Tensor
	err     error
}

// keep adds what a node learns and counts.
func (s *saver) keep(n nn.Node) {
	switch op := n.Op.(type) {
	case *nn.Conv2d:
		s.tensor(n.Name+".weight", op.Weight)
		s.vector(n.Name+".bias", op.Bias)
	case *nn.Linear:
		s.tensor(n.Name+".weight", op.Weight)
		s.vector(n.Name+".bias", op.Bias)
	case *nn.LayerNorm:
		s.vector(n.Name+".weight", op.Weight)
		s.vector(n.Name+".bias", op.Bias)
	case *nn.BatchNorm2d:
		s.vector(n.Name+".weight", op.Weight)
		s.vector(n.Name+".bias", op.Bias)
		s.vector(n.Name+".running_mean", op.RunningMean)
		s.vector(n.Name+".running_var", op.RunningVar)
		t, err := checkpoint.NewInt64(n.Name+".num_batches_tracked", nil, []int64{0})
		s.add(t, err)
	case *nn.Affine:
		if block, scales := strings.CutSuffix(n.Name, ".mul"); scales { // not what turns an input
			s.layerScale(block, op)
		}
	}
}

func (s *saver) add(t *checkpoint.Tensor, err error) {
	if s.err == nil {
		s.err = err
	}
	s.tensors = append(s.tensors, t)
}

func (s *saver) tensor(name string, t *nn.Tensor) {
	data, err := checkpoint.NewFloat32(name, t.Shape, slices.Clone(t.Data))
	s.add(data, err)
}

func (s *saver) vector(name string, data []float32) {
	if data != nil {
		s.tensor(name, &nn.Tensor{Shape: []int{len(data)}, Data: data})
	}
}

// layerScale adds ConvNeXt's factors, C x 1 x 1, in front of what is in their block: a
// module's own parameters come before its children's.
func (s *saver) layerScale(block string, op *nn.Affine) {
	s.tensor(block+".layer_scale", &nn.Tensor{Shape: []int{len(op.Scale), 1, 1}, Data: op.Scale})
	last := len(s.tensors) - 1
	at := last
	for at > 0 && s.err == nil && strings.HasPrefix(s.tensors[at-1].Name, block+".") {
		at--
	}
	s.tensors = slices.Insert(s.tensors[:last], at, s.tensors[last])
}
