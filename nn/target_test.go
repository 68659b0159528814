package nn

import (
	"math"
	"testing"
)

// TestTargets holds every target to its formula, written out for three logits, and its
// derivatives to finite differences.
func TestTargets(t *testing.T) {
	z := []float64{0.5, -1.25, 2, 1.75}
	p := make([]float64, 4)
	total := 0.0
	for _, v := range z {
		total += math.Exp(v)
	}
	for k, v := range z {
		p[k] = math.Exp(v) / total
	}
	one := []int{3}
	// The two classes nearest to class 3, whose logit is 1.75, are 2 and 0.
	finer := (p[2]*(1.75-0.6*2) + p[0]*(1.75-0.6*0.5)) / (p[2] + p[0])
	for name, c := range map[string]struct {
		target Target
		want   float64
	}{
		"logit":             {Logit(one), 1.75},
		"predicted":         {Logit(nil), 2},
		"predicted by mark": {Logit([]int{Predicted}), 2},
		"probability":       {Probability(one), p[3]},
		"log probability":   {LogProbability(one), math.Log(p[3])},
		"weighted":          {Weighted([]float64{1, 2, 3, -1}), 0.5 - 2.5 + 6 - 1.75},
		"minus":             {Minus(Probability(one)), -p[3]},
		"difference":        {Plus(Logit(one), Minus(Logit([]int{1}))), 3},
		"ReST":              {Plus(Logit(one), LogProbability(one)), 1.75 + math.Log(p[3])},
		"times":             {Times(2.5, LogProbability(one)), 2.5 * math.Log(p[3])},
		"finer":             {Finer(one, 0.6, 2), finer},
		"finer, all others": {Finer([]int{0}, 1, 9), (p[1]*1.75 + p[2]*-1.5 + p[3]*-1.25) / (p[1] + p[2] + p[3])},
	} {
		d := make([]float64, 4)
		s, err := c.target(0, z, d)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		value, err := c.target(0, z, nil)
		if err != nil || value != s {
			t.Errorf("%s: %v without derivatives (%v), %v with them", name, value, err, s)
		}
		if math.Abs(s-c.want) > 1e-12 {
			t.Errorf("%s is %v, want %v", name, s, c.want)
		}
		for k := range z {
			const h = 1e-5
			z[k] += h
			up, _ := c.target(0, z, nil)
			z[k] -= 2 * h
			down, _ := c.target(0, z, nil)
			z[k] += h
			if diff := (up - down) / (2 * h); math.Abs(diff-d[k]) > 1e-9 {
				t.Errorf("%s: ds/dz[%d] is %v, finite differences give %v", name, k, d[k], diff)
			}
		}
	}
	for name, target := range map[string]Target{
		"no such class":     Probability([]int{4}),
		"too few classes":   LogProbability([]int{}),
		"too few weights":   Weighted([]float64{1}),
		"an error inside":   Plus(Logit(nil), Weighted(nil)),
		"an error first":    Minus(Plus(Weighted(nil), Logit(nil))),
		"nothing to rival":  Finer(nil, 1, 0),
		"a class below all": Finer([]int{-2}, 1, 3),
	} {
		if _, err := target(0, z, make([]float64, 4)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestSoftmax: large logits do not overflow, and equal ones share.
func TestSoftmax(t *testing.T) {
	p := make([]float64, 3)
	total := Softmax(p, []float64{1000, 1000, -1000})
	if p[0] != 0.5 || p[1] != 0.5 || p[2] != 0 || math.Abs(total-1000-math.Ln2) > 1e-9 {
		t.Errorf("softmax %v, log of the sum %v", p, total)
	}
}
