package metrics

import (
	"context"
	"image"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn"
)

func TestImputeRefuses(t *testing.T) {
	for name, f := range map[string]func() error{
		"mask":  func() error { _, err := Impute(t.Context(), make([]float32, 12), make([]bool, 5), 3, 2, 2); return err },
		"image": func() error { _, err := Impute(t.Context(), make([]float32, 11), make([]bool, 4), 3, 2, 2); return err },
		"NaN": func() error {
			_, err := Impute(t.Context(), []float32{float32(math.NaN()), 0, 0, 0}, []bool{true, false, true, true}, 1, 2, 2)
			return err
		},
		"context": func() error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := Impute(ctx, make([]float32, 4), []bool{true, false, true, true}, 1, 2, 2)
			return err
		},
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A constant map, and one that is nowhere positive, are defined cases.
func TestBlankMaps(t *testing.T) {
	f := golden.Open(t, "metrics.safetensors")
	b := batch(t, f)
	for i := range b.Maps {
		b.Maps[i] = &cam.Map{Class: i, Width: 2, Height: 2, Values: []float32{float32(i) - 1, float32(i) - 1, float32(i) - 1, float32(i) - 1}}
	}
	finite := func(name string, values ...float64) {
		for _, v := range values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("%s: %v", name, values)
			}
		}
	}
	confidences, err := Confidences(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	curves, err := Insertion(t.Context(), b, CurveOptions{Steps: 3})
	if err != nil {
		t.Fatal(err)
	}
	removals, err := ROAD(t.Context(), b, ROADOptions{Percentiles: []float64{20, 80}})
	if err != nil {
		t.Fatal(err)
	}
	coherency, err := Coherency(t.Context(), answers(b.Maps), cam.Question{Net: b.Net, Input: b.Input}, b.Maps)
	if err != nil {
		t.Fatal(err)
	}
	mask := make([]bool, width*height)
	mask[5] = true
	for i, m := range b.Maps {
		energy, err := Energy(m, mask, width, height)
		if err != nil {
			t.Fatal(err)
		}
		iou, err := BestIoU(m, mask, width, height)
		if err != nil {
			t.Fatal(err)
		}
		boxes, err := BoxIoU(m, []image.Rectangle{image.Rect(0, 0, 3, 3)}, width, height)
		if err != nil {
			t.Fatal(err)
		}
		finite("image", append([]float64{confidences[i].Drop(), curves[i].Area(), removals[i].Combined(), coherency[i], energy, iou, Complexity(m, width, height)}, boxes...)...)
		if energy != 0 || iou != 0 || coherency[i] != 0.5 {
			t.Errorf("energy %v, IoU %v, coherency %v of a blank map, want 0, 0, 0.5", energy, iou, coherency[i])
		}
	}
	finite("ADCC", ADCC(0, 0, 0), ADCC(1, 1, 0), ADCC(1, 0, 1), ADCC(1, 0, 0))
}

// Results do not depend on the number of cores, nor on what else is in the batch.
func TestBatchesAndCores(t *testing.T) {
	f := golden.Open(t, "metrics.safetensors")
	b := batch(t, f)
	all := func() (out []float64) {
		removals, err := ROAD(t.Context(), b, ROADOptions{Percentiles: []float64{70, 20}})
		if err != nil {
			t.Fatal(err)
		}
		curves, err := Deletion(t.Context(), b, CurveOptions{Steps: 7})
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range removals {
			out = append(append(append(out, r.Most...), r.Least...), curves[i].Scores...)
		}
		return out
	}
	want := all()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, cores := range []int{1, 5} {
		runtime.GOMAXPROCS(cores)
		if got := all(); !slices.Equal(got, want) {
			t.Errorf("%d cores: other bits", cores)
		}
	}
	per := len(want) / images
	b.Maps = b.Maps[1:2]
	b.Input = &nn.Tensor{Shape: []int{1, channels, height, width}, Data: b.Input.Data[channels*height*width : 2*channels*height*width]}
	if got := all(); !slices.Equal(got, want[per:2*per]) {
		t.Errorf("alone, image 1 has other bits")
	}
}

