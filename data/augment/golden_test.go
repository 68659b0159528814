package augment

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

func open(t testing.TB) *golden.File {
	t.Helper()
	f := golden.Open(t, "data/augment.safetensors")
	t.Logf("torchvision %s, Pillow %s", f.Metadata("torchvision"), f.Metadata("PIL"))
	return f
}

// picture is that of testdata/export/data.py.
func picture(name string, w, h int) *data.Image {
	im := &data.Image{Width: w, Height: h, Pix: make([]uint8, 3*w*h)}
	for i, v := range golden.Uniform(name, len(im.Pix), 1) {
		im.Pix[i] = uint8(float64(v)*128 + 128)
	}
	return im
}

func sized(w, h int) *data.Image { return picture(fmt.Sprintf("augment %dx%d", w, h), w, h) }

// same tells whether got is the stored tensor, which is the bytes or, for many of
// them, their SHA-256.
func same(t *testing.T, f *golden.File, name string, got []byte) {
	t.Helper()
	if len(got) > 4096 {
		sum := sha256.Sum256(got)
		got = sum[:]
	}
	if !bytes.Equal(got, f.Bytes(name)) {
		t.Errorf("%s differs", name)
	}
}

func decode(t *testing.T, f *golden.File, key string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(f.Metadata(key)), v); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
}

func TestCropIsTorchvisions(t *testing.T) {
	f := open(t)
	var cases []struct {
		W, H      int
		Size      [2]int
		Padding   [4]int
		Mode      PaddingMode
		Top, Left int
		Fill      []int
	}
	decode(t, f, "crops", &cases)
	for i, c := range cases {
		crop := RandomCrop{SizeExact: c.Size, PaddingExact: c.Padding, PaddingMode: c.Mode}
		for k, v := range c.Fill {
			crop.Fill[k] = uint8(v)
		}
		im := sized(c.W, c.H)
		before := bytes.Clone(im.Pix)
		out, err := crop.crop(t.Context(), im, c.Top-c.Padding[1], c.Left-c.Padding[0], c.Size[0], c.Size[1])
		if err != nil {
			t.Fatal(err)
		}
		same(t, f, fmt.Sprint("crop ", i), out.Pix)
		if !bytes.Equal(im.Pix, before) {
			t.Errorf("crop %d: the image has changed", i)
		}
	}
	// With PadIfNeeded: the least and the largest place of 2000 draws.
	for rows := f.Int64("needed"); len(rows) > 0; rows = rows[9:] {
		crop := RandomCrop{SizeExact: [2]int{int(rows[2]), int(rows[3])}, Padding: int(rows[4]), PadIfNeeded: true}
		got := []int64{math.MaxInt64, math.MaxInt64, math.MinInt64, math.MinInt64}
		r := rand.New(rand.NewPCG(1, 2))
		for range 2000 {
			top, left, err := crop.params(picture("needed", int(rows[0]), int(rows[1])), r)
			if err != nil {
				t.Fatal(err)
			}
			got[0], got[1] = min(got[0], int64(top)), min(got[1], int64(left))
			got[2], got[3] = max(got[2], int64(top)), max(got[3], int64(left))
		}
		if !slices.Equal(got, rows[5:9]) {
			t.Errorf("%v: places from and to %v, want %v", rows[:5], got, rows[5:9])
		}
	}
}

func TestResizedCropIsTorchvisions(t *testing.T) {
	f := open(t)
	for i, rows := 0, f.Int64("resized crops"); len(rows) > 0; i, rows = i+1, rows[8:] {
		n := func(k int) int { return int(rows[k]) }
		out, err := data.ResizedCrop(t.Context(), sized(n(0), n(1)), n(2), n(3), n(4), n(5), n(6), n(7))
		if err != nil {
			t.Fatal(err)
		}
		same(t, f, fmt.Sprint("resized crop ", i), out.Pix)
	}
	for rows := f.Float64("fallbacks"); len(rows) > 0; rows = rows[8:] {
		w, h, ratio := int(rows[0]), int(rows[1]), [2]float64{rows[2], rows[3]}
		top, left, height, width := resizedCropParams(rand.New(rand.NewPCG(3, 4)), h, w, [2]float64{1, 1}, ratio)
		if got := []float64{float64(top), float64(left), float64(height), float64(width)}; !slices.Equal(got, rows[4:8]) {
			t.Errorf("%v: the part is %v, want %v", rows[:4], got, rows[4:8])
		}
	}
}

