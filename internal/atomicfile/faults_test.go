package atomicfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
	"github.com/glimpse-go/glimpse/internal/testkit/tinydisk"
)

// content returns a write function that writes so many bytes, in pieces.
func content(b byte, size int) func(io.Writer) error {
	return func(w io.Writer) error {
		for left := size; left > 0; left -= 1000 {
			if _, err := w.Write(bytes.Repeat([]byte{b}, min(left, 1000))); err != nil {
				return err
			}
		}
		return nil
	}
}

// only fails the test unless the folder holds just the named files.
func only(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		found = append(found, e.Name())
	}
	if strings.Join(found, " ") != strings.Join(names, " ") {
		t.Errorf("the folder holds %v, want %v", found, names)
	}
}

// A full disk is an error that names the file and not the temporary one,
// wherever in the write it is noticed; the earlier file stays, and a later
// write with room succeeds.
func TestFullDisk(t *testing.T) {
	dir := tinydisk.Mount(t, 256<<10)
	path := filepath.Join(dir, "out")
	if err := os.WriteFile(path, []byte("before"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1, 4096, 1 << 16, 1<<16 + 1, 200 << 10, 1 << 20} {
		filler := tinydisk.Fill(t, dir, "zfiller")
		if err := Check(path); err != nil && !errors.Is(err, syscall.ENOSPC) {
			t.Error(err)
		}
		err := Write(t.Context(), path, content('x', size))
		if !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), path+": ") || strings.Contains(err.Error(), suffix) {
			t.Errorf("%d bytes: error %v", size, err)
		}
		if got, _ := os.ReadFile(path); string(got) != "before" {
			t.Errorf("%d bytes: the old file now reads %.20q", size, got)
		}
		only(t, dir, "out", "zfiller")
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
	}
	if err := Write(t.Context(), path, content('y', 100<<10)); err != nil {
		t.Fatal(err)
	}
	only(t, dir, "out")
}

// What is no regular file is not replaced by one.
func TestTargetsThatAreNoFile(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "folder")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{
		folder:                             "it is a folder",
		dir + string(os.PathSeparator):     "it is a folder",
		filepath.Join(dir, "absent", "x"):  "no such folder",
		filepath.Join(dir, "absent") + "/": "not the name of a file",
		"":                                 "",
		filepath.Join(file, "below"):       "",
		filepath.Join(dir, strings.Repeat("n", 300)): "",
	}
	if runtime.GOOS != "windows" {
		cases[os.DevNull] = "it is not a regular file"
		link := filepath.Join(dir, "dangling")
		if err := os.Symlink(filepath.Join(dir, "nowhere"), link); err != nil {
			t.Fatal(err)
		}
		cases[link] = "a symbolic link to nothing"
	}
	before, _ := os.ReadDir(dir)
	for path, want := range cases {
		for what, err := range map[string]error{"Write": Write(t.Context(), path, content('x', 10)), "Check": Check(path)} {
			if err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), suffix) {
				t.Errorf("%s %.50q: error %v, want one with %q", what, path, err, want)
			}
		}
	}
	if after, _ := os.ReadDir(dir); len(after) != len(before) {
		t.Errorf("%d entries, %d before", len(after), len(before))
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("%s: %v, %v", os.DevNull, info, err)
	}
}

func TestPermissionsAndLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no permissions and links as on Unix")
	}
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), link, content('n', 3)); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(file); string(got) != "nnn" {
		t.Errorf("the file that the link leads to reads %q", got)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is now %v (%v)", info, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a private file became %v (%v)", info.Mode(), err)
	}
	// A new one is as any other program would make it.
	plain, ours := filepath.Join(dir, "plain"), filepath.Join(dir, "ours")
	f, err := os.Create(plain)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := Write(t.Context(), ours, content('x', 1)); err != nil {
		t.Fatal(err)
	}
	want, _ := os.Stat(plain)
	if got, err := os.Stat(ours); err != nil || got.Mode() != want.Mode() {
		t.Errorf("a new file is %v (%v), os.Create makes %v", got.Mode(), err, want.Mode())
	}
	if os.Geteuid() != 0 {
		if err := os.Chmod(ours, 0o444); err != nil {
			t.Fatal(err)
		}
		if err := Write(t.Context(), ours, content('y', 1)); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("a file that is not to be written: %v", err)
		}
	}
	only(t, dir, "file", "link", "ours", "plain")
}

// However many write the same file at once, it is whole at every moment.
func TestManyWritersOfOneFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	const size = 100_000
	whole := func() error {
		got, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if len(got) != size || len(bytes.Trim(got, string(got[:1]))) != 0 {
			return fmt.Errorf("%d bytes of several writers", len(got))
		}
		return nil
	}
	if err := Write(t.Context(), path, content('0', size)); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 5 {
				if err := Write(t.Context(), path, content(byte('a'+i), size)); err != nil && runtime.GOOS != "windows" { // where an open file cannot be replaced
					t.Error(err)
				}
				if err := whole(); err != nil && runtime.GOOS != "windows" {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := whole(); err != nil {
		t.Error(err)
	}
	only(t, dir, "out")
}

// What a killed program left is swept up once it is surely abandoned, and
// nothing else is.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	old, young := time.Now().Add(-2*abandoned), time.Now()
	for name, at := range map[string]time.Time{
		".a.png.glimpse-123.tmp": old, // the only one to go
		".b.png.glimpse-123.tmp": young,
		".c.png.123.tmp":         old,
		"d.glimpse-1.tmp":        old,
		".e.glimpse-1.tmpx":      old,
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := Write(t.Context(), filepath.Join(dir, "z"), content('z', 1)); err != nil {
		t.Fatal(err)
	}
	only(t, dir, ".b.png.glimpse-123.tmp", ".c.png.123.tmp", ".e.glimpse-1.tmpx", "d.glimpse-1.tmp", "z")
}

// The end of a context is a write error: the earlier file stays.
func TestWriteStops(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	if err := os.WriteFile(path, []byte("before"), 0o644); err != nil {
		t.Fatal(err)
	}
	looks := countdown.Stops(t, "WriteContext", 20, 0, func(ctx context.Context) error {
		err := Write(ctx, path, content('x', 1<<20))
		if got, _ := os.ReadFile(path); err != nil && string(got) != "before" {
			t.Errorf("after %v the old file reads %.20q", err, got)
		}
		os.WriteFile(path, []byte("before"), 0o644)
		only(t, dir, "out")
		return err
	})
	if looks < 16 {
		t.Errorf("%d looks at the context in a MiB", looks)
	}
}

// A file that another program puts in place meanwhile is not taken for a
// symbolic link that leads nowhere.
func TestAppearsMeanwhile(t *testing.T) {
	dir := t.TempDir()
	path, aside := filepath.Join(dir, "out"), filepath.Join(dir, "aside")
	if err := os.WriteFile(aside, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				os.Rename(aside, path)
				os.Rename(path, aside)
			}
		}
	}()
	defer func() { close(stop); <-stopped }()
	for range 5000 {
		// That it vanishes while it is looked at is another matter.
		if err := Check(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}
