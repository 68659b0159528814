package jpeg

// picture makes the picture of the planes.
func (d *decoder) picture() (*Picture, error) {
	f := d.frame
	if f.progressive {
		if err := d.transformAll(); err != nil {
			return nil, err
		}
	}
	for _, c := range f.components {
		if c.bits[0] < 0 && !f.progressive {
			for i := range c.samples { // no scan had it
				c.samples[i] = 128
			}
		}
	}
	n := len(f.components)
	p := &Picture{f.width, f.height, n, make([]uint8, n*f.width*f.height)}
	planes := make([]Plane, n)
	rows, buffers := make([][]uint8, n), make([][]uint8, n)
	for i, c := range f.components {
		planes[i] = Plane{c.samples, 8 * c.stride, c.width, c.height, f.maxH / c.h, f.maxV / c.v}
		buffers[i] = make([]uint8, c.width*planes[i].Across)
	}
	convert := d.conversion()
	for y := range f.height {
		if y%64 == 0 {
			if err := d.ctx.Err(); err != nil {
				return nil, err
			}
		}
		for i := range planes {
			rows[i] = planes[i].Row(buffers[i], y)[:f.width]
		}
		convert(p.Pix[n*f.width*y:][:n*f.width], rows)
	}
	return p, nil
}

// transformAll makes samples of all coefficients.
func (d *decoder) transformAll() error {
	for _, c := range d.frame.components {
		if c.quant == nil {
			// No scan had it. Any table will do: its coefficients are zero.
			c.quant = new([64]uint16)
		}
		var b [64]int16
		for y := range c.rows {
			if err := d.ctx.Err(); err != nil {
				return err
			}
			for x := range c.stride {
				dequantize(chosen, &b, &c.coefficients[y*c.stride+x], c.quant)
				inverseDCT(chosen, &b, c.samples[64*c.stride*y+8*x:], 8*c.stride)
			}
		}
	}
	return nil
}

// conversion returns what makes a row of pixels of rows of components.
func (d *decoder) conversion() func(dst []uint8, rows [][]uint8) {
	converted := d.isConverted()
	switch n := len(d.frame.components); {
	case n == 1:
		return func(dst []uint8, rows [][]uint8) { copy(dst, rows[0]) }
	case n == 3 && converted:
		return func(dst []uint8, rows [][]uint8) { RGB(dst, rows[0], rows[1], rows[2]) }
	case n == 4 && converted:
		// YCCK is CMYK whose inks, turned around, were taken for RGB (jdcolor.c,
		// ycck_cmyk_convert). They are turned around once more for the picture, as all.
		return func(dst []uint8, rows [][]uint8) {
			for x, v := range rows[0] {
				o := dst[4*x : 4*x+4 : 4*x+4]
				o[0], o[1], o[2] = pixel(int32(v), int32(rows[1][x]), int32(rows[2][x]))
				o[3] = 255 - rows[3][x]
			}
		}
	}
	turn := uint8(0)
	if len(d.frame.components) == 4 {
		turn = 255
	}
	return func(dst []uint8, rows [][]uint8) {
		n := len(rows)
		for i, row := range rows {
			for x, v := range row {
				dst[n*x+i] = v ^ turn
			}
		}
	}
}

// isConverted tells whether a conversion of colours lies before the components
// (jdapimin.c, default_decompress_parms).
func (d *decoder) isConverted() bool {
	if d.opt.Colours != Guess {
		return d.opt.Colours == YCbCr
	}
	c := d.frame.components
	switch {
	case len(c) == 4:
		return d.sawAdobe && d.transform != 0
	case len(c) == 3 && d.sawJFIF:
		return true
	case len(c) == 3 && d.sawAdobe:
		return d.transform != 0
	case len(c) == 3:
		return !(c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B')
	}
	return false
}

// RGB converts a row, y, cb and cr, to pixels (T.871 section 7, in jdcolor.c's fixed point
// of 16 bits).
func RGB(dst, y, cb, cr []uint8) { rgb(chosen, dst, y, cb, cr) }

func rgb(l *loops, dst, y, cb, cr []uint8) {
	cb, cr, dst = cb[:len(y)], cr[:len(y)], dst[:3*len(y)]
	done := 0
	if n := len(y) / step * step; l.rgb != nil && n > 0 {
		l.rgb(&dst[0], &y[0], &cb[0], &cr[0], n)
		done = n
	}
	for x := done; x < len(y); x++ {
		o := dst[3*x : 3*x+3 : 3*x+3]
		o[0], o[1], o[2] = pixel(int32(y[x]), int32(cb[x]), int32(cr[x]))
	}
}

func pixel(y, cb, cr int32) (r, g, b uint8) {
	cb -= 128
	cr -= 128
	const half = 1 << 15
	return clamp(y + (91881*cr+half)>>16), // 1.402
		clamp(y + (-22554*cb-46802*cr+half)>>16), // 0.34414, 0.71414
		clamp(y + (116130*cb+half)>>16) // 1.772
}