// The perfect map of an object scores 1 everywhere, and its negative 0.
func TestPerfectMap(t *testing.T) {
	mask := make([]bool, 20*10)
	m := &cam.Map{Width: 20, Height: 10, Values: make([]float32, 200)}
	for y := 3; y < 7; y++ {
		for x := 5; x < 16; x++ {
			mask[y*20+x], m.Values[y*20+x] = true, 1
		}
	}
	box, err := BoxOf(mask, 20, 10)
	if err != nil {
		t.Fatal(err)
	}
	measure := func(m *cam.Map) []float64 {
		hit, err := Pointing(m, mask, 20, 10)
		if err != nil {
			t.Fatal(err)
		}
		energy, _ := Energy(m, mask, 20, 10)
		iou, _ := BestIoU(m, mask, 20, 10)
		boxes, _ := BoxIoU(m, []image.Rectangle{box}, 20, 10)
		return []float64{map[bool]float64{true: 1}[hit], energy, iou, MaxBoxAccV2([][]float64{boxes})}
	}
	if got := measure(m); !slices.Equal(got, []float64{1, 1, 1, 1}) {
		t.Errorf("%v, want ones", got)
	}
	for i := range m.Values {
		m.Values[i] = 1 - m.Values[i]
	}
	got := measure(m)
	if got[0] != 0 || got[1] != 0 || got[3] != 0 {
		t.Errorf("%v of the negative, want no hit, no energy, no box", got)
	}
}

// A method that looks at weights has other maps with other ones; one that does not has not.
func TestSanity(t *testing.T) {
	b := batch(t, golden.Open(t, "metrics.safetensors"))
	q := cam.Question{Net: b.Net, Input: b.Input}
	same, err := Sanity(t.Context(), answers(b.Maps), q, 1)
	if err != nil {
		t.Fatal(err)
	}
	var after []string
	for _, r := range same {
		after = append(after, r.After)
		for _, c := range r.Alike {
			if math.Abs(c-1) > 1e-12 {
				t.Errorf("after %s: maps that do not change correlate by %v", r.After, c)
			}
		}
	}
	if got := strings.Join(after, " "); got != "layer4 layer3 layer2 layer1 relu input" {
		t.Errorf("drawn anew after %s", got)
	}
	other, err := Sanity(t.Context(), cam.GradCAM{}, q, 1)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(other[0].Alike, other[len(other)-1].Alike) {
		t.Error("the head alone drawn anew gives the maps that all weights give")
	}
	for _, r := range other {
		if c := Mean(r.Alike); math.Abs(c) > 0.9 {
			t.Errorf("after %s: Grad-CAM's maps correlate by %v", r.After, c)
		}
	}
}

func TestMisfits(t *testing.T) {
	b := batch(t, golden.Open(t, "metrics.safetensors"))
	one := b
	one.Maps = b.Maps[:1]
	if _, err := Confidences(t.Context(), one); err == nil {
		t.Error("one map for three images: no error")
	}
	one.Maps = []*cam.Map{b.Maps[0], nil, b.Maps[2]}
	if _, err := ROAD(t.Context(), one, ROADOptions{}); err == nil || !strings.Contains(err.Error(), "image 1") {
		t.Errorf("no map: %v", err)
	}
	if _, err := ROAD(t.Context(), b, ROADOptions{Percentiles: []float64{100}}); err == nil {
		t.Error("percentile 100: no error")
	}
	if _, err := Deletion(t.Context(), b, CurveOptions{Steps: -1}); err == nil {
		t.Error("-1 steps: no error")
	}
	if _, err := Pointing(b.Maps[0], make([]bool, 3), 2, 2); err == nil {
		t.Error("a mask of 3 pixels for 2 x 2: no error")
	}
	if _, err := BoxIoU(b.Maps[0], nil, 2, 2); err == nil {
		t.Error("no boxes: no error")
	}
	none := &cam.Map{Width: 2, Height: 2, Values: []float32{0, 1, float32(math.NaN()), 0}}
	if _, err := BoxIoU(none, []image.Rectangle{image.Rect(0, 0, 1, 1)}, 4, 4); err == nil {
		t.Error("a map with NaN: no error")
	}
	if _, err := RankCorrelation(nil, nil); err == nil {
		t.Error("no ranks: no error")
	}
}
