// Command fetch downloads the data sets that the other programs read. See -h.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/internal/visible"
)

func main() { cli.Main("fetch", run) }

// fetcher brings one data set into a folder.
type fetcher struct {
	set            *set
	dir            string
	url            *url.URL
	keep, verify   bool
	client         *http.Client
	stdout, stderr io.Writer
	sleep          func(ctx context.Context, d time.Duration) error
	now            func() time.Time
	free           func(dir string) (uint64, error)
	stall          time.Duration // an answer with less than 64 KiB in this time is cut
}

// run is the program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f, err := parse(args, stdout)
	if err != nil {
		return err
	}
	f.client = newClient()
	f.stdout, f.stderr = stdout, stderr
	f.sleep, f.now, f.free, f.stall = sleep, time.Now, freeSpace, time.Minute
	return f.run(ctx)
}

// newClient returns a client that takes archives as they are stored.
func newClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true
	transport.ResponseHeaderTimeout = time.Minute
	return &http.Client{Transport: transport, CheckRedirect: checkRedirect}
}

// parse reads the command line. The name may stand before or after the flags.
func parse(args []string, stdout io.Writer) (*fetcher, error) {
	f := &fetcher{}
	flags := flag.NewFlagSet("fetch", flag.ContinueOnError)
	flags.StringVar(&f.dir, "dir", ".", "`folder` that gets the data set's folder")
	var address string
	flags.StringVar(&address, "url", "", "`address` of the same archive on another server")
	flags.BoolVar(&f.keep, "keep", false, "keep the archive, against which -verify can compare every byte")
	flags.BoolVar(&f.verify, "verify", false, "check data that is already there: sizes, labels and published MD5 sums")
	help := func(w io.Writer) {
		fmt.Fprint(w, `fetch downloads a data set, checks it and unpacks it. Run again after an
interruption it goes on where it was; with the data in place it does nothing.

  fetch cifar10            CIFAR-10, binary version, 170 MB: cifar-10-batches-bin
  fetch cifar100           CIFAR-100, binary version, 169 MB: cifar-100-binary
  fetch -dir data stl10    STL-10, 2.6 GB: data/stl10_binary
  fetch -verify cifar10    checks what is there

Until the data set is complete, all that has come is in a folder beside it, whose
name ends in .part.
`)
		cli.PrintFlags(w, flags, "Flags", "dir", "url", "keep", "verify", "version")
		fmt.Fprint(w, `
Exit status: 0, 1 after an error, 2 after an error in the command line, 130 after
Ctrl-C, 143 after SIGTERM.
`)
	}
	var name string
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	if err := cli.Parse(flags, args, help, stdout); err != nil {
		return nil, err
	}
	rest := flags.Args()
	if name == "" && len(rest) > 0 {
		name, rest = rest[0], rest[1:]
	}
	if len(rest) > 0 {
		return nil, cli.Usagef("unexpected argument %q: one data set, and the flags all before it or all after it", rest[0])
	}
	var err error
	if f.set, err = find(name); err != nil {
		return nil, cli.Usagef("%v", err)
	}
	f.url, err = url.Parse(cmp.Or(address, f.set.url))
	if err != nil || f.url.Scheme != "http" && f.url.Scheme != "https" || f.url.Host == "" {
		return nil, cli.Usagef("-url %s: want an http or https address", address)
	}
	return f, nil
}

// run leaves the complete data set, or the partial download to go on from.
func (f *fetcher) run(ctx context.Context) error {
	target := filepath.Join(f.dir, f.set.folder)
	there, err := f.there(target)
	switch {
	case err != nil:
		return err
	case there && f.verify:
		return f.verifyData(ctx, target)
	case f.verify:
		return fmt.Errorf("-verify: %s: there is no %s", target, f.set.title)
	}
	workDir := f.archive() + ".part"
	if there {
		if _, err := os.Lstat(workDir); err == nil {
			// Of a run that was killed with its work done. Or another is at work.
			if w, err := openWork(workDir); err == nil {
				if err := w.remove(); err != nil {
					return err
				}
			}
		}
		return f.say("%s is already in %s: nothing to do (-verify checks it)", f.set.title, target)
	}
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return err
	}
	w, err := openWork(workDir)
	if err != nil {
		return err
	}
	if err := f.fetch(ctx, w, target); err != nil {
		err = errors.Join(err, w.close())
		if _, err2 := os.Stat(w.part()); err2 == nil && ctx.Err() != nil {
			cli.Line(f.stderr, "fetch: what has come is kept in %s; the same command goes on from there", w.dir)
		}
		return err
	}
	if err := w.remove(); err != nil {
		return err
	}
	return f.say("%s is in %s", f.set.title, target)
}

// there tells whether the data set is in its folder. A folder that holds
// something else is the user's, and an error.
func (f *fetcher) there(target string) (bool, error) {
	if _, err := os.Lstat(target); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err := f.set.complete(target); err != nil {
		return false, fmt.Errorf("%w; move the folder away to fetch %s again", err, f.set.title)
	}
	return true, nil
}

// archive is the path of the archive, where -keep leaves it and a user may
// have put it.
func (f *fetcher) archive() string { return filepath.Join(f.dir, f.set.archive) }

// say prints a line of what was done.
func (f *fetcher) say(format string, args ...any) error {
	_, err := fmt.Fprintln(f.stdout, visible.Text(fmt.Sprintf(format, args...)))
	return err
}

