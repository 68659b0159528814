package augment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/glimpse-go/glimpse/data"
)

// draws are how many numbers of each kind are held to the 20,000 of torchvision.
const draws = 40_000

// drawn counts what is drawn, by name, as count in testdata/export/augment.py does.
type drawn map[string][]int64

func (d drawn) count(name string, value, bins int) {
	if d[name] == nil {
		d[name] = make([]int64, bins)
	}
	d[name][value]++
}

func (d drawn) share(name string, value float64, bins int) {
	d.count(name, min(max(int(value*float64(bins)), 0), bins-1), bins)
}

// homogeneous returns the probability that two samples of one distribution differ as
// much as these (chi-square; Numerical Recipes, 14.3). What comes seldom in both is
// taken together.
func homogeneous(a, b []int64) float64 {
	var na, nb float64
	for i := range a {
		na, nb = na+float64(a[i]), nb+float64(b[i])
	}
	x, bins, ra, rb := 0.0, -1.0, 0.0, 0.0
	add := func(ka, kb float64) {
		if d := ka*math.Sqrt(nb/na) - kb*math.Sqrt(na/nb); ka+kb > 0 {
			x, bins = x+d*d/(ka+kb), bins+1
		}
	}
	for i := range a {
		if ka, kb := float64(a[i]), float64(b[i]); ka+kb < 20 {
			ra, rb = ra+ka, rb+kb
		} else {
			add(ka, kb)
		}
	}
	add(ra, rb)
	if bins < 1 {
		return 1
	}
	return distuv.ChiSquared{K: bins}.Survival(x)
}

// TestDraws holds what is drawn to torchvision's own draws. The numbers are the same in
// each run, so that nothing fails by chance. Of one distribution, all of some 60 counts
// are nearer than this in 999 of 1000 choices of seeds.
func TestDraws(t *testing.T) {
	f := open(t)
	d := drawn{}
	r := rand.New(rand.NewPCG(5, 6))
	im := picture("draws", 32, 24)
	names := []string{"", " of others"}
	for range draws {
		for k, c := range []RandomResizedCrop{{Size: 1}, {Size: 1, Scale: [2]float64{0.2, 0.5}, Ratio: [2]float64{0.5, 3}}} {
			scale, ratio, err := c.options()
			if err != nil {
				t.Fatal(err)
			}
			top, left, h, w := resizedCropParams(r, 24, 32, scale, ratio)
			if top < 0 || left < 0 || h < 1 || w < 1 || top+h > 24 || left+w > 32 {
				t.Fatalf("resized crop: %d %d %d %d", top, left, h, w)
			}
			d.parts("resized", names[k], top, left, h, w)
		}
		for k, e := range []RandomErasing{{}, {Scale: [2]float64{0.5, 1}, Ratio: [2]float64{0.3, 1}}} {
			_, scale, ratio, err := e.options()
			if err != nil {
				t.Fatal(err)
			}
			top, left, h, w := erasingParams(r, 24, 32, scale, ratio)
			if top < 0 || left < 0 || top+h > 24 || left+w > 32 {
				t.Fatalf("erasing: %d %d %d %d", top, left, h, w)
			}
			d.parts("erased", names[k], top, left, h, w)
		}
		top, left, err := RandomCrop{SizeExact: [2]int{20, 30}, Padding: 1}.params(im, r)
		if err != nil {
			t.Fatal(err)
		}
		d.count("crop", 5*(top+1)+left+1, 7*5)

		flipped, err := RandomHorizontalFlip{P: 0.3}.Augment(t.Context(), &data.Image{Width: 2, Height: 1, Pix: []uint8{0, 0, 0, 9, 9, 9}}, r)
		if err != nil {
			t.Fatal(err)
		}
		d.count("flip", int(flipped.Pix[0])/9, 2)

		order, factors := ColorJitter{0.4, 1.5, 0.2, 0.1}.params(r)
		d.count("jitter order", order[0]<<6|order[1]<<4|order[2]<<2|order[3], 256)
		for k, c := range []struct {
			name      string
			lo, width float64
		}{{"brightness", 0.6, 0.8}, {"contrast", 0, 2.5}, {"saturation", 0.8, 0.4}, {"hue", -0.1, 0.2}} {
			x := (factors[k] - c.lo) / c.width
			if x < -1e-6 || x > 1+1e-6 {
				t.Fatalf("%s: %g", c.name, factors[k])
			}
			d.share("jitter "+c.name, x, 40)
		}
		for _, alpha := range []float64{0.05, 0.2, 1, 2.5} {
			d.share("mixup "+float(alpha), beta(r, alpha), 40)
			x1, y1, x2, y2 := cutMixParams(r, 24, 32, beta(r, alpha))
			for k, what := range []string{"x1", "y1", "x2", "y2"} {
				d.count(fmt.Sprintf("cutmix %s %s", what, float(alpha)), []int{x1, y1, x2, y2}[k], 33)
			}
		}
	}
	checked := 0
	for _, name := range f.Names() {
		if len(name) < 6 || name[:6] != "drawn " {
			continue
		}
		got := d[name[6:]]
		if p := homogeneous(got, f.Int64(name)); p < 0.001/60 {
			t.Errorf("%s: p is %g\n%v, want\n%v", name, p, got, f.Int64(name))
		}
		checked++
	}
	if checked != len(d) {
		t.Errorf("%d distributions checked of %d", checked, len(d))
	}
}

