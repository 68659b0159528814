package main

import (
	"fmt"
	"math"

	"github.com/glimpse-go/glimpse/cam"
)

// pointing is the pointing game (Zhang et al., "Top-down Neural Attention by
// Excitation Backprop", ECCV 2016): a map hits when its largest value lies on
// the object. Beside it stand a point at random, which hits with the object's
// share of the image, and the centre.
type pointing struct {
	images, hits, centre int
	random               float64
}

// pointingScore is the result, as parts of all images.
type pointingScore struct {
	Maps   float64 `json:"maps"`
	Random float64 `json:"random"`
	Centre float64 `json:"centre"`
}

// play adds an image: its map, and the square mask of its object.
func (p *pointing) play(m *cam.Map, mask []bool) {
	side := int(math.Sqrt(float64(len(mask))))
	if side == 0 {
		return
	}
	p.images++
	x, y := m.Peak(side, side)
	if mask[int(y)*side+int(x)] {
		p.hits++
	}
	if mask[side/2*side+side/2] {
		p.centre++
	}
	area := 0
	for _, in := range mask {
		if in {
			area++
		}
	}
	p.random += float64(area) / float64(len(mask))
}

func (p *pointing) score() *pointingScore {
	n := float64(max(p.images, 1))
	return &pointingScore{Maps: float64(p.hits) / n, Random: p.random / n, Centre: float64(p.centre) / n}
}

func (s *pointingScore) String() string {
	return fmt.Sprintf("%.1f%% of the maps peak inside the object (a random point: %.1f%%, the centre: %.1f%%)",
		100*s.Maps, 100*s.Random, 100*s.Centre)
}
