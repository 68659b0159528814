// Package model joins a network with what belongs to it: how its input is made of
// a picture, and the names of its classes. From a checkpoint to an answer in a few
// lines:
//
//	m, err := model.Load(ctx, "stl10_resnet18.pth", model.Options{Size: 128, Classes: names})
//	e, err := m.Explain(ctx, photograph, cam.Predicted)
//	overlay, err := e.Overlay(model.OverlayOptions{})
//
// What a checkpoint says of itself in its metadata ([Recommend]) needs no options:
// those that this project's programs write, and any safetensors file with the
// keys size (or resize and crop), mean, std and classes. The packages nn, data, cam and render are the
// parts, for those who need more than this.
package model

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"image"
	"io"
	"slices"
	"strconv"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/internal/visible"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/nn/arch"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// DefaultSize is the side of the input, in pixels, where neither the options nor
// the checkpoint know it.
const DefaultSize = 128

// AsIs, as Options.Size, leaves pictures as large as they are.
const AsIs = -1

// Options say what the checkpoint does not. The zero value takes everything from
// its metadata.
type Options struct {
	// Size is the side of the input: the shorter side of a picture is scaled to
	// so many pixels, and the centre is cut out as a square. [AsIs] leaves
	// pictures as they are. Default: what the checkpoint says, else [DefaultSize].
	Size int
	// Resize is the length of the shorter side before the cut, and Crop the side of
	// the square that is cut out, where they differ: 256 and 224 in most of
	// torchvision's recipes. [AsIs] leaves the step out. Default: Size where it is
	// given, else what the checkpoint says; where that is nothing and the other of
	// the two is given, [AsIs].
	Resize, Crop int
	// Mean is subtracted from the pixels in [0, 1], and Std divides them: one
	// number or three for R, G and B, as in [data.Transform]. Default: what the
	// checkpoint says, else 0 and 1.
	Mean, Std []float32
	// Classes are the names of the outputs. Default: what the checkpoint says,
	// else "class 0", "class 1" and so on.
	Classes []string
	// Network is what the tensors do not tell of the network; see [arch.Options].
	Network arch.Options
	// Layer is the module whose output is mapped. Default: [cam.DefaultLayer] of class
	// activation maps, else [cam.LastMaps].
	Layer string
	// Method is how Explain explains. Default: [cam.CAM], exact, for networks that end in
	// global average pooling and one linear layer, [cam.EigenCAM] for those without a last
	// layer, [cam.GradCAM] for others.
	Method cam.Method
}

// A Model is a network with its transform and the names of its classes. It is safe
// for concurrent use.
type Model struct {
	net       nn.Network
	about     string
	transform data.Transform
	classes   []string
	assumed   []string
	leftOut   []string
	headless  bool
	method    cam.Method
	layer     string // of a question
	mapper    *cam.Mapper
	noMaps    error // why there is no mapper
}