func TestFlipIsTorchvisions(t *testing.T) {
	f := open(t)
	for _, s := range [][2]int{{1, 3}, {2, 2}, {7, 5}, {32, 32}} {
		out, err := hflip(t.Context(), sized(s[0], s[1]))
		if err != nil {
			t.Fatal(err)
		}
		same(t, f, fmt.Sprintf("flip %dx%d", s[0], s[1]), out.Pix)
	}
}

func TestColoursArePillows(t *testing.T) {
	f := open(t)
	dark := sized(7, 5)
	for i := range dark.Pix {
		dark.Pix[i] /= 5
	}
	images := map[string]*data.Image{
		"noise": sized(32, 32), "dark": dark,
		"halves": {Width: 2, Height: 1, Pix: []uint8{10, 10, 10, 11, 11, 11}},
	}
	for what, adjust := range map[string]func(context.Context, *data.Image, float64) (*data.Image, error){
		"brightness": adjustBrightness, "contrast": adjustContrast, "saturation": adjustSaturation, "hue": adjustHue,
	} {
		factors := f.Float64("factors")
		if what == "hue" {
			factors = f.Float64("hues")
		}
		for name, im := range images {
			before := bytes.Clone(im.Pix)
			var all []byte
			for _, x := range factors {
				out, err := adjust(t.Context(), im, x)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, out.Pix...)
			}
			same(t, f, what+" of "+name, all)
			if !bytes.Equal(im.Pix, before) {
				t.Errorf("%s of %s: the image has changed", what, name)
			}
		}
	}
	var blends []byte
	for _, x := range f.Float64("factors") {
		for a := range 256 {
			blends = append(blends, levels(uint8(a), x)[:]...)
		}
	}
	same(t, f, "blends", blends)
}

// TestEveryColour converts all 2^24.
func TestEveryColour(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	f := open(t)
	for name, convert := range map[string]func(row []byte, a, b, c uint8) []byte{
		"gray": func(row []byte, a, b, c uint8) []byte { return append(row, gray(a, b, c)) },
		"hsv": func(row []byte, a, b, c uint8) []byte {
			h, s, v := hsv(a, b, c)
			return append(row, h, s, v)
		},
		"rgb": func(row []byte, a, b, c uint8) []byte {
			r, g, l := rgb(a, b, c)
			return append(row, r, g, l)
		},
	} {
		sum := sha256.New()
		var row []byte
		for n := 0; n < 1<<24; n += 256 {
			row = row[:0]
			for c := range 256 {
				row = convert(row, uint8(n>>16), uint8(n>>8), uint8(c))
			}
			sum.Write(row)
		}
		if !bytes.Equal(sum.Sum(nil), f.Bytes(name)) {
			t.Errorf("%s differs", name)
		}
	}
}

func TestJitterIsTorchvisions(t *testing.T) {
	f := open(t)
	var cases []struct {
		Order   []int
		Factors [4]float64
		Skip    int
	}
	decode(t, f, "jitters", &cases)
	for i, c := range cases {
		var set [4]bool
		for k := range set {
			set[k] = k != c.Skip
		}
		out, err := jitter(t.Context(), sized(32, 32), c.Order, c.Factors, set)
		if err != nil {
			t.Fatal(err)
		}
		same(t, f, fmt.Sprint("jitter ", i), out.Pix)
	}
}

// batch is that of testdata/export/augment.py, of the labels 2, 0, 2, 1.
func batch(n, h, w int) *data.Batch {
	b := &data.Batch{Shape: []int{n, 3, h, w}, Pixels: golden.Uniform(fmt.Sprintf("augment batch %dx%dx%d", n, h, w), n*3*h*w, 2)}
	for i := range n {
		b.Samples = append(b.Samples, data.Sample{Label: []int{2, 0, 2, 1}[i%4], Name: fmt.Sprint("batch/", i)})
	}
	return b
}

