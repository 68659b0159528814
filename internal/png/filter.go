package png

import "fmt"

// unfilter undoes the filter of a row (section 9.2), whose pixels have size bytes.
// above is the row before it, or zero.
func unfilter(filter byte, row, above []byte, size int) error {
	above = above[:len(row)]
	switch filter {
	case 0:
	case 1: // Sub
		for i := size; i < len(row); i++ {
			row[i] += row[i-size]
		}
	case 2: // Up
		for i := range row {
			row[i] += above[i]
		}
	case 3: // Average
		for i := range size {
			row[i] += above[i] / 2
		}
		for i := size; i < len(row); i++ {
			row[i] += byte((int(row[i-size]) + int(above[i])) / 2)
		}
	case 4: // Paeth
		for i := range size {
			row[i] += above[i]
		}
		paeth(row, above, size)
	default:
		return fmt.Errorf("filter %d, expected 0 to 4", filter)
	}
	return nil
}

// paeth undoes the Paeth filter from the second pixel on: of the bytes to the left,
// above, and above to the left it adds the one nearest to left + above - corner.
func paeth(row, above []byte, size int) {
	for c := range size { // one channel after the other, its neighbours kept at hand
		left, corner := int(row[c]), int(above[c])
		for i := c + size; i < len(row); i += size {
			up := int(above[i])
			toLeft, toUp := up-corner, left-corner
			toCorner := toLeft + toUp
			toLeft, toUp, toCorner = max(toLeft, -toLeft), max(toUp, -toUp), max(toCorner, -toCorner)
			nearest := corner
			if toLeft <= toUp && toLeft <= toCorner {
				nearest = left
			} else if toUp <= toCorner {
				nearest = up
			}
			row[i] += byte(nearest)
			left, corner = int(row[i]), up
		}
	}
}
