package data

import (
	"fmt"
	"math"
	"slices"
)

// HoldOut splits samples in two by chance, class by class: a share of them, in
// (0, 1), is held out, for validation say. Both parts are ascending indices into labels.
//
// round(share*len(labels)) samples are held out in all, shared out among the classes
// by largest remainder: each class gives floor(share*n) of its n, and those where
// the floor took most away, the first of equals, give one more. But a class of two samples
// or more keeps at least one in each part, whatever comes to; and a class of one keeps
// it in train. Which samples a class gives depends on seed, its number and how
// many it has and gives. (As scikit-learn's train_test_split with stratify, but for
// the least.) It returns an error for another share, and for a label below 0.
func HoldOut(labels []int, share float64, seed uint64) (train, held []int, err error) {
	if !(share > 0 && share < 1) {
		return nil, nil, fmt.Errorf("data: hold out: the share is %v, expected more than 0 and less than 1", share)
	}
	classes := map[int][]int{}
	for i, label := range labels {
		if label < 0 {
			return nil, nil, fmt.Errorf("data: hold out: sample %d has no label", i)
		}
		classes[label] = append(classes[label], i)
	}
	for label, n := range heldOf(classes, share, len(labels)) {
		of := classes[label]
		for k, at := range random(forHoldOut, seed, 0, label).Perm(len(of)) {
			if k < n {
				held = append(held, of[at])
			} else {
				train = append(train, of[at])
			}
		}
	}
	slices.Sort(train)
	slices.Sort(held)
	return train, held, nil
}

// heldOf returns how many of each class are held out, of n samples in all.
func heldOf(classes map[int][]int, share float64, n int) map[int]int {
	type rest struct {
		label int
		share float64 // what the floor took away
	}
	var rests []rest
	counts := map[int]int{}
	left := int(math.Round(share * float64(n)))
	for label, of := range classes {
		want := share * float64(len(of))
		floor := int(want)
		counts[label] = max(min(max(floor, 1), len(of)-1), 0)
		left -= counts[label]
		if counts[label] == floor && floor < len(of)-1 {
			rests = append(rests, rest{label, want - float64(floor)})
		}
	}
	slices.SortFunc(rests, func(a, b rest) int {
		if a.share != b.share {
			if a.share > b.share {
				return -1
			}
			return 1
		}
		return a.label - b.label
	})
	for _, r := range rests[:max(min(left, len(rests)), 0)] {
		counts[r.label]++
	}
	return counts
}
