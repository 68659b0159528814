package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// A state is all that a run needs to go on to the very bits that it would have reached. In
// its file the tensors are those of the network, the optimiser and the running average, and
// the metadata the rest, as JSON. What is drawn by chance depends on seed, epoch and image
// alone, and the learning rate on the step, so that no more is to be kept of them.
type state struct {
	Version   int               `json:"version"`
	Settings  map[string]string `json:"settings"` // flags
	Images    identity          `json:"images"`
	Metadata  map[string]string `json:"network"` // of the networks that are kept
	Transform data.Transform    `json:"transform"`
	Side      int               `json:"side"`
	Epoch     int               `json:"epoch"` // those that are done
	Step      int               `json:"step"`  // those of the next that are done
	Steps     int               `json:"steps"` // of an epoch
	Sums      sums              `json:"sums"`  // of the steps that are done
	Curve     []point           `json:"curve"` // of the epochs that are done

	tensors *checkpoint.StateDict
}

// stateVersion is that of the states that this program writes and reads.
const stateVersion = 1

// stateKey is where in the file's metadata the JSON is.
const stateKey = "glimpse.train"

// What stands before the names of the tensors of a state.
const (
	ofNetwork   = "network."
	ofOptimizer = "optimizer."
	ofAverage   = "average."
)

// sums are of the steps of an epoch.
type sums struct {
	Loss    float64 `json:"loss"` // of all images
	Correct int     `json:"correct"`
	Images  int     `json:"images"`
}

// A point of the curve is an epoch.
type point struct {
	Epoch       int     `json:"epoch"` // from 1
	Step        int     `json:"step"`  // of all
	Rate        float64 `json:"rate"`  // of the last step
	Loss        float64 `json:"loss"`
	Accuracy    float64 `json:"accuracy"`
	ValLoss     float64 `json:"validation_loss"`
	ValAccuracy float64 `json:"validation_accuracy"`
}

// best is the epoch of the best network: of the best accuracy, then of the least loss, then
// the first. There is none before the end of an epoch.
func best(curve []point) *point {
	var b *point
	for i := range curve {
		p := &curve[i]
		if b == nil || p.ValAccuracy > b.ValAccuracy || p.ValAccuracy == b.ValAccuracy && p.ValLoss < b.ValLoss {
			b = p
		}
	}
	return b
}

// save writes a state with the tensors of several owners; the file is whole or as it was.
func (st *state) save(ctx context.Context, path string, owners map[string][]nn.Parameter) error {
	text, err := json.Marshal(st)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	sd := &checkpoint.StateDict{Metadata: map[string]string{stateKey: string(text)}}
	for _, prefix := range []string{ofNetwork, ofOptimizer, ofAverage} {
		for _, p := range owners[prefix] {
			t, err := checkpoint.NewFloat32(prefix+p.Name, p.Value.Shape, p.Value.Data)
			if err == nil {
				err = sd.Add(t)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	return checkpoint.SaveSafetensors(ctx, path, sd)
}

// loadState reads a state.
func loadState(ctx context.Context, path string) (*state, error) {
	sd, err := checkpoint.Load(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("-resume: %s: no such file: no run with this -out was begun, or it was kept elsewhere", path)
	}
	if err != nil {
		return nil, fmt.Errorf("-resume: %w", err)
	}
	text, ok := sd.Metadata[stateKey]
	if !ok {
		return nil, fmt.Errorf("-resume: %s is no state of this program", path)
	}
	st := &state{tensors: sd}
	if err := json.Unmarshal([]byte(text), st); err != nil {
		return nil, fmt.Errorf("-resume: %s: %w", path, err)
	}
	if st.Version != stateVersion {
		return nil, fmt.Errorf("-resume: %s: a state of version %d, this program goes on with version %d", path, st.Version, stateVersion)
	}
	if st.Epoch < 0 || st.Steps < 1 || st.Step < 0 || st.Step > st.Steps || len(st.Curve) != st.Epoch {
		return nil, fmt.Errorf("-resume: %s: it contradicts itself: %d epochs and %d of %d steps, and a curve of %d", path, st.Epoch, st.Step, st.Steps, len(st.Curve))
	}
	return st, nil
}

// network is the one of a state.
func (st *state) network(_ context.Context, o *options, d *images) (*network, error) {
	if what := st.Images.differs(d.identity()); what != "" {
		return nil, fmt.Errorf("-resume: %s has %s", o.dataName(), what)
	}
	n := &network{metadata: st.Metadata, transform: st.Transform, side: st.Side}
	sd := &checkpoint.StateDict{Metadata: st.Metadata}
	for _, p := range st.owned(ofNetwork) {
		t, err := checkpoint.NewFloat32(p.Name, p.Value.Shape, p.Value.Data)
		if err == nil {
			err = sd.Add(t)
		}
		if err != nil {
			return nil, fmt.Errorf("-resume: %s: %w", o.statePath(), err)
		}
	}
	var err error
	if n.graph, err = arch.Build(sd, nil); err != nil {
		return nil, fmt.Errorf("-resume: %s: %w", o.statePath(), err)
	}
	return n, nil
}

// owned are the tensors of one owner, under the names that they have there.
func (st *state) owned(prefix string) []nn.Parameter {
	var list []nn.Parameter
	for t := range st.tensors.All() {
		if name, ok := strings.CutPrefix(t.Name, prefix); ok {
			if values, err := t.Float32(); err == nil {
				list = append(list, nn.Parameter{Name: name, Value: &nn.Tensor{Shape: t.Shape, Data: values}})
			}
		}
	}
	return list
}

// checkUnfinished returns an error where a run that has not ended would be overwritten.
func (o *options) checkUnfinished(ctx context.Context) error {
	st, err := loadState(ctx, o.statePath())
	if err != nil {
		return ctx.Err() // there is none, or nothing to go on with
	}
	epochs, _ := strconv.Atoi(st.Settings["epochs"])
	if st.Epoch >= epochs || st.Epoch == 0 && st.Step == 0 {
		return nil
	}
	return fmt.Errorf("%s holds a run that has %d of %d epochs behind it: %s goes on with it; to begin anew remove the file, or give another -out",
		o.statePath(), st.Epoch, epochs, o.again())
}
