package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"runtime"
	"testing"
)

// A data set eight times as large takes no more memory: everything streams.
// Measured is all that is allocated, by the server too.
func TestMemoryDoesNotGrow(t *testing.T) {
	allocated := func(mb int) uint64 {
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.NoCompression)
		if err != nil {
			t.Fatal(err)
		}
		w := tar.NewWriter(z)
		s := toySet(nil)
		s.members = []member{{name: "a.bin", size: int64(mb) << 20}}
		err = w.WriteHeader(&tar.Header{Name: "toy/a.bin", Mode: 0o644, Size: s.members[0].size, Typeflag: tar.TypeReg})
		block := noise(1 << 20)
		for range mb {
			_, err2 := w.Write(block)
			err = errors.Join(err, err2)
		}
		if err := errors.Join(err, w.Close(), z.Close()); err != nil {
			t.Fatal(err)
		}
		archive := b.Bytes()
		whole := toySet(archive)
		s.size, s.md5 = whole.size, whole.md5
		server := serve(t, func(i int, w http.ResponseWriter, r *http.Request) {
			if i == 0 { // resuming is a part of it
				cut(w, r, archive, len(archive)/2)
			}
			content(w, r, archive, `"v1"`)
		})
		f, _ := testFetcher(t, s, server.URL, nil)
		f.keep = true
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err = f.run(t.Context())
		f.verify = true
		err = errors.Join(err, f.run(t.Context()))
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatal(err)
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	allocated(1) // what the first use of a package takes
	small, large := allocated(2), allocated(16)
	if large > small+1<<20 {
		t.Errorf("%d bytes for 2 MiB, %d for 16 MiB", small, large)
	}
	t.Logf("%d bytes for 2 MiB, %d for 16 MiB", small, large)
}
