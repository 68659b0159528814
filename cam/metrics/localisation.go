package metrics

import (
	"fmt"
	"image"
	"slices"

	"github.com/glimpse-go/glimpse/cam"
)

// Pointing tells whether a map is largest inside the object: a hit in the pointing game
// (Zhang et al., "Top-down neural attention by excitation backprop", ECCV 2016). The mask is
// width x height, row-major.
func Pointing(m *cam.Map, mask []bool, width, height int) (bool, error) {
	if err := checkMask(mask, width, height); err != nil {
		return false, err
	}
	x, y := m.Peak(width, height)
	return mask[min(int(y), height-1)*width+min(int(x), width-1)], nil
}

// Energy is the share of a map's sum, as it is shown, that lies inside the object (the
// energy-based pointing game of Wang et al., "Score-CAM", CVPR Workshops 2020, section 4.3);
// 0 where the map is blank.
func Energy(m *cam.Map, mask []bool, width, height int) (float64, error) {
	if err := checkMask(mask, width, height); err != nil {
		return 0, err
	}
	var inside, all float64
	for p, v := range m.Scaled(width, height).Values {
		all += float64(v)
		if mask[p] {
			inside += float64(v)
		}
	}
	if all == 0 {
		return 0, nil
	}
	return inside / all, nil
}

// BestIoU is the largest intersection over union of the object with what a map, as it is
// shown, has at or above a threshold, over all thresholds above 0.
func BestIoU(m *cam.Map, mask []bool, width, height int) (float64, error) {
	if err := checkMask(mask, width, height); err != nil {
		return 0, err
	}
	values := m.Scaled(width, height).Values
	object := 0
	for _, in := range mask {
		if in {
			object++
		}
	}
	best, inside := 0.0, 0
	order := ranked(values)
	for n, p := range order {
		if values[p] <= 0 {
			break
		}
		if mask[p] {
			inside++
		}
		if n+1 < len(order) && values[order[n+1]] == values[p] {
			continue // the threshold takes them together
		}
		best = max(best, float64(inside)/float64(n+1+object-inside))
	}
	return best, nil
}

// Levels is how many thresholds [BoxIoU] looks at: a map, as it is shown, is cut to bytes
// first.
const Levels = 256

// BoxIoU returns, for every threshold t, the largest intersection over union of one of the
// object's boxes with the box around a connected part (with corners) of the pixels whose
// byte, 255 times the map, is above t; 0 where there is none (Choe et al., "Evaluating
// weakly supervised object localization methods right", CVPR 2020, MaxBoxAccV2).
func BoxIoU(m *cam.Map, boxes []image.Rectangle, width, height int) ([]float64, error) {
	if width < 1 || height < 1 || len(boxes) == 0 {
		return nil, fmt.Errorf("metrics: %d boxes in an image of %d x %d", len(boxes), width, height)
	}
	values := m.Scaled(width, height).Values
	byLevel := make([][]int, Levels)
	for p, v := range values {
		if !(v >= 0 && v <= 1) {
			return nil, fmt.Errorf("metrics: the map is %v at pixel (%d, %d), want numbers that are shown in [0, 1]", v, p%width, p/width)
		}
		level := int(v * 255)
		byLevel[level] = append(byLevel[level], p)
	}
	// From the highest level down parts grow and join: a forest of pixels, each root with
	// its part's box.
	parts := &parts{parent: make([]int, len(values)), box: make([]image.Rectangle, len(values))}
	for p := range parts.parent {
		parts.parent[p] = -1
	}
	best := make([]float64, Levels)
	var roots []int
	for level := Levels - 1; level > 0; level-- {
		for _, p := range byLevel[level] {
			x, y := p%width, p/width
			parts.parent[p], parts.box[p] = p, image.Rect(x, y, x+1, y+1)
			roots = append(roots, p)
			for dy := -1; dy <= 1; dy++ {
				for dx := -1; dx <= 1; dx++ {
					if image.Pt(x+dx, y+dy).In(image.Rect(0, 0, width, height)) && parts.parent[p+dy*width+dx] >= 0 {
						parts.join(p, p+dy*width+dx)
					}
				}
			}
		}
		roots = slices.DeleteFunc(roots, func(p int) bool { return parts.parent[p] != p })
		for _, p := range roots {
			for _, b := range boxes {
				best[level-1] = max(best[level-1], overlap(parts.box[p], b))
			}
		}
	}
	return best, nil
}

// parts are disjoint sets (Tarjan 1975).
type parts struct {
	parent []int // itself for a root; -1 for a pixel that is in none
	box    []image.Rectangle
}

func (s *parts) root(p int) int {
	for s.parent[p] != p {
		s.parent[p] = s.parent[s.parent[p]]
		p = s.parent[p]
	}
	return p
}

func (s *parts) join(a, b int) {
	if a, b = s.root(a), s.root(b); a != b {
		s.parent[max(a, b)] = min(a, b)
		s.box[min(a, b)] = s.box[a].Union(s.box[b])
	}
}

// overlap is the intersection over union of two boxes.
func overlap(a, b image.Rectangle) float64 {
	area := func(r image.Rectangle) int { return r.Dx() * r.Dy() }
	both := area(a.Intersect(b))
	if all := area(a) + area(b) - both; all > 0 {
		return float64(both) / float64(all)
	}
	return 0
}

// MaxBoxAccV2 is how many of some images are localised, at the threshold that is best for
// all of them: the share whose [BoxIoU] reaches 0.3, 0.5 and 0.7, as the mean of the three,
// each with its own best threshold (Choe et al. 2020).
func MaxBoxAccV2(images [][]float64) float64 {
	if len(images) == 0 {
		return 0
	}
	sum := 0.0
	for _, limit := range []float64{0.3, 0.5, 0.7} {
		most := 0
		for t := range Levels {
			n := 0
			for _, best := range images {
				if t < len(best) && best[t] >= limit {
					n++
				}
			}
			most = max(most, n)
		}
		sum += float64(most) / float64(len(images))
	}
	return sum / 3
}

// BoxOf is the box around an object; empty where there is none.
func BoxOf(mask []bool, width, height int) (image.Rectangle, error) {
	if err := checkMask(mask, width, height); err != nil {
		return image.Rectangle{}, err
	}
	var box image.Rectangle
	for p, in := range mask {
		if in {
			box = box.Union(image.Rect(p%width, p/width, p%width+1, p/width+1))
		}
	}
	return box, nil
}
