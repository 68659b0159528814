package render

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

func TestGrayIsPillows(t *testing.T) {
	f := golden.Open(t, "render.safetensors")
	want := f.Bytes("gray")
	nrgba := &image.NRGBA{Pix: randomBytes("gray", 64*48*4), Stride: 4 * 64, Rect: image.Rect(0, 0, 64, 48)}
	opaque := image.NewRGBA(nrgba.Rect)
	for i := 0; i < len(opaque.Pix); i += 4 {
		copy(opaque.Pix[i:], append(nrgba.Pix[i:i+3:i+3], 255))
	}
	moved := *nrgba
	moved.Rect = moved.Rect.Add(image.Pt(-7, 20))
	gray := &image.Gray{Pix: want, Stride: 64, Rect: image.Rect(5, 5, 69, 53)}
	for name, im := range map[string]image.Image{
		"NRGBA": nrgba, "RGBA": opaque, "moved": &moved, "gray": gray,
		"part": (&image.NRGBA{Pix: widen(nrgba.Pix, 64, 48, 4), Stride: 4 * 69, Rect: image.Rect(0, 0, 69, 48)}).SubImage(image.Rect(5, 0, 69, 48)),
	} {
		got, err := GrayOf(im)
		if err != nil {
			t.Fatal(name, err)
		}
		if got.Rect != image.Rect(0, 0, 64, 48) || !bytes.Equal(got.Pix, want) {
			t.Errorf("%s: not the bytes of Pillow %s", name, f.Metadata("PIL"))
		}
	}
}

// widen puts five columns of zeros before an image of n bytes a pixel.
func widen(pix []uint8, w, h, n int) []uint8 {
	var out []uint8
	for y := range h {
		out = append(out, make([]uint8, 5*n)...)
		out = append(out, pix[y*w*n:(y+1)*w*n]...)
	}
	return out
}

func TestGrayOfYCbCr(t *testing.T) {
	im := image.NewYCbCr(image.Rect(0, 0, 32, 24), image.YCbCrSubsampleRatio420)
	for i, p := range [][]uint8{im.Y, im.Cb, im.Cr} {
		copy(p, randomBytes(fmt.Sprint("plane ", i), len(p)))
	}
	part := im.SubImage(image.Rect(3, 5, 29, 20))
	got, err := GrayOf(part)
	if err != nil {
		t.Fatal(err)
	}
	rgb := image.NewNRGBA(image.Rect(0, 0, 26, 15))
	draw.Draw(rgb, rgb.Rect, part, part.Bounds().Min, draw.Src)
	if want, _ := GrayOf(rgb); !bytes.Equal(got.Pix, want.Pix) {
		t.Error("a JPEG's planes and its pixels differ in gray")
	}
}

func TestOverlayIsMatplotlibs(t *testing.T) {
	f := golden.Open(t, "render.safetensors")
	gray := &image.Gray{Pix: f.Bytes("gray"), Stride: 64, Rect: image.Rect(0, 0, 64, 48)}
	heat := randomBytes("heat", 64*48)
	colour := image.NewNRGBA(gray.Rect)
	for i, v := range randomBytes("gray", len(colour.Pix)) {
		if colour.Pix[i] = v; i%4 == 3 {
			colour.Pix[i] = 255
		}
	}
	cases := 0
	for _, name := range f.Names() {
		rest, isGray := strings.CutPrefix(name, "overlay ")
		rest, isColour := strings.CutPrefix(rest, "colour ")
		if !isGray && !isColour {
			continue
		}
		cases++
		var mapName string
		var alpha float64
		if _, err := fmt.Sscan(rest, &mapName, &alpha); err != nil {
			t.Fatal(err)
		}
		cmap, err := ColormapByName(mapName)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Overlay(gray, heat, cmap, alpha)
		if isColour {
			got, err = OverlayColor(colour, heat, cmap, alpha)
		}
		if err != nil {
			t.Fatal(err)
		}
		want, differ := f.Bytes(name), 0
		for i := range 64 * 48 {
			if !bytes.Equal(got.Pix[4*i:4*i+3], want[3*i:3*i+3]) || got.Pix[4*i+3] != 255 {
				differ++
			}
		}
		if differ > 0 {
			t.Errorf("%s: %d of %d pixels are not those of matplotlib %s", name, differ, 64*48, f.Metadata("matplotlib"))
		}
	}
	t.Logf("%d overlays, each byte equal to matplotlib %s", cases, f.Metadata("matplotlib"))
	if cases < 9 {
		t.Errorf("only %d cases in the golden file", cases)
	}
}

// The arithmetic of Agg stays within two levels of the formula in real numbers:
// alpha is cut to a byte and the quotient is cut off.
func TestOverlayIsABlend(t *testing.T) {
	gray := image.NewGray(image.Rect(0, 0, 256, 256))
	heat := make([]uint8, 256*256)
	for i := range heat {
		gray.Pix[i], heat[i] = uint8(i>>8), uint8(i)
	}
	for _, alpha := range []float64{0, 0.2, DefaultAlpha, 0.5, 0.75, 1} {
		im, err := Overlay(gray, heat, nil, alpha)
		if err != nil {
			t.Fatal(err)
		}
		worst := 0.0
		for i := range heat {
			for ch, c := range Jet[heat[i]] {
				want := alpha*float64(c) + (1-alpha)*float64(gray.Pix[i])
				worst = max(worst, math.Abs(float64(im.Pix[4*i+ch])-want))
			}
		}
		t.Logf("alpha %v: at most %.3f levels off", alpha, worst)
		if worst > 2 {
			t.Errorf("alpha %v: %v levels off", alpha, worst)
		}
	}
}

func TestOverlayErrors(t *testing.T) {
	gray := image.NewGray(image.Rect(0, 0, 4, 4))
	for name, err := range map[string]error{
		"no image":   second(Overlay(nil, nil, nil, 0.4)),
		"empty":      second(Overlay(&image.Gray{}, nil, nil, 0.4)),
		"no colours": second(OverlayColor(nil, nil, nil, 0.4)),
		"empty too":  second(OverlayColor(&image.RGBA{}, nil, nil, 0.4)),
		"short":      second(Overlay(gray, make([]uint8, 15), nil, 0.4)),
		"long":       second(Overlay(gray, make([]uint8, 17), nil, 0.4)),
		"alpha < 0":  second(Overlay(gray, make([]uint8, 16), nil, -0.1)),
		"alpha > 1":  second(Overlay(gray, make([]uint8, 16), nil, 1.1)),
		"alpha NaN":  second(Overlay(gray, make([]uint8, 16), nil, math.NaN())),
		"gray nil":   second(GrayOf(nil)),
		"gray empty": second(GrayOf(image.NewRGBA(image.Rect(0, 0, 0, 5)))),
		"gray huge":  second(GrayOf(image.NewUniform(color.White))),
	} {
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func BenchmarkOverlay(b *testing.B) {
	gray := image.NewGray(image.Rect(0, 0, 224, 224))
	heat := randomBytes("bench", 224*224)
	b.SetBytes(224 * 224)
	for b.Loop() {
		if _, err := Overlay(gray, heat, nil, DefaultAlpha); err != nil {
			b.Fatal(err)
		}
	}
}
