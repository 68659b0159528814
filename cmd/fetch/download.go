package main

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// Retries: how many in a row may bring nothing new, the first pause (each next
// is twice as long), the longest, and the longest that a server may ask for.
const (
	maxTries     = 6
	firstPause   = time.Second
	longestPause = 30 * time.Second
	longestAsked = 2 * time.Minute
)

// downloader downloads one file of known size and MD5 sum.
type downloader struct {
	client *http.Client
	url    string
	part   string // path of the partial download; its state is beside it
	size   int64
	md5    string
	stall  time.Duration                                    // give up on an answer without data for so long
	sleep  func(ctx context.Context, d time.Duration) error // between tries
	now    func() time.Time                                 // for Retry-After's dates
	seen   func(n int64)                                    // told how much is there
	warn   func(text string)                                // told why it tries again
}

// retry is an error that may pass, with the pause that the server asks for.
type retry struct {
	error
	after time.Duration
}

// statePath is that of the validators.
func (d *downloader) statePath() string { return d.part + ".json" }

// run downloads until the part is complete and its MD5 sum right. A part whose
// sum is wrong is removed, and downloaded again once if it came in several
// pieces. After any other error the part stays, to be resumed.
func (d *downloader) run(ctx context.Context) error {
	for again := false; ; again = true {
		pieces, err := d.fill(ctx)
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
		err = fmt.Errorf("%s: MD5 sum is %s, expected %s: not the published archive; the download is removed", d.url, sum, d.md5)
		if again || pieces == 1 {
			return err
		}
		d.warn(err.Error())
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
// and returns the number of pieces that it is made of, an earlier run's
// counting as one.
func (d *downloader) fill(ctx context.Context) (pieces int, err error) {
	f, err := os.OpenFile(d.part, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	if have > d.size { // not a part of this archive
		if have, err = 0, f.Truncate(0); err != nil {
			return 0, err
		}
	}
	if have > 0 {
		pieces = 1
	}
	best := have // progress is what goes beyond it
	for tries := 0; have < d.size; {
		d.seen(have)
		before := have
		have, err = d.request(ctx, f, have)
		if have > 0 && have != before {
			pieces++
		}
		if ctx.Err() != nil {
			return pieces, errors.Join(ctx.Err(), f.Sync())
		}
		if err == nil {
			continue
		}
		var passing retry
		if !errors.As(err, &passing) {
			return pieces, err
		}
		if tries++; have > best {
			best, tries = have, 1
		}
		if tries == maxTries {
			return pieces, fmt.Errorf("%w; gave up after %d tries (run it again to go on from %d of %d bytes)", err, tries, have, d.size)
		}
		pause := max(passing.after, min(firstPause<<(tries-1), longestPause))
		d.warn(fmt.Sprintf("%v; trying again in %v", err, pause.Round(time.Second)))
		if err := d.sleep(ctx, pause); err != nil {
			return pieces, err
		}
	}
	d.seen(have)
	return pieces, f.Sync()
}

// request asks for what comes after have bytes, writes it to f and returns how
// many bytes f then has.
func (d *downloader) request(ctx context.Context, f *os.File, have int64) (int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := fmt.Errorf("no data for %v", d.stall)
	watch := time.AfterFunc(d.stall, func() { cancel(stalled) })
	defer watch.Stop()
	passing := func(err error) error {
		if context.Cause(ctx) == stalled {
			err = stalled
		}
		return retry{fmt.Errorf("%s: %w", d.url, err), 0}
	}

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url, nil)
	if err != nil {
		return have, err
	}
	req.Header.Set("Accept-Encoding", "identity") // bytes as they are stored
	req.Header.Set("User-Agent", "glimpse-fetch")
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		if v := loadState(d.statePath()).ifRange(d.url); v != "" {
			req.Header.Set("If-Range", v)
		}
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return have, passing(err)
	}
	defer resp.Body.Close()

	switch resp.StatusCode {
	case http.StatusPartialContent:
		first, _, total, err := contentRange(resp.Header.Get("Content-Range"))
		if err != nil {
			return have, fmt.Errorf("%s: %w", d.url, err)
		}
		if first != have || total >= 0 && total != d.size {
			return have, fmt.Errorf("%s: server sends bytes from %d of %d, expected from %d of %d", d.url, first, total, have, d.size)
		}
	case http.StatusOK: // all of it: a new file there, or a server without ranges
		if n := resp.ContentLength; n > d.size {
			return have, fmt.Errorf("%s: server has %d bytes, expected %d: not the published archive", d.url, n, d.size)
		}
		if err := f.Truncate(0); err != nil {
			return have, err
		}
		have = 0
		if err := stateOf(d.url, resp.Header).save(d.statePath()); err != nil {
			return have, err
		}
	case http.StatusRequestedRangeNotSatisfiable:
		// The server's file ends before ours: ours is not a part of it.
		if err := f.Truncate(0); err != nil {
			return have, err
		}
		return 0, retry{fmt.Errorf("%s: server has no bytes after %d", d.url, have), 0}
	default:
		return have, d.refused(resp)
	}

	if _, err := f.Seek(have, io.SeekStart); err != nil {
		return have, err
	}
	buf := make([]byte, 1<<17)
	for {
		if ctx.Err() != nil { // what has been received by then can take a while
			return have, passing(context.Cause(ctx))
		}
		n, err := resp.Body.Read(buf)
		watch.Reset(d.stall)
		if int64(n) > d.size-have {
			return have, fmt.Errorf("%s: server sends more than the %d bytes expected: not the published archive", d.url, d.size)
		}
		if n > 0 {
			written, err := f.Write(buf[:n])
			have += int64(written)
			if err != nil {
				return have, err
			}
			d.seen(have)
		}
		switch {
		case err == io.EOF && have < d.size:
			return have, passing(fmt.Errorf("ended after %d of %d bytes", have, d.size))
		case err == io.EOF:
			return have, nil
		case err != nil && have == d.size:
			return have, nil // the sum tells whether all is well
		case err != nil:
			return have, passing(err)
		}
	}
}

// refused makes an error of a status: one that may pass for 408, 429 and 5xx.
func (d *downloader) refused(resp *http.Response) error {
	err := fmt.Errorf("%s: server answers %s", d.url, resp.Status)
	code := resp.StatusCode
	if code != http.StatusRequestTimeout && code != http.StatusTooManyRequests && code < 500 {
		return err
	}
	after := d.retryAfter(resp.Header.Get("Retry-After"))
	if after > longestAsked {
		return fmt.Errorf("%w and asks to wait %v: run it again then", err, after.Round(time.Second))
	}
	return retry{err, after}
}

// retryAfter parses seconds or a date (RFC 9110, 10.2.3); 0 for anything else.
func (d *downloader) retryAfter(text string) time.Duration {
	if s, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31); err == nil {
		return time.Duration(s) * time.Second
	}
	if t, err := http.ParseTime(text); err == nil {
		return max(0, t.Sub(d.now()))
	}
	return 0
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
	h := md5.New()
	if _, err := io.Copy(h, &contextReader{ctx, f}); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
