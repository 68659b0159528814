package cli

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/tsne"
)

func TestMessage(t *testing.T) {
	_, fold := data.Open(t.Context(), t.TempDir(), data.OpenOptions{Fold: 11})
	_, perplexity := tsne.Fit(t.Context(), mat.NewDense(4, 1, []float64{1, 2, 3, 4}), tsne.Options{Perplexities: []float64{5}})
	_, schedule := tsne.Fit(t.Context(), mat.NewDense(4, 1, []float64{1, 2, 3, 4}), tsne.Options{Schedule: "x"})
	for _, c := range []struct {
		err  error
		want string
	}{
		{fold, "-fold is 11, expected 1 to 10"},
		{perplexity, "-perplexity is 5, want a positive number below the number of points, 4"},
		{schedule, `-schedule is "x", want "sklearn" or "openTSNE"`},
		{(data.Transform{Mean: []float32{1, 2}}).Check(), "-mean has 2 numbers, expected 1 or 3"},
		{(data.Transform{Std: []float32{0}}).Check(), "-std is [0], it would divide by zero"},
		{fmt.Errorf("sample 0: a.png: png: more than the limit of 9 pixels (MaxPixels raises it)"), "sample 0: a.png: png: more than the limit of 9 pixels (-max-pixels raises it)"},
		{fmt.Errorf("a.jpg: jpeg: the file ends too early (Truncated reads what there is of it)"), "a.jpg: jpeg: the file ends too early (-truncated reads what there is of it)"},
		{fmt.Errorf("must have one size, as Resize with CenterCrop gives them"), "must have one size, as -size gives them"},
		{errors.New("tsne: Method is \"fft\", but Components is 3"), `-method is "fft", but -components is 3`},
		// Words of a file's name stay.
		{errors.New("open Fold/Mean: no such file"), "open Fold/Mean: no such file"},
		{errors.New("open a/Fold is: no such file"), "open a/Fold is: no such file"},
		{errors.New("data: x: not a data set"), "data: x: not a data set"},
		{errors.New("cat\n\x1b[2J\u202e.png: no such file"), `cat\n\x1b[2J\u202e.png: no such file`},
	} {
		if got := Message(c.err); got != c.want {
			t.Errorf("Message(%v) = %q, want %q", c.err, got, c.want)
		}
	}
	if long := Message(errors.New(strings.Repeat("name, ", 1e5) + "use -flag")); len(long) > 2100 || !strings.HasSuffix(long, "use -flag") {
		t.Errorf("a message of %d bytes, %q", len(long), long[len(long)-20:])
	}
}

// Each option of a package that has a flag keeps its name.
func TestOptionFlags(t *testing.T) {
	for name, flag := range optionFlags {
		if got := Message(errors.New("tsne: " + name + " is 5")); got != flag+" is 5" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestLine(t *testing.T) {
	var b strings.Builder
	Line(&b, "%d x %s", 3, "a\nb")
	Note(&b, "%s", "c\x1b")
	if want := "3 x a\\nb\nnote: c\\x1b\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}
