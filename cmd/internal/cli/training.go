package cli

import (
	"context"

	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// A program that makes a network opens the parts of a Source one by one: first the data,
// then the weights that it begins with, if any, and last how images become its input.

// OpenData opens the data set that -data names, which must be closed.
func (s *Source) OpenData(ctx context.Context) (*Opened, error) {
	o := &Opened{skipBad: s.SkipBad}
	return o, s.openData(ctx, o)
}

// LoadWeights loads the checkpoint that -weights names.
func (s *Source) LoadWeights(ctx context.Context) (*checkpoint.StateDict, error) {
	return s.openWeights(ctx, &Opened{})
}

// Transform follows the flags of the input, then the metadata of a checkpoint, then the
// data. The images of each class are counted by the names that it returns.
func (s *Source) Transform(o *Opened, metadata map[string]string) (data.Transform, error) {
	opt, err := s.options(o, metadata)
	if err != nil {
		return data.Transform{}, err
	}
	known, err := model.Recommend(metadata)
	if err != nil {
		return data.Transform{}, err
	}
	return opt.Transform(known)
}
