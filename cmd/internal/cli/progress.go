package cli

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Progress is a bar on a terminal; elsewhere, as in a log, it is a line a minute.
type Progress struct {
	bar *progressbar.ProgressBar
	log *journal
}

// NewProgress starts a bar of total steps on w, -1 where nobody knows. unit names a step, as
// in "images".
func NewProgress(w io.Writer, total int, title, unit string) *Progress {
	return newProgress(w, int64(total), title, unit, progressbar.OptionShowIts(), progressbar.OptionSetItsString(unit))
}

// Steps returns a function that sets a bar to done of total steps, which appears with its
// first call and goes with the last step, and one that removes it before. The two must not
// be called at once.
func Steps(w io.Writer, title, unit string) (set func(done, total int), end func()) {
	p := &Progress{}
	begun := false
	set = func(done, total int) {
		if !begun {
			p, begun = NewProgress(w, total, title, unit), true
		}
		if p.Set(int64(done)); done == total {
			p.Done()
		}
	}
	return set, func() { p.Done() }
}

// NewBytesProgress starts a bar of total bytes on w, with bytes, rate and time left.
func NewBytesProgress(w io.Writer, total int64, title string) *Progress {
	return newProgress(w, total, title, "bytes", progressbar.OptionShowBytes(true))
}

func newProgress(w io.Writer, total int64, title, unit string, options ...progressbar.Option) *Progress {
	if !isTerminal(w) {
		return &Progress{log: newJournal(w, total, title, unit, time.Now)}
	}
	return &Progress{bar: progressbar.NewOptions64(total, append(options,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription(title),
		progressbar.OptionSetWidth(30),
		progressbar.OptionShowCount(), // drawn at every step, and not only at every percent
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(true),
	)...)}
}

// Add moves the bar on by n steps.
func (p *Progress) Add(n int) {
	if p.bar != nil {
		p.bar.Add(n) // an error of the terminal is no reason to stop
	} else if p.log != nil {
		p.log.add(int64(n))
	}
}

// Set moves the bar to n steps or bytes, also backwards.
func (p *Progress) Set(n int64) {
	if p.bar != nil {
		p.bar.Set64(n)
	} else if p.log != nil {
		p.log.set(n)
	}
}

// Describe changes the title of the bar.
func (p *Progress) Describe(title string) {
	if p.bar != nil {
		p.bar.Describe(title)
	} else if p.log != nil {
		p.log.describe(title)
	}
}

// Hide takes the bar off the screen until its next step, so that a message can
// be printed.
func (p *Progress) Hide() {
	if p.bar != nil {
		p.bar.Clear()
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
