package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn"
)

// Choices says, a line each, what was chosen among the weights of the checkpoint: which of
// several state dicts, and which tensors were left out.
func (o *Opened) Choices() []string {
	var lines []string
	if len(o.others) > 0 {
		lines = append(lines, fmt.Sprintf("%q of the file, which also holds %s; -key takes another", o.taken, quoteSome(o.others)))
	}
	if left := o.Model.LeftOut(); len(left) > 0 {
		lines = append(lines, fmt.Sprintf("%s left out, as no part of the network; -network prefix=MODULE takes another part", quoteSome(left)))
	}
	return lines
}

// quoteSome lists the first of some names.
func quoteSome(names []string) string {
	const most = 4
	var list []string
	for _, name := range names[:min(len(names), most)] {
		list = append(list, fmt.Sprintf("%.80q", name))
	}
	if len(names) > most {
		list = append(list, fmt.Sprintf("... (%d in all)", len(names)))
	}
	return strings.Join(list, ", ")
}

// ErrNotFinite is wrapped by the errors of CheckFinite.
var ErrNotFinite = errors.New("the network gives a number that is not finite")

// CheckFinite returns an error when one of the numbers that the network made of a batch is
// not finite, which names the image.
func CheckFinite(b *data.Batch, t *nn.Tensor, what string) error {
	width := t.Shape[1]
	for i, v := range t.Data {
		if v-v != 0 {
			return fmt.Errorf("image %q: %s %d is %v: %w; the weights or -mean and -std do not suit it", b.Samples[i/width].Name, what, i%width, v, ErrNotFinite)
		}
	}
	return nil
}
