package pca_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/promise"
	"github.com/glimpse-go/glimpse/pca"
)

// Whatever Read accepts can be used and written again.
func FuzzRead(f *testing.F) {
	good := saved(f)
	f.Add(good)
	// Cut and bent where a field, a value or a text begins or ends.
	for i, c := range good {
		if !bytes.ContainsRune([]byte("{}:,\""), rune(c)) {
			continue
		}
		bent := bytes.Clone(good)
		bent[i] ^= 0x10
		f.Add(good[:i])
		f.Add(bent)
		f.Add(slices.Concat(good[:i], good[i+1:]))
	}
	f.Add([]byte(`{"format":"glimpse-pca","version":1,"samples":2,"features":1,"kept":1,"mean":"AAAAAAAA8D8="}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var m *pca.Model
		var err error
		promise.Keep(t, len(data), 0, func() { m, err = pca.Read(bytes.NewReader(data)) })
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := m.Write(&b); err != nil {
			t.Fatal(err)
		}
		again, err := pca.Read(&b)
		if err != nil {
			t.Fatal(err)
		}
		if d := sameModel(t, again, m); d != 0 {
			t.Errorf("differs by %g", d)
		}
		_, d := m.Components.Dims()
		// Any finite model may overflow, but not panic.
		_, _ = m.Transform(t.Context(), random("fuzz", 2, d))
	})
}
