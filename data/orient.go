package data

import "context"

// orient returns the picture that an Exif orientation asks for (Exif 2.32, section
// 4.6.4), as Pillow's ImageOps.exif_transpose does: the orientation tells where the
// first row and the first column of the pixels belong. 1 is as they are.
func orient(ctx context.Context, im *Image, orientation int) (*Image, error) {
	if orientation < 2 || orientation > 8 {
		return im, nil
	}
	// Where in im the first pixel lies, and the steps to its right and below it.
	w, h := im.Width, im.Height
	last, corner := w-1, w*(h-1) // the ends of the first row and the first column
	var first, right, down int
	switch orientation {
	case 2: // flipped left to right
		first, right, down = last, -1, w
	case 3: // turned by 180 degrees
		first, right, down = corner+last, -1, -w
	case 4: // flipped top to bottom
		first, right, down = corner, 1, -w
	case 5: // rows are columns
		first, right, down = 0, w, 1
	case 6: // turned by 90 degrees to the right
		first, right, down = corner, -w, 1
	case 7: // rows are columns, turned by 180 degrees
		first, right, down = corner+last, -w, -1
	case 8: // turned by 90 degrees to the left
		first, right, down = last, w, -1
	}
	if orientation >= 5 {
		w, h = h, w
	}
	out := &Image{w, h, make([]uint8, len(im.Pix))}
	for y := range h {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		at := first + y*down
		for x := range w {
			*(*[3]uint8)(out.Pix[3*(y*w+x):]) = *(*[3]uint8)(im.Pix[3*at:])
			at += right
		}
	}
	return out, nil
}
