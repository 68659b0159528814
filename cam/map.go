package cam

import "github.com/glimpse-go/glimpse/nn"

// Map is the class activation map of one image and class, as coarse as the
// layer that it was taken from.
type Map struct {
	Class         int
	Width, Height int
	Values        []float32 // Height x Width; of CAM, in units of the logit
}

// Rectified returns the map with 0 in place of what is below: the ReLU in which most
// methods end.
func (m *Map) Rectified() *Map {
	out := *m
	out.Values = make([]float32, len(m.Values))
	for i, v := range m.Values {
		out.Values[i] = max(v, 0)
	}
	return &out
}

// Resized returns the map at another size, bilinearly, as cv2.resize does of floats.
func (m *Map) Resized(width, height int) *Map {
	out := &Map{Class: m.Class, Width: width, Height: height, Values: make([]float32, width*height)}
	if len(m.Values) == 0 {
		return out
	}
	resize(newBilinear(m.Width, m.Height, width, height, false), out.Values, floats(m.Values))
	return out
}

// Scaled returns the map as pytorch-grad-cam gives it: rectified, then brought to [0, 1],
// to another size, and to [0, 1] again. A constant map gives zeros.
func (m *Map) Scaled(width, height int) *Map { return m.stretched(width, height).unit() }

// stretched does so but for the last step.
func (m *Map) stretched(width, height int) *Map {
	out := m.Rectified().unit()
	if width != m.Width || height != m.Height {
		out = out.Resized(width, height)
	}
	return out
}

// unit scales the map in place, to (v - min) / (max - min + 1e-7).
func (m *Map) unit() *Map {
	if len(m.Values) == 0 {
		return m
	}
	low, high := bounds(m.Values)
	span := high - low
	for i, v := range m.Values {
		m.Values[i] = (v - low) / (span + 1e-7)
	}
	return m
}

// Normalized returns (v - min) / (max - min), in [0, 1]. A constant map gives
// zeros, and so does one that holds a NaN or infinite value.
func (m *Map) Normalized() []float32 {
	out := make([]float32, len(m.Values))
	if len(out) == 0 {
		return out
	}
	low, high := bounds(m.Values)
	span := high - low
	if span == 0 || span-span != 0 {
		return out
	}
	for i, v := range m.Values {
		out[i] = (v - low) / span
	}
	return out
}

// bounds returns the least of some values and the largest; NaN where one of them is.
func bounds[T float32 | float64](values []T) (low, high T) {
	low, high = values[0], values[0]
	for _, v := range values {
		switch {
		case v < low:
			low = v
		case v > high:
			high = v
		case v != v:
			return v, v
		}
	}
	return low, high
}

// Bytes returns the normalised map as uint8(v * 255), truncated as NumPy does.
func (m *Map) Bytes() []uint8 {
	norm := m.Normalized()
	out := make([]uint8, len(norm))
	for i, v := range norm {
		out[i] = uint8(v * 255)
	}
	return out
}

// Peak returns where the map is largest, in pixels of an image of the given
// size: the centre of the strongest cell (the first of equals in reading
// order), which is also where the map is largest once it has been brought to
// that size by bilinear interpolation.
func (m *Map) Peak(width, height int) (x, y float64) {
	if m.Width == 0 || m.Height == 0 {
		return 0, 0
	}
	i := max(nn.Argmax(m.Values), 0)
	x = (float64(i%m.Width) + 0.5) * float64(width) / float64(m.Width)
	y = (float64(i/m.Width) + 0.5) * float64(height) / float64(m.Height)
	return x, y
}
