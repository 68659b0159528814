package cli

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Progress is a bar on a terminal, and nothing elsewhere.
type Progress struct{ bar *progressbar.ProgressBar }

// NewProgress starts a bar of total steps on w, which is shown only when w is
// a terminal. unit names a step in the rate, as in "images".
func NewProgress(w io.Writer, total int, title, unit string) *Progress {
	if !isTerminal(w) {
		return &Progress{}
	}
	return &Progress{progressbar.NewOptions(total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription(title),
		progressbar.OptionSetWidth(30),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString(unit),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(true),
	)}
}

// Add moves the bar on by n steps.
func (p *Progress) Add(n int) {
	if p.bar != nil {
		p.bar.Add(n) // an error of the terminal is no reason to stop
	}
}

// Done removes the bar, so that what is printed next stands on a clean line.
func (p *Progress) Done() {
	if p.bar != nil {
		p.bar.Clear()
		p.bar.Exit()
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && f.Name() != os.DevNull
}

// Describe changes the title of the bar.
func (p *Progress) Describe(title string) {
	if p.bar != nil {
		p.bar.Describe(title)
	}
}
