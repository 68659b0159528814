package jpeg

// Plane is a component of a picture, at a part of its size: a sample stands for Across by
// Down pixels.
type Plane struct {
	Samples       []uint8
	Stride        int // samples from one row to the next
	Width, Height int // samples that belong to the picture
	Across, Down  int
}

// Row returns row y of the plane at the size of the picture; dst, of Width*Across samples,
// may serve for it. As in jdsample.c, chroma of half the size comes by a triangle filter:
// of the two samples, or rows, around a pixel the nearer counts three times.
func (p *Plane) Row(dst []uint8, y int) []uint8 {
	near := p.line(y / p.Down)
	if p.Across == 1 && p.Down == 1 {
		return near
	}
	dst = dst[:p.Width*p.Across]
	switch smooth := p.Width > 2; {
	case p.Across == 1 && p.Down == 2: // h1v2_fancy_upsample
		far, bias := p.line(p.other(y)), uint16(1+y%2)
		for x, v := range near {
			dst[x] = uint8((3*uint16(v) + uint16(far[x]) + bias) >> 2)
		}
	case p.Across == 2 && p.Down == 1 && smooth: // h2v1_fancy_upsample
		doubleWidth(chosen, dst, near)
	case p.Across == 2 && p.Down == 2 && smooth: // h2v2_fancy_upsample
		doubleBoth(chosen, dst, near, p.line(p.other(y)))
	default: // int_upsample
		for x := range dst {
			dst[x] = near[x/p.Across]
		}
	}
	return dst
}

func (p *Plane) line(y int) []uint8 { return p.Samples[y*p.Stride:][:p.Width] }

// other is the row on the other side of row y of the picture, where two make one.
func (p *Plane) other(y int) int { return max(0, min(y/2-1+y%2*2, p.Height-1)) }

// doubleWidth makes two of each sample. What lies left of it is rounded by another bias
// than what lies right; at the ends there is but one sample.
func doubleWidth(l *loops, dst, src []uint8) {
	last := len(src) - 1
	n := (last - 1) / step * step
	if l.doubleWidth == nil {
		n = 0
	}
	if n > 0 {
		l.doubleWidth(&dst[2 : 2*n+2][0], &src[1], n)
	}
	dst[0], dst[2*last+1] = src[0], src[last]
	before := uint16(src[0])
	for x := 0; x < last; x++ {
		if x == 1 && n > 0 {
			x = n // from the second sample to here all is done
			before = uint16(src[x])
		}
		v := uint16(src[x+1])
		dst[2*x+1] = uint8((3*before + v + 2) >> 2)
		dst[2*x+2] = uint8((3*v + before + 1) >> 2)
		before = v
	}
}

// doubleBoth makes two of each sample of the row between near and far.
func doubleBoth(l *loops, dst, near, far []uint8) {
	last := len(near) - 1
	far = far[:last+1]
	n := (last - 1) / step * step
	if l.doubleBoth == nil {
		n = 0
	}
	if n > 0 {
		l.doubleBoth(&dst[2 : 2*n+2][0], &near[1], &far[1], n)
	}
	sum := func(x int) uint16 { return 3*uint16(near[x]) + uint16(far[x]) }
	dst[0], dst[2*last+1] = uint8((4*sum(0)+8)>>4), uint8((4*sum(last)+7)>>4)
	before := sum(0)
	for x := 0; x < last; x++ {
		if x == 1 && n > 0 {
			x = n // as above
			before = sum(x)
		}
		v := sum(x + 1)
		dst[2*x+1] = uint8((3*before + v + 7) >> 4)
		dst[2*x+2] = uint8((3*v + before + 8) >> 4)
		before = v
	}
}
