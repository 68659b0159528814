package tiff

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

func deflated(b []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

// bitString returns the bytes of zeros and ones.
func bitString(parts ...string) string {
	bits := strings.Join(parts, "")
	out := make([]byte, (len(bits)+7)/8)
	for i, c := range []byte(bits) {
		out[i/8] |= (c - '0') << (7 - i%8)
	}
	return string(out)
}

// TestErrors holds refusals to saying what was found.
func TestErrors(t *testing.T) {
	plain := make([]byte, 12)
	with := func(fields ...field) []byte { return write(plain, append(gray(4, 3), fields...)...) }
	packed := func(compression uint32, data string, fields ...field) []byte {
		fields = append([]field{of(tagCompression, compression), of(tagStripByteCounts, uint32(len(data)))}, fields...)
		return write([]byte(data), append(gray(4, 3), fields...)...)
	}
	bent := func(file []byte, bend func([]byte)) []byte {
		file = slices.Clone(file)
		bend(file)
		return file
	}
	wrong := deflated(plain)
	wrong[len(wrong)-1]++
	bilevel := of(tagBitsPerSample, 1)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":                  {nil, "ends within its header"},
		"no header":              {[]byte("II*\x00\x00\x00\x00"), "ends within its header"},
		"another order":          {[]byte("IM*\x00\x00\x00\x00\x00"), `begins with "IM"`},
		"another version":        {[]byte("II\x2c\x00\x00\x00\x00\x00"), "version 44, expected 42 (TIFF) or 43"},
		"directory in header":    {[]byte("II*\x00\x04\x00\x00\x00"), "the directory is at byte 4"},
		"directory beyond":       {[]byte("II*\x00\xff\x00\x00\x00"), "the directory is at byte 255 of a file of 8"},
		"big, short":             {[]byte("II+\x00\x08\x00\x00\x00"), "header of BigTIFF is damaged"},
		"big, wide offsets":      {[]byte("II+\x00\x10\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00"), "header of BigTIFF is damaged"},
		"big, endless directory": {[]byte("II+\x00\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"), "more than fit in the file"},
		"directory cut":          {with()[:len(with())-5], "says 7 entries, more than fit"},
		"no width":               {with(of(tagImageWidth)), "an image of 0 x 3 pixels"},
		"no height":              {with(of(tagImageLength, 0)), "an image of 4 x 0 pixels"},
		"wide":                   {with(of(tagImageWidth, 1<<31)), "tag ImageWidth (256) is 2147483648"},
		"one row too many":       {with(of(tagImageWidth, 1<<20), of(tagImageLength, 1<<10+1)), "an image of 1048576 x 1025 pixels"},
		"large":                  {with(of(tagImageWidth, 1<<31-1), of(tagImageLength, 1<<31-1)), "an image of 2147483647 x 2147483647 pixels"},
		"values beyond": {bent(with(of(tagXMP, 1), of(tagStripOffsets, 8, 8)), func(b []byte) {
			i := bytes.Index(b, []byte("\x11\x01\x04\x00\x02\x00\x00\x00"))
			b[i+10] = 1
		}), "tag StripOffsets (273) has 2 values at byte"},
		"fractions for whole numbers": {bent(with(), func(b []byte) { b[bytes.Index(b, []byte("\x00\x01\x04\x00"))+2] = 11 }), "values of type 11, expected whole numbers"},

		"old JPEG":            {with(of(tagCompression, 6)), "compression 6, old-style JPEG, is not read"},
		"Zstandard":           {with(of(tagCompression, 50000)), "Zstandard"},
		"WebP":                {with(of(tagCompression, 50001)), "WebP"},
		"LZMA":                {with(of(tagCompression, 34925)), "LZMA"},
		"what compression":    {with(of(tagCompression, 777)), "compression 777 is not known"},
		"JPEG without":        {with(of(tagCompression, 7)), "JPEG is not read"},
		"Lab":                 {with(of(tagPhotometric, 8)), "CIE L*a*b*"},
		"what colours":        {with(of(tagPhotometric, 77)), "photometric interpretation 77 is not known"},
		"fill order":          {with(of(tagFillOrder, 3)), "FillOrder (266) is 3, expected 1 or 2"},
		"planes":              {with(of(tagPlanarConfiguration, 3)), "PlanarConfiguration (284) is 3, expected 1 or 2"},
		"samples":             {with(of(tagSamplesPerPixel, 7)), "7 samples a pixel, expected 1 to 6"},
		"no samples":          {with(of(tagSamplesPerPixel, 0)), "0 samples a pixel"},
		"mixed bits":          {with(of(tagSamplesPerPixel, 3), of(tagBitsPerSample, 5, 6, 5)), "expected the same for each"},
		"two bits of three":   {with(of(tagSamplesPerPixel, 3), of(tagBitsPerSample, 8, 8)), "expected the same for each"},
		"mixed formats":       {with(of(tagSamplesPerPixel, 2), of(tagSampleFormat, 1, 2)), "expected the same for each"},
		"no bits":             {with(of(tagBitsPerSample, 0)), "0 bits"},
		"3 bits":              {with(of(tagBitsPerSample, 3)), "each of 3 bits"},
		"64 bits":             {with(of(tagBitsPerSample, 64)), "each of 64 bits"},
		"half floats":         {with(of(tagBitsPerSample, 16), of(tagSampleFormat, 3)), "each of 16 bits and format 3"},
		"12 bits, white":      {with(of(tagBitsPerSample, 12), of(tagPhotometric, 0)), "each of 12 bits"},
		"rgb of 12 bits":      {with(of(tagPhotometric, 2), of(tagSamplesPerPixel, 3), of(tagBitsPerSample, 12)), "each of 12 bits"},
		"rgb of one":          {with(of(tagPhotometric, 2)), "1 samples a pixel, of them 0 extra, with photometric interpretation 2"},
		"gray of two":         {with(of(tagSamplesPerPixel, 2)), "2 samples a pixel, of them 0 extra"},
		"extra in excess":     {with(of(tagSamplesPerPixel, 4), of(tagPhotometric, 2), of(tagExtraSamples, 0, 0)), "4 samples a pixel, of them 2 extra"},
		"alpha behind":        {with(of(tagSamplesPerPixel, 5), of(tagPhotometric, 2), of(tagExtraSamples, 0, 1)), "extra samples of kinds [0 1]"},
		"rgb 16 and two":      {with(of(tagSamplesPerPixel, 5), of(tagPhotometric, 2), of(tagBitsPerSample, 16), of(tagExtraSamples, 0, 0)), "each of 16 bits"},
		"cmyk 16 and one":     {with(of(tagSamplesPerPixel, 5), of(tagPhotometric, 5), of(tagBitsPerSample, 16), of(tagExtraSamples, 0)), "each of 16 bits"},
		"cmyk, associated":    {with(of(tagSamplesPerPixel, 5), of(tagPhotometric, 5), of(tagExtraSamples, 1)), "5 samples a pixel"},
		"gray 16 and alpha":   {with(of(tagSamplesPerPixel, 2), of(tagBitsPerSample, 16), of(tagExtraSamples, 2)), "each of 16 bits"},
		"white and alpha":     {with(of(tagSamplesPerPixel, 2), of(tagPhotometric, 0), of(tagExtraSamples, 2)), "2 samples a pixel"},
		"palette, associated": {with(of(tagSamplesPerPixel, 2), of(tagPhotometric, 3), of(tagExtraSamples, 1), of(tagColorMap, make([]uint32, 768)...)), "2 samples a pixel"},
		"palette 4 and one":   {with(of(tagSamplesPerPixel, 2), of(tagPhotometric, 3), of(tagBitsPerSample, 4), of(tagExtraSamples, 0), of(tagColorMap, make([]uint32, 48)...)), "each of 4 bits"},
		"palette and two":     {with(of(tagSamplesPerPixel, 3), of(tagPhotometric, 3), of(tagExtraSamples, 0, 0), of(tagColorMap, make([]uint32, 768)...)), "3 samples a pixel"},
		"signed palette":      {with(of(tagPhotometric, 3), of(tagSampleFormat, 2), of(tagColorMap, make([]uint32, 768)...)), "format 2"},
		"signed rgb":          {with(of(tagPhotometric, 2), of(tagSamplesPerPixel, 3), of(tagSampleFormat, 2)), "format 2"},
		"signed, white":       {with(of(tagPhotometric, 0), of(tagSampleFormat, 2)), "format 2"},
		"signed 16, white":    {with(of(tagPhotometric, 0), of(tagSampleFormat, 2), of(tagBitsPerSample, 16)), "format 2"},
		"32 bits, white":      {with(of(tagPhotometric, 0), of(tagBitsPerSample, 32)), "each of 32 bits"},
		"ycbcr 16":            {with(of(tagPhotometric, 6), of(tagSamplesPerPixel, 3), of(tagBitsPerSample, 16), of(tagYCbCrSubSampling, 1, 1)), "each of 16 bits"},
		"ycbcr and alpha":     {with(of(tagPhotometric, 6), of(tagSamplesPerPixel, 4), of(tagExtraSamples, 2), of(tagYCbCrSubSampling, 1, 1)), "4 samples a pixel"},
		"no palette":          {with(of(tagPhotometric, 3)), "a palette of 0 colours, expected 256"},
		"long palette":        {with(of(tagPhotometric, 3), of(tagColorMap, make([]uint32, 257*3)...)), "a palette of 257 colours"},
		"predictor of 4 bits": {packed(5, "", of(tagBitsPerSample, 4), of(tagPredictor, 2)), "predictor 2 with samples of 4 bits"},
		"predictor of floats": {packed(5, "", of(tagPredictor, 3)), "predictor 3 with samples of 8 bits and format 1"},
		"predictor 4":         {packed(5, "", of(tagPredictor, 4)), "predictor 4"},
		"fax of bytes":        {with(of(tagCompression, 4)), "CCITT with 1 samples of 8 bits"},
		"uncompressed mode":   {with(of(tagCompression, 3), bilevel, of(tagT4Options, 2)), "CCITT with uncompressed mode"},
		"uncompressed mode 4": {with(of(tagCompression, 4), bilevel, of(tagT6Options, 2)), "CCITT with uncompressed mode"},
		"subsampling":         {with(of(tagPhotometric, 6), of(tagSamplesPerPixel, 3), of(tagYCbCrSubSampling, 1, 4)), "subsampled 1 x 4"},
		"subsampling of one":  {with(of(tagPhotometric, 6), of(tagSamplesPerPixel, 3), of(tagYCbCrSubSampling, 1)), "one value, expected two"},
		"subsampled planes": {with(of(tagPhotometric, 6), of(tagSamplesPerPixel, 3), of(tagYCbCrSubSampling, 2, 2), of(tagPlanarConfiguration, 2)),
			"subsampled YCbCr in planes"},
		"coefficients":     {with(of(tagPhotometric, 6), of(tagSamplesPerPixel, 3), of(tagYCbCrCoefficients, 1, 0, 1)), "YCbCrCoefficients (529) is [1 0 1]"},
		"two coefficients": {with(of(tagPhotometric, 6), of(tagSamplesPerPixel, 3), of(tagYCbCrCoefficients, 1, 0)), "has 2 values, expected 3"},
		"reference":        {with(of(tagPhotometric, 6), of(tagSamplesPerPixel, 3), of(tagReferenceBlackWhite, 0, 1<<31, 0, 0, 0, 0)), "ReferenceBlackWhite (532) is"},
		"shared chroma": {packed(5, "", of(tagPhotometric, 6), of(tagSamplesPerPixel, 3), of(tagYCbCrSubSampling, 2, 2), of(tagRowsPerStrip, 1), of(tagStripOffsets, 8, 8, 8),
			of(tagStripByteCounts, 1, 1, 1)), "strips of 1 rows, where 2 share their chroma"},

		"no strips":         {with(of(tagStripOffsets)), "expected the offsets of either strips or tiles"},
		"strips and tiles":  {with(of(tagTileWidth, 16), of(tagTileLength, 16), of(tagTileOffsets, 8)), "expected the offsets of either strips or tiles"},
		"no rows":           {with(of(tagRowsPerStrip, 0)), "strips or tiles of 4 x 0 pixels"},
		"no columns":        {with(of(tagTileWidth, 0), of(tagTileLength, 16)), "strips or tiles of 0 x 16 pixels"},
		"few offsets":       {with(of(tagRowsPerStrip, 1)), "StripOffsets (273) has 1 values, expected 3"},
		"few counts":        {with(of(tagRowsPerStrip, 1), of(tagStripOffsets, 8, 8, 8)), "StripByteCounts (279) has 1 values, expected 3"},
		"wide tiles":        {with(of(tagTileWidth, 1<<15), of(tagTileLength, 1)), "tiles of 32768 x 1 pixels in an image of 4 x 3"},
		"tiles of air":      {with(of(tagTileWidth, 1<<14), of(tagTileLength, 1), of(tagImageLength, 1000)), "tiles of 16384 x 1 pixels in an image of 4 x 1000"},
		"strip beyond":      {with(of(tagStripOffsets, 1<<20)), "strip 1 of 1: its bytes are at 1048576 of a file of"},
		"strip in header":   {with(of(tagStripOffsets, 7)), "its bytes are at 7"},
		"short":             {write(nil, append(gray(40, 30), of(tagStripOffsets, 8))...), "row 3 of 30: its bytes end too early"},
		"no zlib":           {packed(8, "\x00\x00\x00\x00"), "strip 1 of 1: zlib: invalid header"},
		"short deflate":     {packed(8, string(deflated(plain[:9]))), "row 3 of 3: its bytes end too early"},
		"checksum":          {packed(8, string(wrong)), "zlib: invalid checksum"},
		"short PackBits":    {packed(32773, "\x05abcdef"), "row 2 of 3: its bytes end too early"},
		"short literal":     {packed(32773, "\x7fabcdef", of(tagImageLength, 1), of(tagImageWidth, 7)), "row 1 of 1: its bytes end too early"},
		"short repetition":  {packed(32773, "\xff"), "row 1 of 3: its bytes end too early"},
		"LZW, first a pair": {packed(5, "\x80\x60\x60\x60"), "an LZW code that has not been defined"},
		"LZW, far ahead":    {packed(5, "\x80\x0a\x0d\xff\xff"), "an LZW code that has not been defined"},
		"LZW, end":          {packed(5, "\x80\x40\x40"), "row 1 of 3: its bytes end too early"},
		"fax, end":          {packed(4, "\x00\x10\x01", bilevel), "row 1 of 3: CCITT: a code that there is not, or too few rows"},
		"fax, nothing":      {packed(4, "\xff", bilevel, of(tagImageLength, 9)), "row 9 of 9: its bytes end too early"},
		"fax, extension":    {packed(4, "\x02\x00", bilevel), "CCITT with uncompressed mode"},
		"fax, long row":     {packed(2, "\x98\x00", bilevel), "a row is longer than 4 pixels"},
		"fax, left of edge": {packed(4, bitString("001"+"000111"+"010", "1"+"000010"), bilevel, of(tagImageWidth, 2)), "row 2 of 3: CCITT: a change at column 0 after 1 of 2"},
		"fax, beyond":       {packed(4, "\x60", bilevel), "a change at column 5 after 0 of 4"},
		"fax, many changes": {packed(4, bitString(strings.Repeat("001"+"00110101"+"0000110111", 24)), bilevel), "more changes"},
	} {
		_, err := Decode(t.Context(), bytes.NewReader(c.file), int64(len(c.file)), nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "tiff: ") {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// TestJPEGErrors gives a decoder of JPEG what it must not get, or has it fail.
func TestJPEGErrors(t *testing.T) {
	frame := func(w, h byte) string {
		return "\xff\xd8\xff\xe0\x00\x03?\xff\xff\xc0\x00\x0b\x08\x00" + string(h) + "\x00" + string(w) + "\x01\x01\x11\x00"
	}
	file := func(stream string, fields ...field) []byte {
		fields = append(append(gray(4, 3), of(tagCompression, compressJPEG), of(tagStripByteCounts, uint32(len(stream)))), fields...)
		return write([]byte(stream), fields...)
	}
	fault := errors.New("a fault")
	failing := func(context.Context, []byte, []byte, bool) ([]uint8, int, int, int, error) {
		return nil, 0, 0, 0, fault
	}
	for name, c := range map[string]struct {
		file []byte
		jpeg JPEG
		want string
	}{
		"good":         {file(frame(4, 3)), stub(1), ""},
		"no frame":     {file("\xff\xd8\xff\xe0\x00\x03?"), stub(1), "without a frame header"},
		"cut frame":    {file(frame(4, 3)[:16]), stub(1), "without a frame header"},
		"no JPEG":      {file("hello"), stub(1), "without a frame header"},
		"narrow":       {file(frame(3, 3)), stub(1), "a JPEG of 3 x 3 pixels, expected 4 x 3"},
		"tall":         {file(frame(4, 4)), stub(1), "a JPEG of 4 x 4 pixels, expected 4 x 3"},
		"flat":         {file(frame(4, 2)), stub(1), "row 3 of 3: its bytes end too early"},
		"nothing":      {file(frame(4, 0)), stub(1), "a JPEG of 4 x 0 pixels"},
		"more samples": {file(frame(4, 3)), stub(3), "4 x 3 pixels with 3 samples, expected 4 x 3 with 1"},
		"failing":      {file(frame(4, 3)), failing, "strip 1 of 1: JPEG: a fault"},
		"many": {file(frame(1, 1), of(tagImageWidth, 1), of(tagImageLength, 40), of(tagRowsPerStrip, 1), of(tagStripOffsets, make([]uint32, 40)...),
			of(tagStripByteCounts, make([]uint32, 40)...)), stub(1), "40 JPEG streams for 1 x 40 pixels"},
		"beyond":    {file(frame(4, 3), of(tagTileWidth, 512), of(tagTileLength, 512)), stub(1), "tiles of 512 x 512 pixels in an image of 4 x 3"},
		"16 bits":   {file(frame(4, 3), of(tagBitsPerSample, 16)), stub(1), "JPEG with samples of 16 bits"},
		"bad place": {file(frame(4, 3), field{t: tagJPEGTables, text: "12345"}, of(tagStripOffsets, 1<<30)), stub(1), "its bytes are at"},
	} {
		_, err := Decode(t.Context(), bytes.NewReader(c.file), int64(len(c.file)), c.jpeg)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// TestJPEGGets holds what a decoder of JPEG is given.
func TestJPEGGets(t *testing.T) {
	stream := "\xff\xd8\xff\xc0\x00\x0b\x08\x00\x03\x00\x04\x01\x01\x11\x00"
	for _, c := range []struct {
		photometric uint32
		samples     uint32
		planes      uint32
		want        bool
	}{{6, 3, 1, true}, {6, 3, 2, false}, {2, 3, 1, false}, {1, 1, 1, false}, {6, 1, 1, false}} {
		fields := append(gray(4, 3), of(tagCompression, compressJPEG), of(tagPhotometric, c.photometric), of(tagSamplesPerPixel, c.samples),
			of(tagPlanarConfiguration, c.planes), field{t: tagJPEGTables, text: "tables"}, of(tagStripOffsets, 8, 8, 8), of(tagFillOrder, 2),
			of(tagStripByteCounts, uint32(len(stream)), uint32(len(stream)), uint32(len(stream))))
		file := write([]byte(stream), fields...)
		calls := 0
		_, err := Decode(t.Context(), bytes.NewReader(file), int64(len(file)), func(_ context.Context, tables, got []byte, ycbcr bool) ([]uint8, int, int, int, error) {
			calls++
			if string(tables) != "tables" || string(got) != stream || ycbcr != c.want {
				t.Errorf("%v: got %q, %q, %v", c, tables, got, ycbcr)
			}
			n := int(c.samples)
			if c.planes == 2 {
				n = 1
			}
			return make([]uint8, 12*n), 4, 3, n, nil
		})
		if want := int(c.samples*(c.planes-1) + 2 - c.planes); err != nil || calls != want {
			t.Errorf("%v: %d calls, want %d, error %v", c, calls, want, err)
		}
	}
}

// TestWork counts the bytes that are read of chunks.
func TestWork(t *testing.T) {
	taken := func(file []byte) (int64, error) {
		d, l, err := open(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return 0, err
		}
		work := &decoder{directory: d, layout: l}
		_, err = work.decode(t.Context())
		return work.taken, err
	}
	const n = 4000
	repeated := func(v uint32) []uint32 { return slices.Repeat([]uint32{v}, n) }
	// Rows of their own, each a strip: read once.
	offsets := make([]uint32, n)
	for i := range offsets {
		offsets[i] = 8 + uint32(i)
	}
	fields := append(gray(1, n), of(tagRowsPerStrip, 1), of(tagStripOffsets, offsets...), of(tagStripByteCounts, repeated(1)...))
	if got, err := taken(write(make([]byte, n), fields...)); got != n || err != nil {
		t.Errorf("strips of one byte: %d bytes were read, want %d; error %v", got, n, err)
	}
	// All strips are the same megabyte, which unpacks to one byte at its end.
	idle := append(bytes.Repeat([]byte{128}, 1<<20), 0, 7)
	fields = append(gray(1, n), of(tagCompression, compressPackBits), of(tagRowsPerStrip, 1),
		of(tagStripOffsets, repeated(8)...), of(tagStripByteCounts, repeated(uint32(len(idle)))...))
	file := write(idle, fields...)
	got, err := taken(file)
	if most := int64(len(file)) + 3*n + 1<<16 + 1<<12; got > most || err == nil || !strings.Contains(err.Error(), "overlap") {
		t.Errorf("strips that overlap: %d bytes were read, want at most %d; error %v", got, most, err)
	}
	// One that unpacks to far more than there is room for is left where its rows end.
	bomb := deflated(make([]byte, 1<<24))
	fields = append(gray(10, 10), of(tagCompression, compressDeflate), of(tagStripByteCounts, uint32(len(bomb))))
	if got, err := taken(write(bomb, fields...)); got > 1<<13 || err != nil {
		t.Errorf("a bomb: %d bytes were read of %d; error %v", got, len(bomb), err)
	}
}

// TestMemory holds memory to the promise where each strip might cost some.
func TestMemory(t *testing.T) {
	const n = 1 << 14
	offsets := make([]uint32, n)
	counts := slices.Clone(offsets)
	for compression, data := range map[uint32]string{
		compressNone: "a", compressPackBits: "\x00a", compressDeflate: string(deflated([]byte("a"))), compressLZW: "\x80\x18\x60\x20",
	} {
		for i := range offsets {
			offsets[i], counts[i] = 8, uint32(len(data))
		}
		file := write([]byte(data), append(gray(1, n), of(tagCompression, compression), of(tagRowsPerStrip, 1),
			of(tagStripOffsets, offsets...), of(tagStripByteCounts, counts...))...)
		promise.Keep(t, len(file), 3*n, func() {
			p, err := Decode(t.Context(), bytes.NewReader(file), int64(len(file)), nil)
			if err != nil || p.Pix[3*n-1] != 'a' {
				t.Errorf("compression %d: %v", compression, err)
			}
		})
	}
	// The size is known before memory is taken for it.
	file := write(nil, append(gray(1<<15, 1<<15), of(tagStripByteCounts, 1))...)
	promise.Keep(t, len(file), 0, func() {
		if c, err := DecodeConfig(bytes.NewReader(file), int64(len(file))); err != nil || c.Width != 1<<15 || c.Height != 1<<15 {
			t.Errorf("%v, %v", c, err)
		}
	})
}

// TestStops ends the context at points all over the decoding.
func TestStops(t *testing.T) {
	for _, compression := range []uint32{compressNone, compressDeflate} {
		data := make([]byte, 50*200)
		if compression == compressDeflate {
			data = deflated(data)
		}
		file := write(data, append(gray(50, 200), of(tagCompression, compression), of(tagStripByteCounts, uint32(len(data))))...)
		for n := 0; ; n += 9 {
			ctx := countdown.New(t.Context(), n)
			_, err := Decode(ctx, bytes.NewReader(file), int64(len(file)), nil)
			if err == nil {
				if n < 200 {
					t.Errorf("%d: looked %d times", compression, n)
				}
				break
			}
			if !errors.Is(err, context.Canceled) || ctx.Looks()-n > 3 {
				t.Fatalf("%d, after %d looks: %v, %d more", compression, n, err, ctx.Looks()-n)
			}
		}
	}
}

// failing is a reader that fails after a number of reads.
type failing struct {
	*bytes.Reader
	left int
}

func (r *failing) ReadAt(p []byte, off int64) (int, error) {
	if r.left--; r.left < 0 {
		return 0, fs.ErrPermission
	}
	return r.Reader.ReadAt(p, off)
}

// TestReadErrors makes each read fail in turn.
func TestReadErrors(t *testing.T) {
	data := deflated(make([]byte, 12))
	file := write(data, append(gray(4, 3), of(tagCompression, compressDeflate), of(tagStripByteCounts, uint32(len(data))), field{t: tagXMP, text: "hello"})...)
	for n := 0; ; n++ {
		_, err := Decode(t.Context(), &failing{bytes.NewReader(file), n}, int64(len(file)), nil)
		if err == nil {
			if n < 10 {
				t.Errorf("read in %d reads", n)
			}
			break
		}
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("read %d: %v", n, err)
		}
	}
}
