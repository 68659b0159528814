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
	var tensors []*checkpoint.Tensor
	for _, p := range g.State() {
		t, err := checkpoint.NewFloat32(p.Name, p.Value.Shape, slices.Clone(p.Value.Data))
		if err != nil {
			return nil, fmt.Errorf("arch: %w", err)
		}
		module, own := "", p.Name
		if dot := strings.LastIndexByte(p.Name, '.'); dot >= 0 {
			module, own = p.Name[:dot], p.Name[dot+1:]
		}
		at := len(tensors)
		if own == "layer_scale" { // a module's own parameters come before its children's
			for at > 0 && strings.HasPrefix(tensors[at-1].Name, module+".") {
				at--
			}
		}
		tensors = slices.Insert(tensors, at, t)
		if own == "running_var" {
			count, err := checkpoint.NewInt64(strings.TrimSuffix(p.Name, own)+"num_batches_tracked", nil, []int64{0})
			if err != nil {
				return nil, fmt.Errorf("arch: %w", err)
			}
			tensors = append(tensors, count)
		}
	}
	sd := &checkpoint.StateDict{Metadata: map[string]string{}}
	for _, t := range tensors {
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
