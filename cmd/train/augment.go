package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/data/augment"
)

// augmentHelp says what -augment takes.
const augmentHelp = `  crop=4             a square of -size at a random place, behind a border of 4 pixels
  resizedcrop=0.35   instead: a part of 0.35 or more of the area, scaled (without a
                     number 0.08, as ImageNet's recipes have it)
  flip               left and right exchanged, for half of the images; not for letters
  jitter=0.4,hue=0.1 brightness, contrast and saturation by up to 40%, hue by a tenth
  erase=0.25         a random rectangle of a quarter of the images is gray (without a
                     number of half of them)
  mixup=0.2,cutmix=1 images and their classes are mixed, by the papers' alpha; of both
                     each step takes one`

// A recipe is what -augment says; what is 0 is left out.
type recipe struct {
	crop                     int // border, or -1: no crop
	resized                  float64
	flip, jitter, hue, erase float64
	mixup, cutmix            float64
}

// parseAugment reads a list of augmentations of images whose shorter side is to be side.
func parseAugment(text string, side int) (recipe, error) {
	r := recipe{crop: -1}
	switch text {
	case "":
		if side > 0 {
			r.crop = side / 8
		}
		r.flip = 0.5
		return r, nil
	case "none":
		return r, nil
	}
	crop := -1.0
	type kind struct {
		name           string
		value          *float64
		byDefault, max float64
	}
	kinds := []kind{
		{"crop", &crop, -1, 1 << 12}, {"resizedcrop", &r.resized, 0.08, 1}, {"flip", &r.flip, 0.5, 1}, {"jitter", &r.jitter, 0.4, 1},
		{"hue", &r.hue, 0.1, 0.5}, {"erase", &r.erase, 0.5, 1}, {"mixup", &r.mixup, 0.2, 100}, {"cutmix", &r.cutmix, 1, 100},
	}
	given := map[string]bool{}
	for _, field := range strings.Split(text, ",") {
		name, number, numbered := strings.Cut(strings.TrimSpace(field), "=")
		i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
		if i < 0 {
			var names []string
			for _, k := range kinds {
				names = append(names, k.name)
			}
			return r, fmt.Errorf("no augmentation %q; there are %s, and none", name, strings.Join(names, ", "))
		}
		k := kinds[i]
		if given[name] {
			return r, fmt.Errorf("%s twice", name)
		}
		given[name] = true
		*k.value = k.byDefault
		if numbered {
			v, err := strconv.ParseFloat(number, 64)
			if err != nil || !(v > 0 && v <= k.max || name == "crop" && v == 0) || name == "crop" && v != float64(int(v)) {
				return r, fmt.Errorf("%s=%s: want a number above 0, up to %v", name, number, k.max)
			}
			*k.value = v
		}
	}
	if given["crop"] && given["resizedcrop"] {
		return r, fmt.Errorf("crop and resizedcrop exclude each other")
	}
	if given["crop"] {
		if r.crop = int(crop); crop < 0 {
			r.crop = side / 8
		}
	}
	return r, nil
}

// augmented is what is changed by chance, and the transform of what comes out.
type augmented struct {
	images    []data.Augmentation
	tensors   []data.TensorAugmentation
	batches   []data.BatchAugmentation
	transform data.Transform
}

// make makes the steps of a recipe, for a network's input of square images of a side, or
// of images as they are where that is 0.
func (r recipe) make(t data.Transform, side, classes int) (a augmented, err error) {
	if side == 0 && (r.crop >= 0 || r.resized > 0) {
		return a, cli.Usagef("-augment: crop and resizedcrop need -size, as the images are no squares of one size")
	}
	size := data.Transform{Resize: t.Resize, ResizeExact: t.ResizeExact, CenterCrop: t.CenterCrop}
	a.transform = data.Transform{Mean: t.Mean, Std: t.Std}
	if side > 0 && t.Resize == 0 && t.CenterCrop == 0 {
		a.images = append(a.images, square(side))
	}
	switch {
	case r.resized > 0:
		a.images = append(a.images, augment.RandomResizedCrop{Size: side, Scale: [2]float64{r.resized, 1}})
	case r.crop >= 0:
		if size.CenterCrop = 0; size.Resize > 0 || size.ResizeExact != [2]int{} {
			a.images = append(a.images, sized{size})
		}
		a.images = append(a.images, augment.RandomCrop{Size: side, Padding: r.crop, PadIfNeeded: true})
	case t.Resize > 0 || t.CenterCrop > 0:
		a.images = append(a.images, sized{size})
	}
	if r.flip > 0 {
		a.images = append(a.images, augment.RandomHorizontalFlip{P: r.flip})
	}
	if r.jitter > 0 || r.hue > 0 {
		a.images = append(a.images, augment.ColorJitter{Brightness: r.jitter, Contrast: r.jitter, Saturation: r.jitter, Hue: r.hue})
	}
	if r.erase > 0 {
		a.tensors = append(a.tensors, augment.RandomErasing{P: r.erase})
	}
	if r.mixup > 0 {
		a.batches = append(a.batches, augment.MixUp{Alpha: r.mixup, Classes: classes})
	}
	if r.cutmix > 0 {
		a.batches = append(a.batches, augment.CutMix{Alpha: r.cutmix, Classes: classes})
	}
	return a, nil
}

// options are those of an epoch's batches.
func (a augmented) options(seed uint64, epoch int) data.BatchOptions {
	return data.BatchOptions{Transform: a.transform, Augment: a.images, AugmentTensor: a.tensors, AugmentBatch: a.batches, Seed: seed, Epoch: epoch}
}

func (a augmented) String() string {
	var list []string
	for _, step := range a.images {
		if _, ours := step.(interface{ notByChance() }); !ours {
			list = append(list, step.String())
		}
	}
	for _, step := range a.tensors {
		list = append(list, step.String())
	}
	for _, step := range a.batches {
		list = append(list, step.String())
	}
	if list == nil {
		return "no augmentation"
	}
	return strings.Join(list, ", ")
}

// sized brings images to the size of the network's input before anything is changed by
// chance: what follows works on fewer pixels, and borders are counted in them.
type sized struct{ data.Transform }

func (s sized) Augment(_ context.Context, im *data.Image, _ *rand.Rand) (*data.Image, error) {
	return s.Image(im)
}

func (sized) notByChance() {}

// square refuses images of another size than the square that the others are.
type square int

func (s square) Check() error { return nil }

func (s square) Augment(_ context.Context, im *data.Image, _ *rand.Rand) (*data.Image, error) {
	if im.Width != int(s) || im.Height != int(s) {
		return nil, fmt.Errorf("%d x %d pixels, and other images have %d x %d: -size 128 brings all to squares of so many", im.Width, im.Height, s, s)
	}
	return im, nil
}

func (square) String() string { return "size" }

func (square) notByChance() {}

func (s sized) String() string { return fmt.Sprintf("Resize(%d)", s.Resize) }
