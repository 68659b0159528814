package cli

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/internal/visible"
)

// Skipped is an image that was passed over because it cannot be read, as reports
// have it.
type Skipped struct {
	Index int    `json:"index"`
	Name  string `json:"name"`
	Error string `json:"error"`
}

// Batches are the data's, of images of any size. With -skip-bad they go on without
// those that cannot be read, which [Opened.Skipped] then lists; without it the error
// names the flag.
func (o *Opened) Batches(ctx context.Context, opt data.BatchOptions) iter.Seq2[*data.Batch, error] {
	opt.Transform, opt.AnySize = o.Model.Transform(), true
	if o.skipBad {
		opt.Skip = o.skip
	}
	return func(yield func(*data.Batch, error) bool) {
		for b, err := range data.Batches(ctx, o.Data, opt) {
			if _, bad := err.(*data.SampleError); bad {
				err = fmt.Errorf("%w (-skip-bad goes on without it)", err)
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// skip notes an image, once: programs may go over the data twice.
func (o *Opened) skip(e *data.SampleError) {
	at, found := slices.BinarySearchFunc(o.Skipped, e.Index, func(s Skipped, index int) int { return s.Index - index })
	if !found {
		o.Skipped = slices.Insert(o.Skipped, at, Skipped{e.Index, e.Name, e.Err.Error()})
	}
}

// most is the number of names in a message.
const most = 10

// ReportSkipped says which images were passed over, if any.
func (o *Opened) ReportSkipped(stderr io.Writer) {
	if len(o.Skipped) == 0 {
		return
	}
	fmt.Fprintf(stderr, "skipped   %s that cannot be read:\n", plural(len(o.Skipped), "image"))
	for _, s := range o.Skipped[:min(most, len(o.Skipped))] {
		fmt.Fprintf(stderr, "          %d: %s\n", s.Index, visible.Text(s.Error))
	}
	if more := len(o.Skipped) - most; more > 0 {
		fmt.Fprintf(stderr, "          and %d more\n", more)
	}
}

// ReportNotes says what was noticed while the data was opened.
func (o *Opened) ReportNotes(stderr io.Writer) {
	for _, note := range o.notes {
		if note == "" {
			continue
		}
		fmt.Fprintf(stderr, "note      %s\n", visible.Text(note))
	}
	if n := len(o.leftovers); n > 0 {
		slices.Sort(o.leftovers)
		names := strings.Join(o.leftovers[:min(most, n)], ", ")
		if n > most {
			names += fmt.Sprintf(" and %d more", n-most)
		}
		fmt.Fprintf(stderr, "note      passed over %s of other programs: %s\n", plural(n, "leftover"), visible.Text(names))
	}
}

// plural is a number of things: "1 image", "2 images".
func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return strconv.Itoa(n) + " " + thing
}
