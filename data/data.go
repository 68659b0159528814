// Package data reads labelled and unlabelled images and turns them into the
// float32 batches that a network takes.
//
// [Open] recognises a data set from the contents of its folder: STL-10 and
// CIFAR-10/100 in their binary distributions, CIFAR-10/100 in the pickled
// distribution that torchvision downloads, folders of image files by class
// (torchvision's ImageFolder), and plain folders of image files. [OpenFiles]
// takes single files, [OpenFS] any file system, as of a zip archive or embed;
// [Decode] and [FromImage] take one picture. Every [Dataset] reads one record at a time, whatever the
// size of its files, and may be read by several goroutines at once.
//
// [Transform] is torchvision's Compose of Resize, CenterCrop, ToTensor and
// Normalize, the same to the last bit; [Batches] reads and transforms a range
// of a data set ahead of its consumer, or an epoch of training: in the [Order] of an
// epoch, and with an [Augmentation] or several of package augment. [HoldOut] and
// [Subset] keep some samples for validation.
//
// Files are not trusted: sizes, labels and class names are checked, and a file
// that is truncated, too long or not what it says gives an error that names it.
package data

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
)

// ErrNotDataset is what errors.Is finds in the error of [Open] when a folder
// exists but holds none of the data sets that this package reads. (A path that
// does not exist, or a data set with a file missing, gives fs.ErrNotExist.)
var ErrNotDataset = errors.New("not a data set")

// Image is an 8-bit RGB picture: 3 bytes a pixel in row-major order, the pixel
// at (x, y) beginning at Pix[3*(y*Width+x)]. It implements image.Image.
type Image struct {
	Width, Height int
	Pix           []uint8
}

// NewImage returns a black image. It returns an error when a side is not
// positive or the image would exceed 1<<30 pixels.
func NewImage(width, height int) (*Image, error) {
	if width <= 0 || height <= 0 || width > 1<<30/height {
		return nil, fmt.Errorf("data: cannot make an image of %d x %d pixels", width, height)
	}
	return &Image{width, height, make([]uint8, 3*width*height)}, nil
}

// check tells whether Pix has the length that the sides ask for.
func (im *Image) check() error {
	if im == nil {
		return errors.New("data: the image is nil")
	}
	if im.Width <= 0 || im.Height <= 0 || im.Width > 1<<30/im.Height || len(im.Pix) != 3*im.Width*im.Height {
		return fmt.Errorf("data: %d bytes do not make an RGB image of %d x %d pixels", len(im.Pix), im.Width, im.Height)
	}
	return nil
}

// ColorModel returns color.RGBAModel.
func (im *Image) ColorModel() color.Model { return color.RGBAModel }

// Bounds returns (0, 0)-(Width, Height).
func (im *Image) Bounds() image.Rectangle { return image.Rect(0, 0, im.Width, im.Height) }

// At returns the opaque colour of a pixel, and transparent black outside. Pix
// must have the length that the sides ask for.
func (im *Image) At(x, y int) color.Color {
	if x < 0 || x >= im.Width || y < 0 || y >= im.Height {
		return color.RGBA{}
	}
	i := 3 * (y*im.Width + x)
	return color.RGBA{im.Pix[i], im.Pix[i+1], im.Pix[i+2], 255}
}

// Sample is one image of a data set.
type Sample struct {
	Image *Image
	Label int    // index into Classes, -1 when there is none
	Name  string // the file's name, or split and index as in "test/17"
}

// Dataset is a sequence of samples. Sample may be called by several goroutines
// at once, but not after Close.
type Dataset interface {
	// Len returns the number of samples.
	Len() int
	// Classes returns the class names by label, nil when there are no labels.
	Classes() []string
	// Sample reads sample i in [0, Len()). The image belongs to the caller. It
	// stops with ctx's error when ctx ends. Beside an error the sample may have
	// its name.
	Sample(ctx context.Context, i int) (Sample, error)
	io.Closer
}

// Format is the short name of a kind of data set, as cmd/fetch takes it.
type Format string

// The formats that Open recognises.
const (
	STL10       Format = "stl10"
	CIFAR10     Format = "cifar10"
	CIFAR100    Format = "cifar100"
	ImageFolder Format = "images" // image files, in class folders or not
)

// String returns the name for people, such as "CIFAR-10".
func (f Format) String() string {
	switch f {
	case STL10:
		return "STL-10"
	case CIFAR10:
		return "CIFAR-10"
	case CIFAR100:
		return "CIFAR-100"
	}
	return string(f)
}

// errorf makes an error that begins with the short name.
func (f Format) errorf(format string, args ...any) error {
	return fmt.Errorf(string(f)+": "+format, args...)
}

// Describer is implemented by every data set of [Open] and [OpenFiles].
type Describer interface {
	Format() Format
	// Split returns the split that was opened, such as "test" or "train+test",
	// and "" where the format has none.
	Split() string
}

// checkIndex is the door of every Sample method.
func checkIndex(i, n int) error {
	if i < 0 || i >= n {
		return fmt.Errorf("data: sample %d of a data set of %d", i, n)
	}
	return nil
}
