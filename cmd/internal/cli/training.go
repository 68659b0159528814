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

// OpenNetwork is Open for images that the program reads by itself: ds tells their classes, and
// name what they are called.
func (s *Source) OpenNetwork(ctx context.Context, ds data.Dataset, name string) (*Opened, error) {
	o := &Opened{Data: ds, DataName: name}
	if err := s.openNetwork(ctx, o); err != nil {
		return nil, err
	}
	return o, nil
}

// Options are how the network was made of its weights, so that others can make it too.
func (o *Opened) Options() model.Options { return o.options }

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