// Load reads a checkpoint of PyTorch or a safetensors file; see
// [checkpoint.Load], and [checkpoint.LoadWith] with [New] for another bound on memory, or
// another of several state dicts.
// It returns an error that names the file when it is none, when
// its network is not one that package nn/arch builds, or an option does not fit it.
func Load(ctx context.Context, path string, opt Options) (*Model, error) {
	sd, err := checkpoint.Load(ctx, path)
	if err != nil {
		return nil, err
	}
	m, err := New(sd, opt)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// Parse is [Load] for a checkpoint in memory, such as an embedded one. The bytes
// must not change afterwards.
func Parse(ctx context.Context, content []byte, opt Options) (*Model, error) {
	return Read(ctx, bytes.NewReader(content), int64(len(content)), opt)
}

// Read is [Load] for a checkpoint of size bytes in r.
func Read(ctx context.Context, r io.ReaderAt, size int64, opt Options) (*Model, error) {
	sd, err := checkpoint.Read(ctx, r, size)
	if err != nil {
		return nil, err
	}
	return New(sd, opt)
}

// New makes a model of a state dict, which must not change afterwards. It returns
// an error when its network is not one that package nn/arch builds, does not take RGB images, or
// an option does not fit it.
func New(sd *checkpoint.StateDict, opt Options) (*Model, error) {
	network, err := arch.Build(sd, opt.Network)
	if err != nil {
		return nil, err
	}
	plan, err := nn.Compile(network)
	if err != nil {
		return nil, err
	}
	m := &Model{net: plan, about: network.Architecture, assumed: network.Assumed, leftOut: network.LeftOut, headless: network.Headless}
	if c := m.net.InChannels(); c != 3 {
		return nil, fmt.Errorf("the network takes images of %d channels, want 3 (RGB)", c)
	}
	known, err := Recommend(sd.Metadata)
	if err != nil {
		return nil, err
	}
	if m.transform, err = opt.Transform(known); err != nil {
		return nil, err
	}
	if !m.headless {
		_, outputs := m.net.Widths()
		if m.classes, err = classes(known, opt, outputs); err != nil {
			return nil, err
		}
	}
	return m, m.chooseMethod(opt)
}

// chooseMethod follows Method and Layer.
func (m *Model) chooseMethod(opt Options) error {
	if opt.Layer != "" && m.net.Channels(opt.Layer) == 0 {
		return fmt.Errorf("model: no layer %q whose output is a map; there are %s", opt.Layer, visible.Modules(m.net.Modules()))
	}
	m.method, m.layer = opt.Method, opt.Layer
	layer := opt.Layer
	if layer == "" {
		layer = cam.DefaultLayer(m.net)
	}
	m.mapper, m.noMaps = cam.New(m.net, layer)
	if m.method == nil {
		m.method = cam.GradCAM{}
		if m.headless {
			m.method = cam.EigenCAM{}
		}
		if m.noMaps == nil {
			m.method = cam.CAM{}
		}
	}
	if m.method == cam.Method(cam.CAM{}) {
		if m.noMaps != nil {
			return m.noMaps
		}
		m.layer = m.mapper.Layer()
	}
	return nil
}

// Transform joins the options with what a checkpoint says: how the network's input is
// made of a picture. It returns an error for a size below [AsIs], and where mean or
// standard deviation are no numbers to normalise by.
func (opt Options) Transform(known Recommended) (data.Transform, error) {
	t := data.Transform{Mean: known.Mean, Std: known.Std}
	for name, v := range map[string]int{"Size": opt.Size, "Resize": opt.Resize, "Crop": opt.Crop} {
		if v < AsIs {
			return t, fmt.Errorf("model: %s is %d, want a number of pixels", name, v)
		}
	}
	missing := DefaultSize
	if opt.Resize != 0 || opt.Crop != 0 || known.Resize != 0 || known.Crop != 0 {
		missing = AsIs
	}
	t.Resize = max(0, cmp.Or(opt.Resize, opt.Size, known.Resize, known.Size, missing))
	t.CenterCrop = max(0, cmp.Or(opt.Crop, opt.Size, known.Crop, known.Size, missing))
	if opt.Mean != nil {
		t.Mean = slices.Clone(opt.Mean)
	}
	if opt.Std != nil {
		t.Std = slices.Clone(opt.Std)
	}
	return t, t.Check()
}

// classes are the names of so many outputs.
func classes(known Recommended, opt Options, outputs int) ([]string, error) {
	if opt.Classes != nil {
		if len(opt.Classes) != outputs {
			return nil, &ClassCountError{len(opt.Classes), outputs}
		}
		return slices.Clone(opt.Classes), nil
	}
	if len(known.Classes) == outputs {
		return known.Classes, nil
	}
	names := make([]string, outputs)
	for i := range names {
		names[i] = "class " + strconv.Itoa(i)
	}
	return names, nil
}

// A ClassCountError says that there are not as many class names as the network has
// outputs.
type ClassCountError struct{ Names, Outputs int }

func (e *ClassCountError) Error() string {
	return fmt.Sprintf("%d class names for the %d outputs of the network", e.Names, e.Outputs)
}

// Network is the compiled network.
func (m *Model) Network() nn.Network { return m.net }

// Mapper makes the maps of Explain, for batches. It returns an error when the network
// has none, see [cam.New].
func (m *Model) Mapper() (*cam.Mapper, error) { return m.mapper, m.noMaps }

// Method is how Explain explains.
func (m *Model) Method() cam.Method { return m.method }

// Assumed lists what the checkpoint does not tell of its network and was taken for
// granted or given: "maxpool=yes (default)".
func (m *Model) Assumed() []string { return m.assumed }

// LeftOut lists the tensors of the checkpoint that the network has no part of.
func (m *Model) LeftOut() []string { return m.leftOut }

// Headless tells whether the checkpoint has no last layer: there are features, and no
// classes. Classify then returns an error, and Explain takes the methods that know no class.
func (m *Model) Headless() bool { return m.headless }

// Transform is how the network's input is made of a picture.
func (m *Model) Transform() data.Transform { return m.transform }

// Classes are the names of the network's outputs, none of a headless one. They must not be
// changed.
func (m *Model) Classes() []string { return m.classes }

// String says what the network is: "ResNet18, base width 64, 10 classes".
func (m *Model) String() string {
	if m.headless {
		features, _ := m.net.Widths()
		return fmt.Sprintf("%s, no last layer, %d features", m.about, features)
	}
	return fmt.Sprintf("%s, %d classes", m.about, len(m.classes))
}

// input transforms pictures, which must come out of one size, to a batch.
func (m *Model) input(ctx context.Context, pictures []image.Image) (*nn.Tensor, error) {
	if len(pictures) == 0 {
		return nil, fmt.Errorf("model: no pictures")
	}
	var x *nn.Tensor
	var width, height int
	for i, p := range pictures {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		im, err := data.FromImage(ctx, p)
		if err != nil {
			return nil, err
		}
		w, h := m.transform.Size(im.Width, im.Height)
		if x == nil {
			width, height = w, h
			if x, err = nn.NewTensor(len(pictures), 3, h, w); err != nil {
				return nil, err
			}
		}
		if w != width || h != height {
			return nil, fmt.Errorf("model: picture %d comes to %d x %d pixels, the first to %d x %d", i, w, h, width, height)
		}
		if err := m.transform.Apply(im, x.Data[i*3*w*h:(i+1)*3*w*h]); err != nil {
			return nil, err
		}
	}
	return x, nil
}
