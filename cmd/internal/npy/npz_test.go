package npy

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

// Archives that numpy.savez and savez_compressed wrote.
func TestArchives(t *testing.T) {
	for path, want := range map[string]string{
		"one.npz": "[3 4] -2.75", "deflated.npz": "[3 4] -2.75", "one.npz:features": "[3 4] -2.75",
		"two.npz:x": "[3 4] -2.75", "two.npz:y": "[3] -3", "two_deflated.npz:y": "[3] -3", "two_deflated.npz:x": "[3 4] -2.75",
		"two.npz":          "error the archive holds 2 arrays, x, y: say which, as FILE.npz:x",
		"two.npz:z":        `error no array "z" in the archive, but x, y`,
		"one.npz:x":        `error no array "x" in the archive, but features`,
		"absent.npz":       "error absent.npz",
		"float64_3x4.npy ": "error ",
	} {
		file, name, _ := strings.Cut(golden.Path(t, "npy", path), ":")
		a, err := LoadArchive(t.Context(), file, name)
		if message, refused := strings.CutPrefix(want, "error "); refused {
			if err == nil || !strings.Contains(err.Error(), message) || !strings.Contains(err.Error(), file) {
				t.Errorf("%s: error %v, want one with %q", path, err, message)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if got := fmt.Sprint(a.Shape, a.Float64s()[0]); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

// archive is a .npz file of the given entries.
func archive(t testing.TB, entries map[string]string, method uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	names := make([]string, 0, len(entries))
	for name := range entries {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(entries[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zeros is a .npy file of n bytes.
func zeros(n int) string {
	header := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (%d,), }", n)
	return "\x93NUMPY\x01\x00" + string([]byte{byte(len(header)), 0}) + header + strings.Repeat("\x00", n)
}

func TestHostileArchives(t *testing.T) {
	const limit = 1 << 20
	stored := archive(t, map[string]string{"x.npy": zeros(100)}, zip.Store)
	bent := bytes.Clone(stored)
	bent[bytes.Index(bent, []byte("(100,)"))+20]++ // a byte of the data
	many := map[string]string{}
	for i := range 2000 {
		many[fmt.Sprintf("%0100d.npy", i)] = ""
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"no zip":    {[]byte("PK\x03\x04 and nothing else"), "not a valid zip"},
		"cut":       {stored[:len(stored)-30], "not a valid zip"},
		"no array":  {archive(t, map[string]string{"readme.txt": "x"}, zip.Store), "holds no array"},
		"no npy":    {archive(t, map[string]string{"x.npy": "text"}, zip.Store), "x.npy: npy: no NumPy array"},
		"bent":      {bent, "x.npy"},
		"bomb":      {archive(t, map[string]string{"x.npy": zeros(2 << 20)}, zip.Deflate), "more than 1048576"},
		"directory": {archive(t, many, zip.Store), "directory takes more than"},
	} {
		var err error
		promise.Keep(t, len(c.file), 0, func() { _, err = readArchive(bytes.NewReader(c.file), int64(len(c.file)), "", limit) })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
	// Much that unpacks from little, but is there.
	whole := archive(t, map[string]string{"x.npy": zeros(limit - 200)}, zip.Deflate)
	if a, err := readArchive(bytes.NewReader(whole), int64(len(whole)), "", limit); err != nil || a.Len() != limit-200 {
		t.Errorf("a compressed array: error %v", err)
	}
	// What says more than is there gets no memory for it.
	i := bytes.LastIndex(whole, []byte("PK\x01\x02"))
	lying := bytes.Clone(whole)
	lying[i+24+3] = 0x3f // the length, to nearly a gigabyte
	var err error
	promise.Keep(t, len(lying), 0, func() { _, err = readArchive(bytes.NewReader(lying), int64(len(lying)), "", 1<<40) })
	if err == nil {
		t.Error("an archive that lies was read")
	}
}

func FuzzArchive(f *testing.F) {
	for _, name := range []string{"one", "deflated", "two", "two_deflated"} {
		b, err := os.ReadFile(golden.Path(f, "npy", name+".npz"))
		if err != nil {
			f.Fatal(err)
		}
		for _, array := range []string{"", "x", "features"} {
			f.Add(b, array)
		}
		for _, n := range []int{4, 30, 100, len(b) / 2, len(b) - 22, len(b) - 1} {
			f.Add(b[:n], "")
			bent := bytes.Clone(b)
			bent[n] ^= 0x1f
			f.Add(bent, "")
		}
	}
	const limit = 1 << 16
	f.Fuzz(func(t *testing.T, b []byte, name string) {
		promise.Keep(t, len(b), 2*limit, func() {
			a, err := readArchive(bytes.NewReader(b), int64(len(b)), name, limit)
			if err == nil && len(a.Float64s()) != a.Len() {
				t.Errorf("%d elements of shape %v", len(a.Float64s()), a.Shape)
			}
		})
	})
}
