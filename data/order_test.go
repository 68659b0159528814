package data

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

func TestOrder(t *testing.T) {
	for _, n := range []int{0, 1, 2, 17, 1000} {
		order := Order(n, 5, 3)
		if !slices.Equal(order, Order(n, 5, 3)) {
			t.Errorf("%d: two orders of one epoch", n)
		}
		sorted := slices.Sorted(slices.Values(order))
		for i := range n {
			if len(order) != n || sorted[i] != i {
				t.Fatalf("%d: no permutation: %v", n, order)
			}
		}
	}
	if len(Order(-3, 1, 1)) != 0 {
		t.Error("an order of -3 samples")
	}
	a := Order(50, 5, 3)
	if slices.Equal(a, Order(50, 6, 3)) || slices.Equal(a, Order(50, 5, 4)) || slices.Equal(a, Order(50, 3, 5)) {
		t.Error("another seed or epoch gives the same order")
	}
}

// Over many epochs, and as well over many seeds, each of the 4! orders comes as often.
func TestOrderIsUniform(t *testing.T) {
	for _, what := range []string{"epochs", "seeds"} {
		counts := map[string]float64{}
		const n = 24_000
		for k := range n {
			if what == "epochs" {
				counts[fmt.Sprint(Order(4, 1, k))]++
			} else {
				counts[fmt.Sprint(Order(4, uint64(k), 1))]++
			}
		}
		x := 0.0
		for _, c := range counts {
			x += (c - n/24) * (c - n/24) / (n / 24)
		}
		if p := (distuv.ChiSquared{K: 23}).Survival(x); len(counts) != 24 || p < 0.001 || p > 0.999 {
			t.Errorf("%s: %d orders, chi-square %.1f, p %g", what, len(counts), x, p)
		}
	}
}

// The numbers of neighbouring samples, epochs, seeds and uses have nothing to do with
// each other.
func TestRandomStreams(t *testing.T) {
	const n = 20_000
	for name, stream := range map[string]func(k int) float64{
		"samples": func(k int) float64 { return random(forSample, 1, 1, k).Float64() },
		"epochs":  func(k int) float64 { return random(forSample, 1, k, 1).Float64() },
		"seeds":   func(k int) float64 { return random(forSample, uint64(k), 1, 1).Float64() },
	} {
		var sum, square, product, before float64
		for k := range n {
			x := stream(k) - 0.5
			sum, square, product, before = sum+x, square+x*x, product+x*before, x
		}
		// Standard deviations: 1/sqrt(12), 1/sqrt(180), 1/12.
		for what, z := range map[string]float64{
			"mean":        sum / math.Sqrt(n/12.0),
			"variance":    (square - n/12.0) / math.Sqrt(n/180.0),
			"correlation": product / math.Sqrt(n/144.0),
		} {
			if math.Abs(z) > 3.3 {
				t.Errorf("%s: %s is %.1f standard deviations off", name, what, z)
			}
		}
	}
	seen := map[uint64]string{}
	for use := forSample; use <= forHoldOut; use++ {
		for seed := range uint64(4) {
			for epoch := range 4 {
				for index := range 4 {
					name := fmt.Sprint(use, seed, epoch, index)
					v := random(use, seed, epoch, index).Uint64()
					if seen[v] != "" {
						t.Errorf("%s and %s begin alike", name, seen[v])
					}
					seen[v] = name
				}
			}
		}
	}
}

func TestHoldOut(t *testing.T) {
	repeat := func(counts ...int) (labels []int) {
		for i := 0; len(labels) < sum(counts); i++ { // interleaved
			for label, n := range counts {
				if i < n {
					labels = append(labels, label)
				}
			}
		}
		return labels
	}
	for _, c := range []struct {
		counts []int
		share  float64
		held   []int
	}{
		{[]int{10, 10, 10}, 0.2, []int{2, 2, 2}},
		{[]int{100, 50, 7}, 0.1, []int{10, 5, 1}},
		// 3.3, 3.3, 3.3: ten in all, and the first of equals gives one more.
		{[]int{11, 11, 11}, 0.3, []int{4, 3, 3}},
		// 1.25, 1.75, 2.5, 2.25 of 31/4 = 7.75: eight, two of them by remainder.
		{[]int{5, 7, 10, 9}, 0.25, []int{1, 2, 3, 2}},
		// At least one in each part, and one alone is for training.
		{[]int{2, 3, 1, 100}, 0.01, []int{1, 1, 0, 1}},
		{[]int{2, 3, 1, 100}, 0.99, []int{1, 2, 0, 99}},
		{[]int{1, 1, 1}, 0.5, []int{0, 0, 0}},
		{[]int{0, 4}, 0.5, []int{0, 2}},
		{nil, 0.5, nil},
	} {
		labels := repeat(c.counts...)
		train, held, err := HoldOut(labels, c.share, 7)
		if err != nil {
			t.Fatal(err)
		}
		all := slices.Sorted(slices.Values(slices.Concat(train, held)))
		if len(all) != len(labels) || !slices.IsSorted(train) || !slices.IsSorted(held) {
			t.Errorf("%v: %v and %v", c, train, held)
		}
		for i, at := range all {
			if at != i {
				t.Fatalf("%v: sample %d is in both parts or in none", c, i)
			}
		}
		of := make([]int, len(c.counts))
		for _, at := range held {
			of[labels[at]]++
		}
		if !slices.Equal(of, c.held) {
			t.Errorf("%v: holds out %v", c, of)
		}
		again, _, _ := HoldOut(labels, c.share, 7)
		if !slices.Equal(again, train) {
			t.Errorf("%v: two splits of one seed", c)
		}
	}
	// Every sample is as likely to be held out, by chance and not by its place.
	labels := repeat(4, 6)
	times := make([]int, len(labels))
	for seed := range uint64(10_000) {
		_, held, _ := HoldOut(labels, 0.5, seed)
		for _, at := range held {
			times[at]++
		}
	}
	for at, n := range times { // standard deviation 50
		if n < 5000-170 || n > 5000+170 {
			t.Errorf("sample %d was held out %d times of 10,000, expected 5,000", at, n)
		}
	}
	for want, c := range map[string]struct {
		labels []int
		share  float64
	}{
		"sample 2 has no label": {[]int{0, 1, -1, 2}, 0.5},
		"share is 0":            {labels, 0},
		"share is 1":            {labels, 1},
		"share is -0.1":         {labels, -0.1},
		"share is NaN":          {labels, math.NaN()},
	} {
		if _, _, err := HoldOut(c.labels, c.share, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func sum(v []int) (s int) {
	for _, x := range v {
		s += x
	}
	return s
}
