package data

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"image/color"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

// zipBytes packs files, whose names may be anything.
func zipBytes(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err == nil {
			_, err = f.Write(files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tarHeaders packs headers with their contents, in turn.
func tarHeaders(t testing.TB, headers []*tar.Header, contents map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		h.Size = int64(len(contents[h.Name]))
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(contents[h.Name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarBytes(t testing.TB, files map[string][]byte) []byte {
	var headers []*tar.Header
	for _, name := range slices.Sorted(maps.Keys(files)) {
		headers = append(headers, &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644})
	}
	return tarHeaders(t, headers, files)
}

func gzipped(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// file writes a file in a folder of its own.
func file(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every kind of data set is the same in a folder and in an archive of that folder,
// packed with the folder or without, whatever the archive is called. Nothing is
// left behind, also while it is open.
func TestArchives(t *testing.T) {
	scratch := t.TempDir()
	for _, name := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(name, scratch)
	}
	folder := map[string][]byte{
		"red/a.png": pngFile(t, 3, 2, color.RGBA{255, 0, 0, 255}), "red/deep/b.PNG": pngFile(t, 3, 2, color.Black),
		"red-ish/d.png": pngFile(t, 3, 2, color.Gray{7}), "blue/c.png": pngFile(t, 3, 2, color.RGBA{0, 0, 255, 255}), "notes.txt": []byte("no image"),
	}
	for name, c := range map[string]struct {
		files map[string][]byte
		opt   OpenOptions
	}{
		"stl10":          {stl10Files(), OpenOptions{Split: "train", Fold: 2}},
		"cifar10":        {cifarBinary(CIFAR10), OpenOptions{Split: "all", AnyCount: true}},
		"cifar10 python": {under("cifar-10-batches-py", cifarFiles(t, "cifar-10-batches-py")), OpenOptions{}},
		"images":         {folder, OpenOptions{}},
		"splits":         {map[string][]byte{"train/a/1.png": folder["red/a.png"], "test/a/2.png": folder["blue/c.png"]}, OpenOptions{Split: "all"}},
		"one split":      {under("train", folder), OpenOptions{}},
		"plain":          {map[string][]byte{"b.png": folder["red/a.png"], "a.png": folder["blue/c.png"]}, OpenOptions{}},
	} {
		dir := t.TempDir()
		write(t, dir, c.files)
		want, err := Open(t.Context(), dir, c.opt)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		wantLabels, wantPix := readAll(t, want)
		for _, files := range []map[string][]byte{c.files, under("some set", c.files), under("./a/b", c.files)} {
			packed := tarBytes(t, files)
			for kind, content := range map[string][]byte{"x.zip": zipBytes(t, files), "x.tar": packed, "x.tar.gz": gzipped(t, packed), "download": gzipped(t, packed)} {
				ds, err := Open(t.Context(), file(t, kind, content), c.opt)
				if err != nil {
					t.Errorf("%s in %s: %v", name, kind, err)
					continue
				}
				if got, want := ds.(Describer), want.(Describer); got.Format() != want.Format() || got.Split() != want.Split() || !slices.Equal(ds.Classes(), want.(Dataset).Classes()) {
					t.Errorf("%s in %s: %s %s of %q", name, kind, got.Format(), got.Split(), ds.Classes())
				}
				if left, _ := os.ReadDir(scratch); len(left) > 0 && runtime.GOOS != "windows" {
					t.Errorf("%s in %s: %v is there while it is open", name, kind, left)
				}
				if labels, pix := readAll(t, ds); !slices.Equal(labels, wantLabels) || !bytes.Equal(pix, wantPix) { // closes it
					t.Errorf("%s in %s: other samples than in the folder", name, kind)
				}
				if err := ds.Close(); err == nil {
					t.Errorf("%s in %s: the file was not closed before", name, kind)
				}
			}
		}
	}
	if left, _ := os.ReadDir(scratch); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// A tar archive that Python's tarfile made with bzip2, of cat/1.png and dog/2.png,
// white and black, of one pixel.
const bzip2Tar = "QlpoOTFBWSZTWaGGr5gAAMR/+/7WAJBAAf/At+FegGyB3sAQIEAEAAEAQABBAACJSbAA2COYTAJgBMJhNMAAAmTTQMcwmATACYTCaYAABMmmgYKqEk0yAYjIZDINGjQyaaGgepmSffdJ5LShFokCOJWeM6wrobiMAhvRwROXozuhaL62sq0IELimYmijFYXl1UYkVWi0mcHTou4G6QqokHokg2Uzi6+NHCuKjYYbka6Z2a/BpZGRlSUSSY20vMrM/m2nZmasxtEmdfTaqI5/x+zp/pO0o6W+oaklKypXFEylzSfFuSApn7de4u5IpwoSFDDV8wA="

// What GNU tar 1.34 makes of a file of holes, -cS, as --format=gnu and pax.
const (
	gnuSparseTar = "H4sIAAAAAAACA+3QQQqDQAyF4RxlTtAmnTEX8QTiorsqdgSP7+CmxRZdSAvC/y0SeAkE0jb5apf+cZff0cJTWnqx7oWJVVFvHtWji1qpLqGWPxifuRlCkKHr8tbe3vzQd9KXj7xye8v1yAH7HE4CAAAAAAAAAAAAAAAAADijGXjUOmAAKAAA"
	paxSparseTar = "H4sIAAAAAAACA+3T0QqCMBQG4F3vKXwCO2e6WRfe1l030QOMGGGUyjSQnr5VBOVFXSWJ/4ewcY6w6eHvxO9RYNL0vgb9lViTYJ2QMgmZxIT6bSOiboC7iXPTWh+OFNOkVLRab+Omtr5x8ckeKp+z7FWLMlRJqsVrtbQnl+9sO+O4Lvcy4demd/bYFBeXM6VznWVSwF+6DTDMbXMf27I4uniRKX7MdKD8c3je8886zbSIaMj8+6pqP733rd//uLHkXz4SaiTLZ1YJaZ2MDr8AAAAAAAAAAAAAAAAAAABg9K6ixGV8ACgAAA=="
)

// Names and links as people's programs write them.
func TestArchiveNames(t *testing.T) {
	white, black := pngFile(t, 1, 1, color.White), pngFile(t, 1, 1, color.Black)
	contents := map[string][]byte{"cat/1.png": white, "./dog/2.png": black, "/abs/../fox/3.png": white, "cat/1.png ": black}
	reg := func(name string) *tar.Header { return &tar.Header{Name: name, Typeflag: tar.TypeReg} }
	links := func(more ...*tar.Header) []byte {
		return tarHeaders(t, append([]*tar.Header{{Name: "cat/", Typeflag: tar.TypeDir}, reg("cat/1.png"), reg("./dog/2.png"), reg("/abs/../fox/3.png")}, more...), contents)
	}
	for _, c := range []struct {
		name    string
		archive []byte
		want    string // files, or what the error says
	}{
		{"plain", links(), "cat/1.png dog/2.png fox/3.png"},
		{"hard link", links(&tar.Header{Name: "cat/0.png", Linkname: "dog/2.png", Typeflag: tar.TypeLink}), "cat/0.png cat/1.png dog/2.png fox/3.png"},
		{"symbolic link", links(&tar.Header{Name: "cat/0.png", Linkname: "../dog/2.png", Typeflag: tar.TypeSymlink}), "cat/0.png cat/1.png dog/2.png fox/3.png"},
		{"link to nothing", links(&tar.Header{Name: "cat/0.png", Linkname: "../../etc/passwd", Typeflag: tar.TypeSymlink}), "images: cat/0.png: a link to what the archive does not hold"},
		{"link to a link", links(&tar.Header{Name: "cat/0.png", Linkname: "0b.png", Typeflag: tar.TypeSymlink}, &tar.Header{Name: "cat/0b.png", Linkname: "1.png", Typeflag: tar.TypeSymlink}), "a link to what"},
		{"link of no image", links(&tar.Header{Name: "latest", Linkname: "/nowhere", Typeflag: tar.TypeSymlink}), "cat/1.png dog/2.png fox/3.png"},
		{"link to a folder", links(&tar.Header{Name: "wolf", Linkname: "dog", Typeflag: tar.TypeSymlink}), "wolf is a link to a folder"},
		{"device", links(&tar.Header{Name: "cat/0.png", Typeflag: tar.TypeChar}, &tar.Header{Name: "cat/p.png", Typeflag: tar.TypeFifo}), "cat/1.png dog/2.png fox/3.png"},
		{"empty class", links(&tar.Header{Name: "owl/", Typeflag: tar.TypeDir}), "no image files (.jpg .jpeg .png .ppm .bmp .pgm .tif .tiff .webp) in the class folders owl"},
		{"leftovers", zipBytes(t, map[string][]byte{"set/cat/1.png": white, "set/cat/._1.png": nil, "__MACOSX/set/cat/._1.png": nil, "set/.DS_Store": nil, "set/dog/2.png": black}), "cat/1.png dog/2.png"},
		{"backslashes", zipBytes(t, map[string][]byte{`set\cat\1.png`: white, `set\dog\2.png`: black}), "cat/1.png dog/2.png"},
		{"folders", zipBytes(t, map[string][]byte{"set/": nil, "set/cat/": nil, "set/cat/1.png": white, "set/dog/": nil, "set/dog/2.png": black}), "cat/1.png dog/2.png"},
		{"no UTF-8", zipBytes(t, map[string][]byte{"cat/caf\xe9.png": white, "d\xf6g/2.png": black}), "cat/caf\xe9.png d\xf6g/2.png"},
		{"one class", zipBytes(t, map[string][]byte{"set/cat/1.png": white, "README": nil}), "1.png"},
		{"image beside a folder", zipBytes(t, map[string][]byte{"cat/1.png": white, "2.png": black}), "cat/1.png"},
	} {
		ds, err := Open(t.Context(), file(t, "x", c.archive), OpenOptions{})
		var names []string
		if err == nil {
			for i := range ds.Len() {
				var s Sample
				if s, err = ds.Sample(t.Context(), i); err != nil {
					break
				}
				names = append(names, s.Name)
			}
			ds.Close()
		}
		got := strings.Join(names, " ")
		if err != nil {
			got = err.Error()
		}
		if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	// Of two files of one name the later one counts.
	twice := append(tarBytes(t, map[string][]byte{"cat/1.png": white})[:1024], tarBytes(t, map[string][]byte{"cat/1.png": black})...)
	packed, err := base64.StdEncoding.DecodeString(bzip2Tar)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content []byte
		want    []uint8
	}{"x.tar": {twice, []uint8{0}}, "x.tar.bz2": {packed, []uint8{255, 0}}} {
		ds, err := Open(t.Context(), file(t, name, c.content), OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		_, pix := readAll(t, ds)
		var got []uint8
		for i := 0; i < len(pix); i += 3 {
			got = append(got, pix[i])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestArchiveErrors(t *testing.T) {
	png := pngFile(t, 1, 1, color.White)
	good := tarBytes(t, map[string][]byte{"cat/1.png": png})
	zipped := zipBytes(t, map[string][]byte{"cat/1.png": png})
	with := func(content []byte, change func([]byte)) []byte {
		content = slices.Clone(content)
		change(content)
		return content
	}
	central := bytes.Index(zipped, []byte("PK\x01\x02"))
	many := map[string][]byte{}
	for i := range 3000 {
		many[fmt.Sprint(i)] = nil
	}
	deep := map[string][]byte{}
	for i := range 300 {
		deep[fmt.Sprintf("%d/%s1.png", i, strings.Repeat("d/", 40))] = png
	}
	decode := func(text string) []byte {
		content, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	for _, c := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"x.tar.gz", nil, "not a data set, and no archive that can be read here"},
		{"x.tar.gz", []byte("<html>404"), `it begins with "<html>40"; unpack it`},
		{"x.tar.xz", []byte("\xfd7zXZ\x00"), "unpack it and give the folder"},
		{"x.zip", zipped[:len(zipped)-1], "zip: not a valid zip file"},
		{"x.zip", zipBytes(t, nil), "not a data set: looked for"},
		{"x.tar", good[:520], "the archive ends too early"},
		{"x.tar", good[:100], "the archive ends too early"},
		{"x.tar", bytes.Repeat([]byte{0}, 1024), "not a data set: looked for"},
		{"x.tar.gz", gzipped(t, good)[:80], "the archive ends too early"},
		{"x.tar.gz", with(gzipped(t, good), func(b []byte) { b[len(b)-5] ^= 1 }), "gzip: invalid checksum"},
		{"x.gz", gzipped(t, bytes.Repeat([]byte("no tar "), 100)), "not a data set: no tar archive"},
		{"x.tgz", gzipped(t, make([]byte, 10<<20)), "it unpacks to more than 64 times its size"},
		{"x.zip", zipBytes(t, map[string][]byte{"1.png": make([]byte, 10<<20)}), "1.png: it unpacks to 10485760 bytes, more than the limit of "},
		{"x.zip", with(zipped, func(b []byte) { binary.LittleEndian.PutUint32(b[central+24:], uint32(len(png)-1)) }), "1.png: zip: not a valid zip file"},
		{"x.zip", with(zipped, func(b []byte) { binary.LittleEndian.PutUint32(b[central+24:], uint32(len(png)+1)) }), "1.png: "},
		{"x.zip", with(zipped, func(b []byte) { b[central+16] ^= 1 }), "1.png: zip: checksum error"},
		{"x.zip", with(zipped, func(b []byte) { b[central+8] |= 1 }), "1.png: it is encrypted; unpack the archive"},
		{"x.zip", with(zipped, func(b []byte) { b[central+10] = 93 }), "1.png: packed by method 93"},
		{"x.zip", with(zipped, func(b []byte) { binary.LittleEndian.PutUint32(b[central+42:], uint32(len(b)-9)) }), "1.png: unexpected EOF"},
		{"x.tar.gz", gzipped(t, tarBytes(t, many)), "more than 1"},
		{"x.zip", zipBytes(t, deep), "folders in "},
		{"x.tar", tarBytes(t, map[string][]byte{strings.Repeat("d/", 64) + "1.png": png}), "in 64 folders, want at most 1024 in 63"},
		{"x.tar", tarBytes(t, map[string][]byte{strings.Repeat("d", 1021) + ".png": png}), "a name of 1025 bytes"},
		{"x.tar.gz", decode(gnuSparseTar), "is stored with holes"},
		{"x.tar.gz", decode(paxSparseTar), "is stored with holes"},
	} {
		path := file(t, c.name, c.content)
		ds, err := Open(t.Context(), path, OpenOptions{})
		if err == nil {
			_, err = ds.Sample(t.Context(), 0)
			ds.Close()
		} else if !strings.Contains(err.Error(), c.name) {
			t.Errorf("%v does not name the archive", err)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
		if strings.HasPrefix(c.want, "not a data set") && !errors.Is(err, ErrNotDataset) {
			t.Errorf("%v is not ErrNotDataset", err)
		}
	}
}

// A list of very many files is refused before it is in memory.
func TestArchiveLongList(t *testing.T) {
	files := map[string][]byte{}
	for i := range 20000 {
		files[fmt.Sprintf("%05d", i)] = nil
	}
	for name, content := range map[string][]byte{"x.zip": zipBytes(t, files), "x.tar.gz": gzipped(t, tarBytes(t, files))} {
		path := file(t, name, content)
		promise.Keep(t, len(content), 1<<20, func() {
			if ds, err := Open(t.Context(), path, OpenOptions{}); err == nil {
				t.Errorf("%s: opened, %d samples", name, ds.Len())
			}
		})
	}
}

func TestArchiveStops(t *testing.T) {
	files := map[string][]byte{}
	for i := range 50 {
		files[fmt.Sprintf("cat/%d.png", i)] = pngFile(t, 1, 1, color.White)
	}
	packed := tarBytes(t, files)
	for name, content := range map[string][]byte{"x.zip": zipBytes(t, files), "x.tar": packed, "x.tar.gz": gzipped(t, packed)} {
		path := file(t, name, content)
		countdown.Stops(t, name, 30, 2, func(ctx context.Context) error {
			ds, err := Open(ctx, path, OpenOptions{})
			if err != nil {
				return err
			}
			return ds.Close()
		})
	}
}

// FuzzArchive opens whatever bytes as an archive, and reads what is in it.
func FuzzArchive(f *testing.F) {
	png := pngFile(f, 2, 1, color.White)
	files := map[string][]byte{"set/cat/1.png": png, "set/dog/2.png": png, "set/dog/x/3.PNG": png}
	packed := tarBytes(f, files)
	for _, content := range [][]byte{packed, zipBytes(f, files), gzipped(f, packed), zipBytes(f, under("s", cifarBinary(CIFAR10))), tarBytes(f, under("s", stl10Files()))} {
		if len(content) < 1<<16 {
			f.Add(content)
		}
	}
	f.Add(tarHeaders(f, []*tar.Header{{Name: "a/", Typeflag: tar.TypeDir}, {Name: "a/1.png", Linkname: "a/2.png", Typeflag: tar.TypeSymlink}, {Name: "a/2.png", Typeflag: tar.TypeReg}}, map[string][]byte{"a/2.png": png}))
	path := filepath.Join(f.TempDir(), "x.tar")
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		// Decoders and the inflater's tables, for each of few images.
		promise.Keep(t, len(content), 2<<20, func() {
			ds, err := Open(t.Context(), path, OpenOptions{MaxPixels: 1000, AnyCount: true})
			if err != nil {
				if !strings.Contains(err.Error(), path) && !strings.HasPrefix(err.Error(), "images: ") {
					t.Fatalf("%v does not name the archive", err)
				}
				return
			}
			defer ds.Close()
			for i := range min(ds.Len(), 4) {
				s, err := ds.Sample(t.Context(), i)
				if err == nil && (s.Label >= len(ds.Classes()) || s.Image.check() != nil) {
					t.Fatalf("sample %d: label %d of %d, %v", i, s.Label, len(ds.Classes()), s.Image.check())
				}
			}
		})
	})
}
