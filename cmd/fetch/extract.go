package main

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/glimpse-go/glimpse/internal/ctxio"
)

// What an archive may hold beside its members: slack bytes in all, such as a
// readme, and headerRoom bytes of headers. More is taken for a bomb. Tar's
// headers can be long, and many, and have to be held in memory; those of the
// data sets take 10 KB at most.
const (
	slack      = 16 << 20
	headerRoom = 32 << 10
)

var (
	errTooLarge = errors.New("unpacks to more than the data set")
	errHeaders  = errors.New("has more headers than the data set")
)

// extract unpacks the members of s from the .tar.gz r into dir, an empty
// folder. Other files are skipped. It is an error, which leaves in dir what is
// there by then, when a member is missing, comes twice or has another size, or
// when the archive is damaged, goes on after its end, unpacks to far more than
// the members, or has an entry that no data set has: a name that is absolute
// or leads out of the folder, a link, a device, a file with holes.
func (s *set) extract(ctx context.Context, r io.Reader, dir string) error {
	return s.walk(ctx, r, func(m *member, r io.Reader, size int64) error {
		return writeMember(filepath.Join(dir, m.name), r, size)
	})
}

// walk is extract with another use of the members.
func (s *set) walk(ctx context.Context, r io.Reader, use func(m *member, r io.Reader, size int64) error) error {
	zipped, err := gzip.NewReader(bufio.NewReaderSize(r, 1<<16))
	if err != nil {
		return err
	}
	plain := &bounded{ctxio.Reader(ctx, zipped), s.unpacked() + slack, errTooLarge}
	// The tar reader reads headers through the outer bound, and the files,
	// which are always read to their end here, past it.
	headers := &bounded{plain, headerRoom, errHeaders}
	entries := tar.NewReader(headers)
	found := map[string]bool{}
	for {
		h, err := entries.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		m, err := s.entry(h)
		if err != nil {
			return err
		}
		left := headers.n
		headers.n = math.MaxInt64 - 1
		if m == nil {
			_, err = io.Copy(io.Discard, entries)
		} else if found[m.name] {
			err = fmt.Errorf("%.100q comes twice", h.Name)
		} else {
			found[m.name] = true
			err = use(m, entries, h.Size)
		}
		if err != nil {
			return err
		}
		headers.n = left
	}
	// What follows tar's end still counts for gzip's checksum.
	if _, err := io.Copy(io.Discard, plain); err != nil {
		return err
	}
	for _, m := range s.members {
		if !found[m.name] {
			return fmt.Errorf("lacks %s/%s", s.folder, m.name)
		}
	}
	return nil
}

// entry returns the member that an entry of the archive is, and nil for one to
// be skipped.
func (s *set) entry(h *tar.Header) (*member, error) {
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeDir:
	case tar.TypeXGlobalHeader:
		return nil, nil
	default:
		return nil, fmt.Errorf("%.100q is a link, a device or of another kind (type %q) that the data set does not have", h.Name, h.Typeflag)
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return nil, fmt.Errorf("%.100q has holes", h.Name)
		}
	}
	name := strings.TrimPrefix(h.Name, "./")
	if name = strings.TrimSuffix(name, "/"); name == "" {
		name = "." // the folder itself
	}
	if !filepath.IsLocal(name) || strings.ContainsAny(name, `\:`) || path.Clean(name) != name {
		return nil, fmt.Errorf("%.100q is not a plain name inside the archive's folder", h.Name)
	}
	for i, m := range s.members {
		if name != s.folder+"/"+m.name {
			continue
		}
		if h.Typeflag != tar.TypeReg {
			return nil, fmt.Errorf("%.100q is a folder, expected a file", h.Name)
		}
		return &s.members[i], m.fits(h.Size)
	}
	return nil, nil
}

// writeMember writes a new file of n bytes.
func writeMember(name string, r io.Reader, n int64) (err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	got, err := io.Copy(f, r)
	if err != nil {
		return err
	}
	if got != n {
		return fmt.Errorf("%s: %d bytes, expected %d", filepath.Base(name), got, n)
	}
	return f.Sync()
}

// bounded reads at most n bytes of r and then fails with err.
type bounded struct {
	r   io.Reader
	n   int64
	err error
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.n+1 {
		p = p[:b.n+1]
	}
	n, err := b.r.Read(p)
	if b.n -= int64(n); b.n < 0 {
		return 0, b.err
	}
	return n, err
}