func TestErasingIsTorchvisions(t *testing.T) {
	f := open(t)
	want := f.Float32("erasing")
	compare := func(name string, top, left, h, w int, v []float32) {
		t.Helper()
		x := batch(1, 11, 13).Pixels
		erase(x, 11, 13, top, left, h, w, v)
		if !slices.Equal(x, want[:len(x)]) {
			t.Errorf("%s differs", name)
		}
		want = want[len(x):]
	}
	for i, rows := 0, f.Int64("erased"); len(rows) > 0; i, rows = i+1, rows[4:] {
		h, w := int(rows[2]), int(rows[3])
		compare(fmt.Sprint("erased ", i), int(rows[0]), int(rows[1]), h, w, golden.Uniform(fmt.Sprint("erase ", i), 3*h*w, 3))
	}
	for _, e := range []RandomErasing{{}, {Value: []float32{0.25, -1.5, 3}}} {
		compare(e.String(), 2, 5, 7, 3, e.values(nil, 7, 3))
	}
	if len(want) > 0 {
		t.Errorf("%d numbers are left", len(want))
	}
}

// floats are the bytes of numbers.
func floats(v []float32) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), 4*len(v)) }

func TestMixingIsTorchvisions(t *testing.T) {
	f := open(t)
	var pixels, targets []float32
	for _, l := range f.Float64("lambdas") {
		for _, n := range []int{4, 1} {
			b := batch(n, 3, 5)
			y, err := oneHot(b, 4)
			if err != nil {
				t.Fatal(err)
			}
			blendParts(b.Pixels, n, l)
			blendParts(y, n, l)
			pixels, targets = append(pixels, b.Pixels...), append(targets, y...)
		}
	}
	if d := golden.MaxAbsDiff(t, pixels, f.Float32("mixup")); d != 0 {
		t.Errorf("MixUp: largest difference %g, want the same bits", d)
	}
	if d := golden.MaxAbsDiff(t, targets, f.Float32("mixup targets")); d != 0 {
		t.Errorf("targets of MixUp: largest difference %g, want the same bits", d)
	}
	pixels, targets = nil, nil
	weights := f.Float64("weights")
	for rows := f.Int64("boxes"); len(rows) > 0; rows, weights = rows[8:], weights[2:] {
		n := func(k int) int { return int(rows[k]) }
		x1, y1, x2, y2 := cutMixBox(n(2), n(3), n(0), n(1), weights[0])
		if x1 != n(4) || y1 != n(5) || x2 != n(6) || y2 != n(7) {
			t.Errorf("%v, %g: the rectangle is %d %d %d %d", rows[:8], weights[0], x1, y1, x2, y2)
		}
		l := kept(n(0), n(1), x1, y1, x2, y2)
		if l != weights[1] {
			t.Errorf("%v, %g: lambda %g, want %g", rows[:8], weights[0], l, weights[1])
		}
		if n(0) != 5 || n(1) != 9 {
			continue
		}
		b := batch(4, 5, 9)
		y, err := oneHot(b, 4)
		if err != nil {
			t.Fatal(err)
		}
		paste(b.Pixels, 4, 5, 9, x1, y1, x2, y2)
		blendParts(y, 4, l)
		pixels, targets = append(pixels, b.Pixels...), append(targets, y...)
	}
	same(t, f, "cutmix", floats(pixels))
	if d := golden.MaxAbsDiff(t, targets, f.Float32("cutmix targets")); d != 0 {
		t.Errorf("targets of CutMix: largest difference %g, want the same bits", d)
	}
}

func TestStringsAreTorchvisions(t *testing.T) {
	f := open(t)
	var want []string
	decode(t, f, "strings", &want)
	for i, s := range []fmt.Stringer{
		RandomCrop{Size: 32, Padding: 4}, RandomCrop{SizeExact: [2]int{24, 32}}, RandomHorizontalFlip{}, RandomHorizontalFlip{P: 1},
		RandomResizedCrop{Size: 224}, RandomResizedCrop{SizeExact: [2]int{8, 9}, Scale: [2]float64{0.25, 1}, Ratio: [2]float64{1, 1.23456}},
		ColorJitter{0.4, 0.5, 2, 0.1}, ColorJitter{Contrast: 0.25}, RandomErasing{}, RandomErasing{P: 0.25, Random: true},
		RandomErasing{P: 0.1, Scale: [2]float64{0.1, 0.25}, Ratio: [2]float64{0.5, 2}, Value: []float32{0.5, 1, -2}}, MixUp{Classes: 10}, CutMix{Alpha: 0.2, Classes: 7},
	} {
		if s.String() != want[i] {
			t.Errorf("%s, want %s", s, want[i])
		}
	}
}
