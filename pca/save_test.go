package pca_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/pca"
)

func saved(t testing.TB) []byte {
	var b bytes.Buffer
	if err := fit(t, random("save", 30, 8), pca.Options{Components: 3, Whiten: true}).Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSaveLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.json")
	m := fit(t, random("save", 30, 8), pca.Options{Components: 3, Whiten: true})
	if err := m.Save(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	got, err := pca.Load(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if d := sameModel(t, got, m); d != 0 {
		t.Errorf("the loaded model differs by %g", d)
	}
	if err := os.WriteFile(path, []byte(`{"format":"glimpse-pca","version":2}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := pca.Load(t.Context(), path); err == nil || !strings.Contains(err.Error(), "model.json") {
		t.Errorf("error %v names no file", err)
	}
	if _, err := pca.Load(t.Context(), t.TempDir()); err == nil {
		t.Error("loaded a folder")
	}
	if err := new(pca.Model).Save(t.Context(), path); err == nil {
		t.Error("saved an empty model")
	}
}

func TestReadErrors(t *testing.T) {
	good := string(saved(t))
	for _, c := range []struct{ from, to, want string }{
		{good, "", "not a saved model"},
		{good, "[]", "not a saved model"},
		{`"glimpse-pca"`, `"other"`, `format "other"`},
		{`"version":1`, `"version":7`, "version 7"},
		{`"kept":3`, `"kept":4`, "too few for 4 x 8"},
		{`"kept":3`, `"kept":9`, "9 components"},
		{`"kept":3`, `"kept":0`, "0 components"},
		{`"features":8`, `"features":7`, "mean: 64 bytes, want 7"},
		{`"features":8`, `"features":4611686018427387904`, "too few"},
		{`"samples":30`, `"samples":1`, "1 samples"},
		{`"noise_variance":`, `"noise_variance":-`, "noise variance"},
		{`"mean":"`, `"mean":"////////////////////////////////////////////////////////////////////////////////////","x":"`, "mean"},
		{`"mean":"`, `"mean":"!`, "base64"},
		{`"explained_variance":"`, `"explained_variance":"AAAAAAAA8L8AAAAAAADwPwAAAAAAAPA/","x":"`, "element 0 is -1"},
	} {
		text := strings.Replace(good, c.from, c.to, 1)
		if text == good {
			t.Errorf("%s: nothing was replaced", c.from)
		}
		if _, err := pca.Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s -> %s: error %v, want one with %q", c.from, c.to, err, c.want)
		}
	}
}
