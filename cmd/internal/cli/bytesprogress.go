package cli

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// NewBytesProgress starts a bar of total bytes on w, with bytes, rate and time
// left, which is shown only when w is a terminal.
func NewBytesProgress(w io.Writer, total int64, title string) *Progress {
	if !isTerminal(w) {
		return &Progress{}
	}
	return &Progress{progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription(title),
		progressbar.OptionSetWidth(30),
		progressbar.OptionShowBytes(true),
		progressbar.OptionShowCount(), // drawn at every step, and not only at every percent
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(true),
	)}
}

// Set moves the bar to n steps or bytes, also backwards.
func (p *Progress) Set(n int64) {
	if p.bar != nil {
		p.bar.Set64(n) // an error of the terminal is no reason to stop
	}
}

// Hide takes the bar off the screen until its next step, so that a message can
// be printed.
func (p *Progress) Hide() {
	if p.bar != nil {
		p.bar.Clear()
	}
}
