package model

import (
	"fmt"
	"strconv"
	"strings"
)

// Recommended is what a checkpoint says of its network's input and outputs.
type Recommended struct {
	Size      int       // side of the input in pixels, [AsIs], or 0
	Resize    int       // of the shorter side, in pixels, where it is not Size, or 0
	Crop      int       // side of the square that is cut out, where it is not Size, or 0
	Mean, Std []float32 // one number or three each, or nil
	Classes   []string  // in the order of the outputs, or nil
}

// Recommend reads a state dict's metadata: size, resize and crop, numbers; mean and
// std, each a number, three as R,G,B, or imagenet; classes, names with commas
// between. A size of 0 means pictures as they are ([AsIs]). What is not there, and a size that
// is no number, is left out. It returns an error when mean or std are something else.
func Recommend(metadata map[string]string) (Recommended, error) {
	var r Recommended
	for key, side := range map[string]*int{"size": &r.Size, "resize": &r.Resize, "crop": &r.Crop} {
		if n, err := strconv.Atoi(metadata[key]); err == nil && n > 0 {
			*side = n
		}
	}
	if metadata["size"] == "0" {
		r.Size = AsIs
	}
	var err error
	if r.Mean, err = ParseMean(metadata["mean"]); err != nil {
		return r, fmt.Errorf("metadata: mean: %w", err)
	}
	if r.Std, err = ParseStd(metadata["std"]); err != nil {
		return r, fmt.Errorf("metadata: std: %w", err)
	}
	if names := metadata["classes"]; names != "" {
		r.Classes = strings.Split(names, ",")
	}
	return r, nil
}

// The mean and standard deviation of ImageNet's pixels, by which torchvision's
// classifiers expect their input to be normalised.
const (
	imagenetMean = "0.485,0.456,0.406"
	imagenetStd  = "0.229,0.224,0.225"
)

// ParseMean reads one number, three as R,G,B, or imagenet. An empty text is nil.
func ParseMean(text string) ([]float32, error) { return channels(text, imagenetMean) }

// ParseStd is [ParseMean] for standard deviations.
func ParseStd(text string) ([]float32, error) { return channels(text, imagenetStd) }

func channels(text, imagenet string) ([]float32, error) {
	switch text {
	case "":
		return nil, nil
	case "imagenet":
		text = imagenet
	}
	var out []float32
	for field := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(field), 32)
		if err != nil {
			return nil, fmt.Errorf("%s: want one number, three as R,G,B, or imagenet", text)
		}
		out = append(out, float32(v))
	}
	return out, nil
}
