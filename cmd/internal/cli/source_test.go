package cli

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
	"github.com/glimpse-go/glimpse/nn/pretrained"
	"github.com/glimpse-go/glimpse/render"
)

// parsed is a Source of a command line.
func parsed(args ...string) (*Source, error) {
	s := &Source{}
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	s.AddFlags(flags, 500)
	if err := Parse(flags, args, nil, new(bytes.Buffer)); err != nil {
		return nil, err
	}
	return s, s.Rest(flags)
}

// picture writes a PNG of one colour.
func picture(t *testing.T, path string, w, h int) string {
	t.Helper()
	im, err := data.NewImage(w, h)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := render.SavePNG(t.Context(), path, im); err != nil {
		t.Fatal(err)
	}
	return path
}

// sceneWeights writes the scenes' network, with other metadata where that is given.
func sceneWeights(t *testing.T, metadata map[string]string) string {
	t.Helper()
	sd, err := pretrained.Scenes()
	if err != nil {
		t.Fatal(err)
	}
	if metadata != nil {
		sd.Metadata = metadata
	}
	path := filepath.Join(t.TempDir(), "net.safetensors")
	if err := checkpoint.SaveSafetensors(t.Context(), path, sd); err != nil {
		t.Fatal(err)
	}
	return path
}

