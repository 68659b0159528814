package answer

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// settingsKey is where a network's metadata has its settings.
const settingsKey = "glimpse.live"

// settings are the options of a model in full, in JSON: nothing is left to defaults, which
// programs and data sets have of their own, and class names may hold commas.
type settings struct {
	Resize  int          `json:"resize"`
	Crop    int          `json:"crop"`
	Mean    []float32    `json:"mean,omitempty"`
	Std     []float32    `json:"std,omitempty"`
	Classes []string     `json:"classes"`
	Network arch.Options `json:"network,omitempty"`
	Layer   string       `json:"layer,omitempty"`
	Method  string       `json:"method,omitempty"`
}

// Knows tells whether a page can run a method by its name.
func Knows(m cam.Method) bool {
	known, err := cam.MethodByName(m.Name())
	return err == nil && reflect.DeepEqual(known, m)
}

// PackNetwork returns a network with its transform, its class names and its method as a
// safetensors file in half precision: what opt makes of sd, for [Load]. Numbers beyond
// half precision's 65,504 are an error, as is a method that [cam.MethodByName] does not
// know.
func PackNetwork(sd *checkpoint.StateDict, opt model.Options) ([]byte, error) {
	m, err := model.New(sd, opt)
	if err != nil {
		return nil, err
	}
	t := m.Transform()
	s := settings{Resize: cmp.Or(t.Resize, model.AsIs), Crop: cmp.Or(t.CenterCrop, model.AsIs), Mean: t.Mean, Std: t.Std, Classes: m.Classes(), Network: opt.Network, Layer: opt.Layer}
	if opt.Method != nil {
		s.Method = opt.Method.Name()
		if !Knows(opt.Method) {
			return nil, fmt.Errorf("live: the method %s is none that a page can run by its name", s.Method)
		}
	}
	half, err := sd.Convert(checkpoint.F16)
	if err != nil {
		return nil, fmt.Errorf("live: %w", err)
	}
	if err := overflow(sd, half); err != nil {
		return nil, err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("live: %w", err)
	}
	half.Metadata = maps.Clone(sd.Metadata)
	if half.Metadata == nil {
		half.Metadata = map[string]string{}
	}
	half.Metadata[settingsKey] = string(text)
	var b bytes.Buffer
	if err := checkpoint.WriteSafetensors(&b, half); err != nil {
		return nil, fmt.Errorf("live: %w", err)
	}
	return b.Bytes(), nil
}

// overflow returns an error where a finite number has become infinite.
func overflow(was, half *checkpoint.StateDict) error {
	for t := range half.All() {
		if t.DType != checkpoint.F16 {
			continue
		}
		now, err := t.Float32()
		if err != nil {
			return fmt.Errorf("live: %w", err)
		}
		for i, v := range now {
			if v-v == 0 {
				continue
			}
			before, _ := was.Get(t.Name)
			if all, err := before.Float64(); err != nil || all[i]-all[i] == 0 {
				return fmt.Errorf("live: tensor %s: half precision ends at 65504, element %d is beyond it", t.Name, i)
			}
		}
	}
	return nil
}

// readNetwork makes a model of what PackNetwork returned.
func readNetwork(ctx context.Context, content []byte) (*model.Model, error) {
	sd, err := checkpoint.Read(ctx, bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, fmt.Errorf("network: %w", err)
	}
	text, ok := sd.Metadata[settingsKey]
	if !ok {
		return nil, fmt.Errorf("network: no %q in its metadata", settingsKey)
	}
	var s settings
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return nil, fmt.Errorf("network: %s: %w", settingsKey, err)
	}
	opt := model.Options{Resize: s.Resize, Crop: s.Crop, Mean: s.Mean, Std: s.Std, Classes: s.Classes, Network: s.Network, Layer: s.Layer}
	if s.Method != "" {
		if opt.Method, err = cam.MethodByName(s.Method); err != nil {
			return nil, fmt.Errorf("network: %w", err)
		}
	}
	// What is nil would be taken from the metadata instead of being 0 and 1.
	if opt.Mean == nil {
		opt.Mean = []float32{0}
	}
	if opt.Std == nil {
		opt.Std = []float32{1}
	}
	m, err := model.New(sd, opt)
	if err != nil {
		return nil, fmt.Errorf("network: %w", err)
	}
	return m, nil
}
