package main

import (
	"fmt"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/metrics"
)

// pointing is the pointing game over many images, see [metrics.Pointing]. Beside the maps
// stand a point at random, which hits with the object's share of the image, and the centre.
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

// play adds an image: its map and its object. One without an object is left out.
func (p *pointing) play(m *cam.Map, o object) error {
	area := o.area()
	if area == 0 {
		return nil
	}
	hit, err := metrics.Pointing(m, o.mask, o.width, o.height)
	if err != nil {
		return err
	}
	p.images++
	if hit {
		p.hits++
	}
	if o.mask[o.height/2*o.width+o.width/2] {
		p.centre++
	}
	p.random += float64(area) / float64(len(o.mask))
	return nil
}

func (p *pointing) score() *pointingScore {
	n := float64(max(p.images, 1))
	return &pointingScore{Maps: float64(p.hits) / n, Random: p.random / n, Centre: float64(p.centre) / n}
}

func (s *pointingScore) String() string {
	return fmt.Sprintf("%.1f%% of the maps peak inside the object (a random point: %.1f%%, the centre: %.1f%%)",
		100*s.Maps, 100*s.Random, 100*s.Centre)
}