// cifar writes a CIFAR binary test file of so many records.
func cifar(t *testing.T, name string, record int) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), make([]byte, 10000*record), 0o644); err != nil {
		t.Fatal(err)
	}
	names := make([]string, 100)
	for i := range names {
		names[i] = fmt.Sprint("class ", i)
	}
	if err := os.WriteFile(filepath.Join(dir, "fine_label_names.txt"), []byte(strings.Join(names, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestSourceFlags(t *testing.T) {
	s, err := parsed("-data", "d", "-split", "train", "-fold", "3", "-weights", "w", "-network", "eps=1", "-size", "64", "-resize", "256", "-crop", "224",
		"-mean", "0.5", "-std", "0.25", "-classes", "c", "-scenes", "9", "-skip-bad", "-max-pixels", "77", "-max-memory", "88")
	want := Source{Data: "d", Split: "train", Fold: 3, Weights: "w", Network: "eps=1", Size: 64, Resize: 256, Crop: 224, Mean: "0.5", Std: "0.25",
		Classes: "c", Scenes: 9, SkipBad: true, MaxPixels: 77, MaxMemory: 88}
	if err != nil || fmt.Sprintf("%+v", *s) != fmt.Sprintf("%+v", want) {
		t.Errorf("%+v, %v; want %+v", s, err, want)
	}
	s, err = parsed()
	want = Source{Size: -1, Scenes: 500, MaxPixels: 1 << 26}
	if err != nil || fmt.Sprintf("%+v", *s) != fmt.Sprintf("%+v", want) {
		t.Errorf("defaults %+v, %v; want %+v", s, err, want)
	}
	if s, err = parsed("-resize", "0", "-crop", "8192", "-image", "a", "-image", "b", "c", "d"); err != nil || s.Resize != model.AsIs || s.Crop != 8192 ||
		!slices.Equal(s.Images, []string{"a", "b", "c", "d"}) {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err = parsed("-crop", "0", "-resize", "1"); err != nil || s.Crop != model.AsIs || s.Resize != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	// What is a flag is in the help, and what is in the help is a flag.
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	new(Source).AddFlags(flags, 1)
	var names []string
	flags.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	if in := slices.Sorted(slices.Values(SourceFlags)); !slices.Equal(in, names) {
		t.Errorf("flags %v, in the help %v", names, in)
	}
	files := (&Source{Data: "d", Weights: "w", Classes: "c", Images: []string{"a", "b"}}).Inputs()
	if want := []File{{"data", "d"}, {"weights", "w"}, {"classes", "c"}, {"image", "a"}, {"image", "b"}}; !slices.Equal(files, want) {
		t.Errorf("inputs %v, want %v", files, want)
	}
}

// Every check of the flags, at its bounds and beyond.
func TestSourceErrors(t *testing.T) {
	dir := t.TempDir()
	image := picture(t, filepath.Join(dir, "plain", "1.png"), 8, 6)
	picture(t, filepath.Join(dir, "two", "cat", "1.png"), 8, 6)
	picture(t, filepath.Join(dir, "two", "dog", "1.png"), 8, 6)
	for _, class := range scenes.Classes() {
		picture(t, filepath.Join(dir, "scenes", class, "1.png"), 8, 6)
		picture(t, filepath.Join(dir, "others", "no "+class, "1.png"), 8, 6)
	}
	two, ten, others := filepath.Join(dir, "two"), filepath.Join(dir, "scenes"), filepath.Join(dir, "others")
	weights, bare := sceneWeights(t, nil), sceneWeights(t, map[string]string{})
	badMean := sceneWeights(t, map[string]string{"mean": "x"})
	cifar10, cifar100 := cifar(t, "test_batch.bin", 3073), cifar(t, "test.bin", 3074)
	const usage = true
	for _, c := range []struct {
		args  []string
		usage bool
		want  string // "": no error
	}{
		{nil, false, ""},
		{[]string{"x"}, usage, `unexpected argument "x" (-image goes before image files)`},
		{[]string{"-image", image, ""}, usage, "-image: an empty text"},
		{[]string{"-image="}, usage, "an empty text"},
		{[]string{"-image", image, image, "-size", "0"}, usage, "-size after the images: flags go before them"},
		{[]string{"-max-pixels", "-1"}, usage, "-max-pixels -1: want 0 to 1073741824"},
		{[]string{"-max-pixels", "1073741825"}, usage, "-max-pixels 1073741825"},
		{[]string{"-max-pixels", "0"}, false, ""},
		{[]string{"-max-pixels", "1073741824"}, false, ""},
		{[]string{"-max-memory", "-1"}, usage, "-max-memory -1: want 0 to 1048576"},
		{[]string{"-max-memory", "1048577"}, usage, "-max-memory 1048577"},
		{[]string{"-max-memory", "1048576"}, false, ""},
		{[]string{"-data", two, "-image", image}, usage, "-data and -image exclude each other"},
		{[]string{"-split", "test"}, usage, "-split and -fold need -data"},
		{[]string{"-fold", "1"}, usage, "-split and -fold need -data"},
		{[]string{"-weights", weights}, false, ""},
		{[]string{"-weights", bare}, usage, "-weights needs -data or -image: " + bare + " does not say"},
		{[]string{"-scenes", "0"}, usage, fmt.Sprintf("-scenes 0: want 1 to %d", scenes.HeldOut)},
		{[]string{"-scenes", fmt.Sprint(scenes.HeldOut + 1)}, usage, "-scenes "},
		{[]string{"-scenes", fmt.Sprint(scenes.HeldOut)}, false, ""},
		{[]string{"-scenes", "1"}, false, ""},
		{[]string{"-data", filepath.Join(dir, "none")}, false, "none: no such file or directory (go run ./cmd/fetch"},
		{[]string{"-image", filepath.Join(dir, "none")}, false, "none: no such file or directory"},
		{[]string{"-data", two}, usage, two + " needs -weights: the embedded networks know scenes and CIFAR-10"},
		{[]string{"-data", cifar100}, usage, "CIFAR-100 test needs -weights"},
		{[]string{"-data", cifar10}, false, ""},
		{[]string{"-data", cifar10, "-weights", weights}, false, "CIFAR-10 test has the classes"},
		{[]string{"-data", cifar10, "-weights", bare}, false, ""},
		{[]string{"-image", image}, false, ""},
		{[]string{"-image", image, "-weights", weights}, false, ""},
		{[]string{"-image", image, "-weights", filepath.Join(dir, "none.pth")}, false, "none.pth"},
		{[]string{"-image", image, "-weights", weights, "-max-memory", "1"}, false, "1048576 bytes allowed"},
		{[]string{"-image", image, "-weights", weights, "-max-memory", "100"}, false, ""},
		{[]string{"-image", image, "-weights", badMean}, false, badMean + ": metadata: mean: x"},
		{[]string{"-size", "-2"}, usage, "-size -2: want a number of pixels"},
		{[]string{"-size", "-1"}, false, ""},
		{[]string{"-size", "8192"}, false, ""},
		{[]string{"-size", "8193"}, usage, "8193"},
		{[]string{"-resize", "-1"}, usage, "-resize: want a number of pixels, 0 to 8192"},
		{[]string{"-resize", "8193"}, usage, "-resize: want a number of pixels, 0 to 8192"},
		{[]string{"-resize", "8192"}, false, ""},
		{[]string{"-crop", "8193"}, usage, "-crop: want a number of pixels"},
		{[]string{"-crop", "x"}, usage, "-crop: want a number of pixels"},
		{[]string{"-network", "maxpool=no"}, usage, "-network needs -weights"},
		{[]string{"-image", image, "-weights", weights, "-network", "maxpool"}, usage, "-network: "},
		{[]string{"-image", image, "-weights", weights, "-network", "maxpool=perhaps"}, false, weights + ": arch: maxpool=perhaps"},
		{[]string{"-image", image, "-weights", weights, "-network", "eps=1e-3"}, false, ""},
		{[]string{"-mean", "x"}, usage, "-mean x: want one number"},
		{[]string{"-mean", "1,2"}, usage, "2 numbers"},
		{[]string{"-std", "x"}, usage, "-std x: want one number"},
		{[]string{"-std", "0"}, usage, "divide by zero"},
		{[]string{"-classes", "a,b"}, false, "-classes: 2 names for the 10 classes of embedded scenes network"},
		{[]string{"-classes", "a"}, false, "-classes: 1 name for the 10 classes of embedded scenes network (there is no file a)"},
		{[]string{"-classes", "a,b,c,d,e,f,g,h,i,j"}, false, ""},
		{[]string{"-data", two, "-weights", weights}, false, two + " has 2 classes, " + weights + " has 10"},
		{[]string{"-data", two, "-weights", weights, "-classes", "a,b,c,d,e,f,g,h,i,j"}, false, two + " has 2 classes, " + weights + " has 10"},
		{[]string{"-data", ten, "-weights", weights}, false, ""},
		{[]string{"-data", others, "-weights", weights}, false, "; -classes with the names of its outputs, in order, overrides"},
		{[]string{"-data", others, "-weights", bare}, false, ""},
		{[]string{"-data", others, "-weights", weights, "-classes", "a,b,c,d,e,f,g,h,i,j"}, false, ""},
	} {
		s, err := parsed(c.args...)
		if err == nil {
			var o *Opened
			if o, err = s.Open(t.Context()); err == nil {
				o.Close()
			}
		}
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %v, want %q", c.args, err, c.want)
		}
		if _, usage := errors.AsType[usageError](err); usage != c.usage {
			t.Errorf("%v: %v: an error of the command line: %v, want %v", c.args, err, usage, c.usage)
		}
	}
}

// What is opened, what it is called, and how images are brought to the network.
func TestSourceOpen(t *testing.T) {
	dir := t.TempDir()
	a, b := picture(t, filepath.Join(dir, "a.png"), 8, 6), picture(t, filepath.Join(dir, "b.png"), 8, 6)
	weights, bare := sceneWeights(t, nil), sceneWeights(t, map[string]string{})
	recipe := sceneWeights(t, map[string]string{"size": "224", "resize": "256", "mean": "imagenet"})
	sides := sceneWeights(t, map[string]string{"resize": "50", "crop": "40"})
	cropped := sceneWeights(t, map[string]string{"crop": "40"})
	cifar10 := cifar(t, "test_batch.bin", 3073)
	half := []float32{0.5}
	imagenet := []float32{0.485, 0.456, 0.406}
	for _, c := range []struct {
		args          []string
		data, network string
		resize, crop  int
		mean, std     []float32
		masks         bool
	}{
		{nil, "embedded scenes, held out from training", "embedded scenes network", 96, 96, half, half, true},
		{[]string{"-size", "0"}, "embedded scenes, held out from training", "embedded scenes network", 0, 0, half, half, true},
		{[]string{"-image", a}, a, "embedded CIFAR-10 network", 32, 32, half, half, false},
		{[]string{"-image", a, b}, a + " and 1 more", "embedded CIFAR-10 network", 32, 32, half, half, false},
		{[]string{"-data", cifar10}, "CIFAR-10 test", "embedded CIFAR-10 network", 32, 32, half, half, false},
		{[]string{"-data", cifar10, "-weights", bare}, "CIFAR-10 test", bare, 0, 0, half, half, false},
		{[]string{"-data", cifar10, "-weights", bare, "-mean", "0", "-std", "1"}, "CIFAR-10 test", bare, 0, 0, []float32{0}, []float32{1}, false},
		{[]string{"-data", cifar10, "-weights", bare, "-size", "64", "-mean", "imagenet"}, "CIFAR-10 test", bare, 64, 64, imagenet, half, false},
		{[]string{"-data", cifar10, "-weights", bare, "-crop", "28"}, "CIFAR-10 test", bare, 0, 28, half, half, false},
		{[]string{"-data", cifar10, "-weights", recipe}, "CIFAR-10 test", recipe, 256, 224, imagenet, half, false},
		{[]string{"-data", dir, "-weights", bare}, dir, bare, 128, 128, nil, nil, false},
		{[]string{"-data", dir, "-weights", weights}, dir, weights, 96, 96, half, half, false},
		{[]string{"-data", dir, "-weights", bare, "-resize", "256", "-crop", "224"}, dir, bare, 256, 224, nil, nil, false},
		{[]string{"-data", dir, "-weights", bare, "-resize", "256"}, dir, bare, 256, 0, nil, nil, false},
		{[]string{"-data", dir, "-weights", bare, "-crop", "224"}, dir, bare, 0, 224, nil, nil, false},
		{[]string{"-data", dir, "-weights", bare, "-size", "64", "-crop", "32"}, dir, bare, 64, 32, nil, nil, false},
		{[]string{"-data", dir, "-weights", bare, "-size", "64", "-resize", "0"}, dir, bare, 0, 64, nil, nil, false},
		{[]string{"-data", dir, "-weights", recipe}, dir, recipe, 256, 224, imagenet, nil, false},
		{[]string{"-data", dir, "-weights", recipe, "-size", "64"}, dir, recipe, 64, 64, imagenet, nil, false},
		{[]string{"-data", dir, "-weights", recipe, "-size", "0"}, dir, recipe, 0, 0, imagenet, nil, false},
		{[]string{"-data", dir, "-weights", recipe, "-crop", "64"}, dir, recipe, 256, 64, imagenet, nil, false},
		{[]string{"-data", dir, "-weights", sides}, dir, sides, 50, 40, nil, nil, false},
		{[]string{"-data", dir, "-weights", cropped}, dir, cropped, 0, 40, nil, nil, false},
	} {
		s, err := parsed(c.args...)
		if err != nil {
			t.Fatal(err)
		}
		o, err := s.Open(t.Context())
		if err != nil {
			t.Errorf("%v: %v", c.args, err)
			continue
		}
		tr := o.Model.Transform()
		if o.DataName != c.data || o.NetworkName != c.network || (o.Masks != nil) != c.masks {
			t.Errorf("%v: %q through %q, masks %v", c.args, o.DataName, o.NetworkName, o.Masks != nil)
		}
		if tr.Resize != c.resize || tr.CenterCrop != c.crop || !slices.Equal(tr.Mean, c.mean) || !slices.Equal(tr.Std, c.std) {
			t.Errorf("%v: transform %+v, want %d, %d, %v, %v", c.args, tr, c.resize, c.crop, c.mean, c.std)
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	}
}
