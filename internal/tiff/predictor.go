package tiff

// undoPredictor returns what makes samples of the differences of a row: of samples
// that stand side by side (TIFF 6.0, section 14), or of the bytes of floats, the
// highest bytes of all first (Technical Note 3).
func (d *decoder) undoPredictor() func(row []byte) {
	step := d.samples / d.planes
	switch {
	case d.predictor == 3:
		bytes := make([]byte, d.grid.rowBytes)
		return func(row []byte) {
			addBytes(row, step)
			copy(bytes, row)
			n := len(row) / 4
			for i := range n {
				d.order.PutUint32(row[4*i:], uint32(bytes[i])<<24|uint32(bytes[n+i])<<16|uint32(bytes[2*n+i])<<8|uint32(bytes[3*n+i]))
			}
		}
	case d.predictor == 2 && d.bits == 8:
		return func(row []byte) { addBytes(row, step) }
	case d.predictor == 2 && d.bits == 16:
		return func(row []byte) {
			for i := 2 * step; i+2 <= len(row); i += 2 {
				d.order.PutUint16(row[i:], d.order.Uint16(row[i:])+d.order.Uint16(row[i-2*step:]))
			}
		}
	case d.predictor == 2:
		return func(row []byte) {
			for i := 4 * step; i+4 <= len(row); i += 4 {
				d.order.PutUint32(row[i:], d.order.Uint32(row[i:])+d.order.Uint32(row[i-4*step:]))
			}
		}
	}
	return func([]byte) {}
}

func addBytes(row []byte, step int) {
	for i := step; i < len(row); i++ {
		row[i] += row[i-step]
	}
}
