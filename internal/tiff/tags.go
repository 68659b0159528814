package tiff

import "fmt"

// tag is the number of a field of a directory.
type tag uint16

const (
	tagImageWidth          tag = 256
	tagImageLength         tag = 257
	tagBitsPerSample       tag = 258
	tagCompression         tag = 259
	tagPhotometric         tag = 262
	tagFillOrder           tag = 266
	tagStripOffsets        tag = 273
	tagOrientation         tag = 274
	tagSamplesPerPixel     tag = 277
	tagRowsPerStrip        tag = 278
	tagStripByteCounts     tag = 279
	tagPlanarConfiguration tag = 284
	tagT4Options           tag = 292
	tagT6Options           tag = 293
	tagPredictor           tag = 317
	tagColorMap            tag = 320
	tagTileWidth           tag = 322
	tagTileLength          tag = 323
	tagTileOffsets         tag = 324
	tagTileByteCounts      tag = 325
	tagExtraSamples        tag = 338
	tagSampleFormat        tag = 339
	tagJPEGTables          tag = 347
	tagYCbCrCoefficients   tag = 529
	tagYCbCrSubSampling    tag = 530
	tagReferenceBlackWhite tag = 532
	tagXMP                 tag = 700
)

// known are the tags that are read, and no others are kept.
var known = map[tag]string{
	tagImageWidth: "ImageWidth", tagImageLength: "ImageLength", tagBitsPerSample: "BitsPerSample",
	tagCompression: "Compression", tagPhotometric: "PhotometricInterpretation", tagFillOrder: "FillOrder",
	tagStripOffsets: "StripOffsets", tagOrientation: "Orientation", tagSamplesPerPixel: "SamplesPerPixel",
	tagRowsPerStrip: "RowsPerStrip", tagStripByteCounts: "StripByteCounts",
	tagPlanarConfiguration: "PlanarConfiguration", tagT4Options: "T4Options", tagT6Options: "T6Options",
	tagPredictor: "Predictor", tagColorMap: "ColorMap", tagTileWidth: "TileWidth", tagTileLength: "TileLength",
	tagTileOffsets: "TileOffsets", tagTileByteCounts: "TileByteCounts", tagExtraSamples: "ExtraSamples",
	tagSampleFormat: "SampleFormat", tagJPEGTables: "JPEGTables", tagYCbCrCoefficients: "YCbCrCoefficients",
	tagYCbCrSubSampling: "YCbCrSubSampling", tagReferenceBlackWhite: "ReferenceBlackWhite", tagXMP: "XMP",
}

func (t tag) String() string { return fmt.Sprintf("%s (%d)", known[t], uint16(t)) }

// Values of Compression that are read.
const (
	compressNone       = 1
	compressCCITTRLE   = 2
	compressGroup3     = 3
	compressGroup4     = 4
	compressLZW        = 5
	compressJPEG       = 7
	compressDeflate    = 8
	compressPackBits   = 32773
	compressOldDeflate = 32946
)

// unread are the compressions that are known and refused by their name.
var unread = map[int]string{
	6: "old-style JPEG", 9: "JBIG", 10: "JBIG", 32766: "NeXT", 32771: "CCITT of words", 32809: "ThunderScan", 32895: "IT8",
	32947: "DCS", 33003: "JPEG 2000", 33004: "JPEG 2000", 33005: "JPEG 2000", 34661: "JBIG",
	34676: "SGILog", 34677: "SGILog24", 34712: "JPEG 2000", 34887: "LERC", 34892: "lossy JPEG", 34925: "LZMA",
	50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}

// Values of PhotometricInterpretation that are read.
const (
	whiteIsZero = 0
	blackIsZero = 1
	trueColour  = 2
	palette     = 3
	separated   = 5
	yCbCr       = 6
)

// otherColours are the interpretations that are refused by their name.
var otherColours = map[int]string{
	4: "a transparency mask", 8: "CIE L*a*b*", 9: "ICC L*a*b*", 10: "ITU L*a*b*",
	32803: "a colour filter array", 32844: "CIE Log L", 32845: "CIE Log Luv", 34892: "linear raw",
}

// Values of SampleFormat that are read.
const (
	unsigned = 1
	signed   = 2
	float    = 3
)

// A value of ExtraSamples: alpha by which the colours have been multiplied.
const associatedAlpha = 1
