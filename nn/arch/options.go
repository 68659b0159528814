package arch

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/glimpse-go/glimpse/nn"
)

// Options are what no tensor records, by name. What is absent is taken from the
// checkpoint's metadata under the same name, but for prefix and ignore, or else from the
// family's default.
//
//	maxpool    yes, no      a ResNet's max pool behind its stem. Default yes, but no
//	                        where the stem is 3x3 and the head is called linear, as
//	                        in the ResNets for CIFAR-10 of other authors
//	stride     conv2, conv1 which convolution of a bottleneck has the stride: the
//	                        second as in torchvision, or the first as in He et al.
//	                        2015, Caffe and Detectron
//	dilate     none, layer4, layer3+layer4, layer2+layer3+layer4
//	                        the stages of a ResNet whose stride is replaced by
//	                        dilation
//	antialias  none, avg, blur
//	                        what halves the maps of a ResNet in place of strides, as
//	                        in timm's resnetaa50 (avg) and resnetblur50 (blur)
//	transform  yes, no      whether GoogLeNet and Inception v3 first turn an input
//	                        that is normalised as torchvision's other networks want
//	                        it into one from -1 to 1. Default yes with 1,000
//	                        classes, as torchvision does for its own weights
//	head       relu, gelu, silu, hardswish, tanh, none
//	                        the activation between several last linear layers.
//	                        Default relu, and hardswish in a MobileNet v3
//	eps        a number     of all norms
//	prefix     a module     where the network stands in the file: teacher.backbone.
//	                        Default: what stands in front of most names, or else the
//	                        network of most tensors, no running average where there is
//	                        another
//	ignore     modules      that are no part of the network, with + between
type Options map[string]string

// optionNames are the keys.
var optionNames = []string{"maxpool", "stride", "dilate", "antialias", "transform", "head", "eps", "prefix", "ignore"}

// ParseOptions reads settings with commas between: "maxpool=no,stride=conv1". It
// returns an error where one is not of that form or there is no such option.
func ParseOptions(text string) (Options, error) {
	opt := Options{}
	if text == "" {
		return opt, nil
	}
	for setting := range strings.SplitSeq(text, ",") {
		key, val, ok := strings.Cut(setting, "=")
		key, val = strings.TrimSpace(key), strings.TrimSpace(val)
		if !ok || val == "" {
			return nil, fmt.Errorf("%q: want name=value, several with commas between", setting)
		}
		if !slices.Contains(optionNames, key) {
			return nil, fmt.Errorf("no option %q; there are %s", key, strings.Join(optionNames, ", "))
		}
		if other, twice := opt[key]; twice && other != val {
			return nil, fmt.Errorf("%s is both %s and %s", key, other, val)
		}
		opt[key] = val
	}
	return opt, nil
}

// An optionError is about an option and not about a tensor.
type optionError struct{ error }

// refuse is an error about an option.
func (b *builder) refuse(format string, args ...any) {
	if b.err == nil {
		b.err = optionError{fmt.Errorf("arch: "+format, args...)}
	}
}

// option returns the value of an option, which must be one of those given, and notes
// it.
func (b *builder) option(name, byDefault string, values ...string) string {
	val, from := b.setting(name, byDefault)
	if !slices.Contains(values, val) {
		b.refuse("%s=%s%s: want %s", name, val, from, strings.Join(values, ", "))
		return byDefault
	}
	return val
}

func (b *builder) setting(name, byDefault string) (val, from string) {
	val, set := b.options[name]
	if !set {
		from = " (metadata)"
		if val, set = b.sd.Metadata[name]; !set {
			val, from = byDefault, " (default)"
		}
	}
	if !b.asked[name] {
		b.asked[name] = true
		b.graph.Assumed = append(b.graph.Assumed, name+"="+val+from)
	}
	return val, from
}

// normEps sets the eps of the norms: the family's own, unless an option says another.
func (b *builder) normEps(byDefault float64) {
	val, from := b.setting("eps", strconv.FormatFloat(byDefault, 'g', -1, 64))
	eps, err := strconv.ParseFloat(val, 64)
	if err != nil || !(eps > 0 && eps < 1) {
		b.refuse("eps=%s%s: want a number between 0 and 1", val, from)
	}
	b.eps = eps
}

// activation is an option whose values are activations.
func (b *builder) activation(name, byDefault string) *nn.Activation {
	byName := map[string]*nn.Activation{
		"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU, "hardswish": nn.Hardswish, "tanh": nn.Tanh, "none": nil,
	}
	return byName[b.option(name, byDefault, slices.Sorted(maps.Keys(byName))...)]
}

// unasked returns an error where an option was set that the network does not have.
func (b *builder) unasked() error {
	for _, name := range slices.Sorted(maps.Keys(b.options)) {
		switch {
		case b.asked[name] || name == "prefix": // without prefix there would be no network
		case name == "ignore":
			return optionError{fmt.Errorf("arch: ignore=%s: no tensor that is left over is in such a module", b.options[name])}
		default:
			return optionError{fmt.Errorf("arch: %s=%s: %s has no such option, but for %s",
				name, b.options[name], b.family.name, strings.Join(slices.Sorted(maps.Keys(b.asked)), ", "))}
		}
	}
	return nil
}
