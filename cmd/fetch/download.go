package main

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/glimpse-go/glimpse/internal/ctxio"
)

// Retries: how many in a row may bring nothing that counts, what counts, the
// first pause (each next is twice as long), the longest, and the longest that
// a server may ask for.
const (
	maxTries     = 6
	worthwhile   = 4 << 10 // a server that cuts more often than that would take for ever
	firstPause   = time.Second
	longestPause = 30 * time.Second
	longestAsked = 2 * time.Minute
)

// downloader downloads one file of known size and MD5 sum.
type downloader struct {
	client *http.Client
	url    *url.URL
	part   string // path of the partial download; its state is beside it
	size   int64
	md5    string
	stall  time.Duration // the time in which as many bytes as slow have to come
	slow   int64
	sleep  func(ctx context.Context, d time.Duration) error // between tries
	now    func() time.Time                                 // for Retry-After's dates
	seen   func(n int64)                                    // told how much is there
	warn   func(text string)                                // told why it tries again

	answered bool // the server has answered in this run
	noRanges bool // it cannot go on in the middle: ask for all
}

// retry is an error that may pass, with the pause that the server asks for.
type retry struct {
	error
	after time.Duration
}

func (r retry) Unwrap() error { return r.error }

// statePath is that of the validators.
func (d *downloader) statePath() string { return d.part + ".json" }

// run downloads until the part is complete and its MD5 sum right. A part whose
// sum is wrong is removed, and downloaded again once unless it came in a
// single answer. After any other error the part stays, to be resumed.
func (d *downloader) run(ctx context.Context) error {
	for again := false; ; again = true {
		single, err := d.fill(ctx)
		if err != nil {
			return err
		}
		sum, err := sumFile(ctx, d.part)
		if err != nil {
			return err
		}
		if sum == d.md5 {
			return nil
		}
		if err := d.discard(); err != nil {
			return err
		}
		err = d.errorf("MD5 sum is %s, expected %s: not the published archive; the download is removed", sum, d.md5)
		if again || single {
			return err
		}
		d.warn(err.Error() + "; trying again, as it came in pieces")
	}
}

// discard removes the part and its state.
func (d *downloader) discard() error {
	for _, name := range []string{d.statePath(), d.part} {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// fill makes the part as long as the archive, in as many requests as it takes,
// and tells whether a single answer brought all of it.
func (d *downloader) fill(ctx context.Context) (single bool, err error) {
	f, err := os.OpenFile(d.part, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return false, err
	}
	if have > d.size { // not a part of this archive
		if have, err = 0, f.Truncate(0); err != nil {
			return false, err
		}
	}
	best := have // progress is what goes beyond it
	for tries := 0; have < d.size; {
		d.seen(have)
		have, single, err = d.request(ctx, f, have)
		if ctx.Err() != nil {
			return single, errors.Join(ctx.Err(), f.Sync())
		}
		if err == nil {
			break
		}
		var passing retry
		if !errors.As(err, &passing) {
			return single, err
		}
		if tries++; have >= best+worthwhile && !errors.Is(err, errSlow) {
			best, tries = have, 1
		}
		if tries == maxTries {
			return single, fmt.Errorf("%w; gave up after %d tries (run it again to go on from %d of %d bytes)", err, tries, have, d.size)
		}
		pause := max(passing.after, min(firstPause<<(tries-1), longestPause))
		d.warn(fmt.Sprintf("%v; trying again in %v", err, pause.Round(time.Second)))
		if err := d.sleep(ctx, pause); err != nil {
			return single, err
		}
	}
	d.seen(have)
	return single, f.Sync()
}

// errorf puts the address, without a password, before an error.
func (d *downloader) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %w", d.url.Redacted(), fmt.Errorf(format, args...))
}

// sleep waits, or returns the context's error once that ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// sumFile returns the MD5 sum of a file in hexadecimal digits.
func sumFile(ctx context.Context, name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return sumOf(ctxio.Reader(ctx, f))
}

// sumOf returns the MD5 sum of what r gives.
func sumOf(r io.Reader) (string, error) {
	h := md5.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