func (d drawn) parts(what, name string, top, left, h, w int) {
	for k, side := range []string{"top", "left", "height", "width"} {
		d.count(what+" "+side+name, []int{top, left, h, w}[k], 33)
	}
	d.share(what+" area"+name, float64(h*w)/(24*32), 40)
}

// TestBeta holds draws to the distribution's function (Kolmogorov and Smirnov), also for
// parameters whose numbers float32 could not hold.
func TestBeta(t *testing.T) {
	for _, a := range []float64{1e-3, 0.2, 0.4, 1, 3, 1000} {
		r := rand.New(rand.NewPCG(7, uint64(a*1000)))
		const n = 50_000
		mean := 0.0 // of logarithms from Gamma(a): digamma(a), with the variance trigamma(a)
		for range n {
			mean += logGamma(r, a) / n
		}
		if z := (mean - mathext.Digamma(a)) / math.Sqrt(mathext.Zeta(2, a)/n); math.Abs(z) > 3.3 {
			t.Errorf("Gamma(%g): the mean logarithm is %g standard deviations off", a, z)
		}
		var below [200]float64
		for range n {
			l := beta(r, a)
			if !(l >= 0 && l <= 1) {
				t.Fatalf("Beta(%g): %g", a, l)
			}
			below[min(int(l*200), 199)]++
		}
		worst, sum := 0.0, 0.0
		for i, k := range below {
			sum += k
			worst = max(worst, math.Abs(sum/n-mathext.RegIncBeta(a, a, float64(i+1)/200)))
		}
		if worst*math.Sqrt(n) > 1.95 { // p of 0.001
			t.Errorf("Beta(%g): %g off the distribution", a, worst)
		}
	}
}

// TestChances counts what comes by chance.
func TestChances(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	const n = 20_000
	near := func(name string, got, p float64) {
		t.Helper()
		if z := (got - n*p) / math.Sqrt(n*p*(1-p)); math.Abs(z) > 3.3 {
			t.Errorf("%s: %v of %d, expected a share of %g", name, got, n, p)
		}
	}
	for _, p := range []float64{0, 0.1, 0.9} {
		want := p
		if p == 0 {
			want = 0.5
		}
		flipped, erased := 0.0, 0.0
		for range n {
			im, err := RandomHorizontalFlip{P: p}.Augment(t.Context(), &data.Image{Width: 2, Height: 1, Pix: []uint8{0, 0, 0, 9, 9, 9}}, r)
			if err != nil {
				t.Fatal(err)
			}
			flipped += float64(im.Pix[0]) / 9
			x := make([]float32, 3*16)
			if err := (RandomErasing{P: p, Scale: [2]float64{0.5, 0.5}, Ratio: [2]float64{1, 1}, Value: []float32{1}}).AugmentTensor(x, 4, 4, r); err != nil {
				t.Fatal(err)
			}
			for _, v := range x { // 3 x 3 pixels
				erased += float64(v) / 27
			}
		}
		near(fmt.Sprint("flipped ", p), flipped, want)
		near(fmt.Sprint("erased ", p), math.Round(erased), want)
	}
	for range 100 {
		im := &data.Image{Width: 2, Height: 1, Pix: []uint8{0, 0, 0, 9, 9, 9}}
		if out, err := (RandomHorizontalFlip{P: 1}).Augment(t.Context(), im, r); err != nil || out.Pix[0] != 9 {
			t.Fatalf("not flipped with certainty, %v", err)
		}
	}
	// Random erasing is normally distributed.
	v := RandomErasing{Random: true}.values(r, 100, 100)
	var sum, square float64
	for _, x := range v {
		sum, square = sum+float64(x), square+float64(x)*float64(x)
	}
	if m := float64(len(v)); math.Abs(sum)/math.Sqrt(m) > 3.3 || math.Abs(square-m)/math.Sqrt(2*m) > 3.3 {
		t.Errorf("normal numbers have the mean %g and the variance %g", sum/m, square/m)
	}
}
