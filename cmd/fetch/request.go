package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// errSlow ends an answer that hardly moves.
var errSlow = errors.New("too slow")

// request asks for what comes after the have bytes of f, or for all, puts it
// there and returns how many bytes f then has, and whether this one answer
// gave them all. The error is nil when that is the size of the archive.
func (d *downloader) request(ctx context.Context, f *os.File, have int64) (_ int64, single bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(d.stall, func() {
		cancel(fmt.Errorf("%w: less than %d bytes in %v", errSlow, d.slow, d.stall))
	})
	defer watch.Stop()

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url.String(), nil)
	if err != nil {
		return have, false, err
	}
	req.Header.Set("Accept-Encoding", "identity") // bytes as they are stored
	req.Header.Set("User-Agent", "glimpse-fetch")
	ranged := have > 0 && !d.noRanges
	if ranged {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		if v := loadState(d.statePath()).ifRange(d.url.Redacted()); v != "" {
			req.Header.Set("If-Range", v)
		}
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return have, false, d.noAnswer(ctx, err)
	}
	defer resp.Body.Close()
	d.answered = true

	r := receiver{d: d, ctx: ctx, f: f, have: have, alive: func() { watch.Reset(d.stall) }}
	switch resp.StatusCode {
	case http.StatusPartialContent:
		if r.at, err = d.partial(resp, have, ranged); err != nil {
			return have, false, err
		}
	case http.StatusOK: // all of it: a new file there, or a server without ranges
		if n := resp.ContentLength; n >= 0 && n != d.size {
			return have, false, d.errorf("server has %d bytes, expected %d: not the published archive", n, d.size)
		}
		r.state = stateOf(d.url.Redacted(), resp.Header)
	case http.StatusRequestedRangeNotSatisfiable:
		_, _, total, err := contentRange(resp.Header.Get("Content-Range"))
		if err == nil && total >= 0 && total != d.size {
			return have, false, d.errorf("server has %d bytes, expected %d: not the published archive", total, d.size)
		}
		return have, false, d.withoutRanges(ranged, d.errorf("server answers %.80s", resp.Status))
	default:
		return have, false, d.refused(resp)
	}
	err = r.receive(resp.Body)
	return r.have, r.from == 0, err
}

// partial checks an answer 206, and returns where it begins: at have.
func (d *downloader) partial(resp *http.Response, have int64, ranged bool) (int64, error) {
	first, _, total, err := contentRange(resp.Header.Get("Content-Range"))
	switch {
	case err == nil && total >= 0 && total != d.size:
		return 0, d.errorf("server has %d bytes, expected %d: not the published archive", total, d.size)
	case err == nil && first != have:
		err = fmt.Errorf("server sends bytes from %d, asked for those from %d", first, have)
	}
	if err != nil {
		return 0, d.withoutRanges(ranged, d.errorf("%w", err))
	}
	return have, nil
}

// withoutRanges is for an answer that shows that a server does ranges wrong:
// the next request asks for all. It is the end when this one did already.
func (d *downloader) withoutRanges(ranged bool, err error) error {
	if !ranged {
		return err
	}
	d.noRanges = true
	return retry{err, 0}
}

// noAnswer makes an error of a request without an answer: one that may pass,
// but for a redirection that is refused, a certificate, an answer that is not
// TLS, and a host that does not exist as long as nothing has come from it.
func (d *downloader) noAnswer(ctx context.Context, err error) error {
	var asked *url.Error
	if errors.As(err, &asked) { // it repeats the address
		err = asked.Err
	}
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	final := errors.Is(err, errRedirect) || errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &cert) ||
		!d.answered && errors.As(err, &dns) && dns.IsNotFound
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if err = d.errorf("%w", err); final {
		return err
	}
	return retry{err, 0}
}

