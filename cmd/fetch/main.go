// Command fetch downloads the data sets that the other programs read. See -h.
package main

import (
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
)

func main() { cli.Main("fetch", run) }

// fetcher brings one data set into a folder.
type fetcher struct {
	set            *set
	dir            string
	url            string
	keep, verify   bool
	client         *http.Client
	stdout, stderr io.Writer
	sleep          func(ctx context.Context, d time.Duration) error
	now            func() time.Time
	free           func(dir string) (uint64, error)
}

// run is the program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f, err := parse(args, stdout)
	if err != nil {
		return err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true
	transport.ResponseHeaderTimeout = time.Minute
	f.client = &http.Client{Transport: transport}
	f.stdout, f.stderr = stdout, stderr
	f.sleep, f.now, f.free = sleep, time.Now, freeSpace
	return f.run(ctx)
}

// parse reads the command line. The name may stand before or after the flags.
func parse(args []string, stdout io.Writer) (*fetcher, error) {
	f := &fetcher{}
	flags := flag.NewFlagSet("fetch", flag.ContinueOnError)
	flags.StringVar(&f.dir, "dir", ".", "`folder` that gets the data set's folder")
	flags.StringVar(&f.url, "url", "", "`address` of the same archive on another server")
	flags.BoolVar(&f.keep, "keep", false, "keep the archive")
	flags.BoolVar(&f.verify, "verify", false, "check data that is already there: sizes, labels and published MD5 sums")
	help := func(w io.Writer) {
		fmt.Fprint(w, `fetch downloads a data set, checks it and unpacks it. Run again after an
interruption it goes on where it was; with the data in place it does nothing.

  fetch cifar10            CIFAR-10, binary version, 162 MB: cifar-10-batches-bin
  fetch cifar100           CIFAR-100, binary version, 161 MB: cifar-100-binary
  fetch -dir data stl10    STL-10, 2.6 GB: data/stl10_binary
  fetch -verify cifar10    checks what is there
`)
		cli.PrintFlags(w, flags, "Flags", "dir", "url", "keep", "verify")
		fmt.Fprint(w, `
Exit status: 0, 1 after an error, 2 after an error in the command line, 130 after
Ctrl-C.
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
	if f.url == "" {
		f.url = f.set.url
	} else if u, err := url.Parse(f.url); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, cli.Usagef("-url %s: want an http or https address", f.url)
	}
	return f, nil
}

// run leaves the complete data set, or the partial download to go on from.
func (f *fetcher) run(ctx context.Context) error {
	target := filepath.Join(f.dir, f.set.folder)
	err := f.set.complete(target)
	switch {
	case err == nil && f.verify:
		return f.verifyData(ctx, target)
	case err == nil:
		fmt.Fprintf(f.stdout, "%s is already in %s: nothing to do (-verify checks it)\n", f.set.title, target)
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w; move the folder away to fetch %s again", err, f.set.title)
	case f.verify:
		return fmt.Errorf("-verify: %w", err)
	}
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return err
	}
	archive := filepath.Join(f.dir, f.set.archive)
	own := false // whether the archive is a download of ours
	if info, err := os.Stat(archive); err == nil && info.Size() == f.set.size {
		sum, err := sumFile(ctx, archive)
		if err != nil {
			return err
		}
		if sum != f.set.md5 {
			return fmt.Errorf("%s: MD5 sum is %s, expected %s: move it away to download it again", archive, sum, f.set.md5)
		}
	} else {
		d := f.downloader(archive + ".part")
		own = true
		if err := f.checkSpace(d.part); err != nil {
			return err
		}
		if err := f.download(ctx, d); err != nil {
			return err
		}
		archive = d.part
	}
	if err := f.unpack(ctx, archive, target); err != nil {
		return err
	}
	if own {
		if err := f.tidy(archive); err != nil {
			return err
		}
	}
	fmt.Fprintf(f.stdout, "%s is in %s\n", f.set.title, target)
	return nil
}

func (f *fetcher) downloader(part string) *downloader {
	return &downloader{
		client: f.client, url: f.url, part: part, size: f.set.size, md5: f.set.md5,
		stall: time.Minute, sleep: f.sleep, now: f.now, seen: func(int64) {},
		warn: func(text string) { fmt.Fprintf(f.stderr, "fetch: %s\n", text) },
	}
}

// download runs d under a progress bar.
func (f *fetcher) download(ctx context.Context, d *downloader) error {
	bar := cli.NewBytesProgress(f.stderr, d.size, f.set.archive)
	defer bar.Done()
	d.seen = bar.Set
	return d.run(ctx)
}

// checkSpace returns an error when the disk cannot take the rest of the
// archive and what is in it.
func (f *fetcher) checkSpace(part string) error {
	free, err := f.free(f.dir)
	if err != nil {
		return err
	}
	need := f.set.size + f.set.unpacked()
	if info, err := os.Stat(part); err == nil {
		need -= min(info.Size(), f.set.size)
	}
	if free < uint64(need) {
		return fmt.Errorf("%s: %d MB free, %s needs %d MB more", f.dir, free/1e6, f.set.title, (need+999999)/1e6)
	}
	return nil
}

// unpack extracts the archive into a folder beside target that becomes target
// once it is complete.
func (f *fetcher) unpack(ctx context.Context, archive, target string) (err error) {
	r, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer r.Close()
	temp := filepath.Join(f.dir, "."+f.set.folder+".tmp")
	if err := os.RemoveAll(temp); err != nil { // of a run that was killed
		return err
	}
	if err := os.Mkdir(temp, 0o755); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(temp))
		}
	}()
	bar := cli.NewBytesProgress(f.stderr, f.set.size, "unpacking")
	defer bar.Done()
	if err := f.set.extract(ctx, &counter{r: r, seen: bar.Set}, temp); err != nil {
		return fmt.Errorf("%s: %w", archive, err)
	}
	if err := f.set.check(temp, false); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return os.Rename(temp, target)
}

// tidy removes what the download left, but for the archive with -keep.
func (f *fetcher) tidy(part string) error {
	if f.keep {
		if err := os.Rename(part, strings.TrimSuffix(part, ".part")); err != nil {
			return err
		}
	}
	return f.downloader(part).discard()
}

// verifyData checks the members' sums where they are published, and reads
// every sample. The sizes have been checked.
func (f *fetcher) verifyData(ctx context.Context, dir string) error {
	sums := 0
	for _, m := range f.set.members {
		if m.md5 == "" {
			continue
		}
		name := filepath.Join(dir, m.name)
		sum, err := sumFile(ctx, name)
		if err != nil {
			return err
		}
		if sum != m.md5 {
			return fmt.Errorf("%s: MD5 sum is %s, expected %s", name, sum, m.md5)
		}
		sums++
	}
	if err := f.set.check(dir, sums == 0); err != nil {
		return err
	}
	fmt.Fprintf(f.stdout, "%s in %s: sizes and labels of %d files are right, and %d published MD5 sums\n", f.set.title, dir, len(f.set.members), sums)
	return nil
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