// fetch downloads the archive into the folder w, unless the user has it
// already, and unpacks it.
func (f *fetcher) fetch(ctx context.Context, w *work, target string) error {
	if there, err := f.there(target); err != nil || there { // done by another fetch meanwhile
		return err
	}
	if err := os.RemoveAll(w.unpacked()); err != nil { // of a run that was killed
		return err
	}
	archive := f.archive()
	if _, err := os.Lstat(archive); err == nil {
		if err := f.checkArchive(ctx, archive); err != nil {
			return err
		}
		if err := f.checkSpace(f.set.unpacked()); err != nil {
			return err
		}
	} else {
		d := f.downloader(w)
		need := f.set.size + f.set.unpacked()
		if info, err := os.Stat(d.part); err == nil {
			need -= min(info.Size(), f.set.size)
		}
		if err := f.checkSpace(need); err != nil {
			return err
		}
		if err := f.download(ctx, d); err != nil {
			return err
		}
		if f.keep {
			if err := os.Rename(d.part, archive); err != nil {
				return err
			}
		} else {
			archive = d.part
		}
	}
	return f.unpack(ctx, archive, w.unpacked(), target)
}

// checkArchive returns an error when a file that is there under the archive's
// name is not the published one.
func (f *fetcher) checkArchive(ctx context.Context, archive string) error {
	info, err := os.Stat(archive)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() != f.set.size {
		return fmt.Errorf("%s: %d bytes, expected a file of %d: move it away to download it again", archive, info.Size(), f.set.size)
	}
	sum, err := sumFile(ctx, archive)
	if err != nil {
		return err
	}
	if sum != f.set.md5 {
		return fmt.Errorf("%s: MD5 sum is %s, expected %s: move it away to download it again", archive, sum, f.set.md5)
	}
	return nil
}

func (f *fetcher) downloader(w *work) *downloader {
	return &downloader{
		client: f.client, url: f.url, part: w.part(), size: f.set.size, md5: f.set.md5,
		stall: f.stall, slow: 1 << 16, sleep: f.sleep, now: f.now, seen: func(int64) {},
		warn: func(text string) { cli.Line(f.stderr, "fetch: %s", text) },
	}
}

// download runs d under a progress bar.
func (f *fetcher) download(ctx context.Context, d *downloader) error {
	verb := "downloading"
	if info, err := os.Stat(d.part); err == nil && info.Size() > 0 {
		verb = fmt.Sprintf("going on after %d MB of", info.Size()/1e6)
	}
	cli.Line(f.stderr, "fetch: %s %s (%d MB)", verb, d.url.Redacted(), (d.size+500000)/1e6)
	bar := cli.NewBytesProgress(f.stderr, d.size, f.set.archive)
	defer bar.Done()
	d.seen = bar.Set
	warn := d.warn
	d.warn = func(text string) {
		bar.Hide()
		warn(text)
	}
	return d.run(ctx)
}

// checkSpace returns an error when the disk cannot take need bytes more.
func (f *fetcher) checkSpace(need int64) error {
	free, err := f.free(f.dir)
	if err != nil {
		return err
	}
	if free < uint64(need) {
		return fmt.Errorf("%s: %d MB free, %s needs %d MB more", f.dir, free/1e6, f.set.title, (need+999999)/1e6)
	}
	return nil
}

// unpack extracts the archive into the new folder temp, which becomes target
// once it is complete.
func (f *fetcher) unpack(ctx context.Context, archive, temp, target string) error {
	r, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := os.Mkdir(temp, 0o755); err != nil {
		return err
	}
	bar := cli.NewBytesProgress(f.stderr, f.set.size, "unpacking")
	defer bar.Done()
	if err := f.set.extract(ctx, &counter{r: r, seen: bar.Set}, temp); err != nil {
		return fmt.Errorf("%s: %w", archive, err)
	}
	if err := f.set.check(ctx, temp, false); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return os.Rename(temp, target)
}

// verifyData reads every sample, and compares the members with the sums that
// are published for them and with the archive, as far as there are any. The
// sizes have been checked.
func (f *fetcher) verifyData(ctx context.Context, dir string) error {
	against := "there are no published MD5 sums of the files (with the archive beside it, as -keep leaves it, every byte is compared)"
	sums := map[string]string{}
	if _, err := os.Lstat(f.archive()); err == nil {
		if err := f.checkArchive(ctx, f.archive()); err != nil {
			return err
		}
		if sums, err = f.archiveSums(ctx); err != nil {
			return fmt.Errorf("%s: %w", f.archive(), err)
		}
		against = "every file equals that in " + f.archive()
	} else {
		for _, m := range f.set.members {
			if m.md5 != "" {
				sums[m.name] = m.md5
			}
		}
		if len(sums) > 0 {
			against = fmt.Sprintf("%d files have their published MD5 sums", len(sums))
		}
	}
	for _, m := range f.set.members {
		want, ok := sums[m.name]
		if !ok {
			continue
		}
		name := filepath.Join(dir, m.name)
		sum, err := sumFile(ctx, name)
		if err != nil {
			return err
		}
		if sum != want {
			return fmt.Errorf("%s: MD5 sum is %s, expected %s", name, sum, want)
		}
	}
	if err := f.set.check(ctx, dir, len(sums) == 0); err != nil {
		return err
	}
	return f.say("%s in %s: sizes and labels of %d files are right; %s", f.set.title, dir, len(f.set.members), against)
}

// archiveSums returns the MD5 sums of the members in the archive.
func (f *fetcher) archiveSums(ctx context.Context) (map[string]string, error) {
	r, err := os.Open(f.archive())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	sums := map[string]string{}
	return sums, f.set.walk(ctx, r, func(m *member, r io.Reader, _ int64) (err error) {
		sums[m.name], err = sumOf(r)
		return err
	})
}

// counter tells how much has been read.
type counter struct {
	r    io.Reader
	n    int64
	seen func(n int64)
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.seen(c.n)
	return n, err
}