// refused makes an error of a status: one that may pass for 408, 429 and 5xx.
func (d *downloader) refused(resp *http.Response) error {
	err := d.errorf("server answers %.80s", resp.Status)
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

// errRedirect is a redirection that is not followed.
var errRedirect = errors.New("refused to follow a redirection")

// checkRedirect is for an http.Client: it lets nobody lead from https to http,
// from the web to elsewhere, or in circles.
func checkRedirect(req *http.Request, via []*http.Request) error {
	from := via[len(via)-1].URL
	switch {
	case req.URL.Scheme != "https" && (req.URL.Scheme != "http" || from.Scheme != "http"):
		return fmt.Errorf("%w from %s to %.200s", errRedirect, from.Scheme, req.URL.Redacted())
	case len(via) >= 10:
		return fmt.Errorf("%w after 10 of them", errRedirect)
	}
	return nil
}

// receiver puts an answer into the part. Where the answer covers what the part
// has, the two are compared, and the part is overwritten only from where they
// differ: a server without ranges that is cut again and again costs nothing
// that has come, and neither does an answer that is no archive at all.
type receiver struct {
	d     *downloader
	ctx   context.Context
	f     *os.File
	from  int64 // where the answer began
	at    int64 // where the next byte of the answer belongs
	have  int64 // how many bytes f has
	state state // to be saved once f has nothing but this answer; zero: saved
	alive func()
	old   []byte
}

// receive reads the answer to its end. The error is nil when f is complete.
func (r *receiver) receive(body io.Reader) error {
	r.from = r.at
	buf := make([]byte, 1<<17)
	var fresh int64 // since the last sign of life
	for {
		if r.ctx.Err() != nil { // what has been received by then can take a while
			return retry{r.d.errorf("%w", context.Cause(r.ctx)), 0}
		}
		n, err := body.Read(buf)
		if fresh += int64(n); fresh >= r.d.slow {
			r.alive()
			fresh = 0
		}
		if n > 0 {
			if err := r.put(buf[:n]); err != nil {
				return err
			}
		}
		switch {
		case err != nil && r.have == r.d.size && r.at == r.d.size:
			return nil // the sum tells whether all is well
		case err == io.EOF:
			return retry{r.d.errorf("the answer ended after %d of %d bytes", r.at, r.d.size), 0}
		case err != nil:
			if cause := context.Cause(r.ctx); cause != nil {
				err = cause
			}
			return retry{r.d.errorf("%w", err), 0}
		}
	}
}

// put compares or writes the next bytes of the answer.
func (r *receiver) put(p []byte) error {
	if int64(len(p)) > r.d.size-r.at {
		return r.d.errorf("server sends more than the %d bytes expected: not the published archive", r.d.size)
	}
	if magic := "\x1f\x8b"; r.at == 0 && !strings.HasPrefix(magic, string(p[:min(len(p), 2)])) {
		return r.d.errorf("server sends no .tar.gz archive: it begins with %q", p[:min(len(p), 16)])
	}
	if n := min(int64(len(p)), r.have-r.at); n > 0 {
		if r.old == nil {
			r.old = make([]byte, cap(p))
		}
		old := r.old[:n]
		if _, err := r.f.ReadAt(old, r.at); err != nil {
			return err
		}
		same := int64(equalPrefix(old, p))
		if r.at += same; same < n {
			if err := r.f.Truncate(r.at); err != nil {
				return err
			}
			r.have = r.at
		}
		p = p[same:]
	}
	if r.at < r.have {
		return nil
	}
	if r.state != (state{}) {
		if err := r.state.save(r.d.statePath()); err != nil {
			return err
		}
		r.state = state{}
	}
	n, err := r.f.WriteAt(p, r.at)
	r.at += int64(n)
	r.have = max(r.have, r.at)
	r.d.seen(r.have)
	return err
}

// equalPrefix returns how many bytes a and b, which is no shorter, begin with
// in common.
func equalPrefix(a, b []byte) int {
	if bytes.Equal(a, b[:len(a)]) {
		return len(a)
	}
	n := 0
	for a[n] == b[n] {
		n++
	}
	return n
}
