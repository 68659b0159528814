package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/data"
)

func TestClassNames(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, content := range map[string]string{
		"names": "cat\ndog\n", "a.json": `{"0": ["n1", "cat"], "1": ["n2", "dog"]}`, "cat,dog": "fox\nowl", "latin.txt": "caf\xe9\n", "empty.txt": "",
		"broken.json": `{"0": "cat"`, "sub/names": "cat", "long.txt": strings.Repeat("a", data.MaxClassFile+1), "full.txt": strings.Repeat("a", data.MaxClassFile),
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]string{
		"cat,dog ,fox": "cat|dog|fox", "cat": "cat", "names": "cat|dog", "a.json": "cat|dog", "./a.json": "cat|dog", "cat,dog": "fox|owl",
		"sub/names": "cat", "and/or,n/a": "and/or|n/a", "St. Bernard": "St. Bernard", "a.b": "a.b", "latin.txt": "café",
		"full.txt": strings.Repeat("a", data.MaxClassFile),
	} {
		names, note, err := classNames(text)
		if err != nil || strings.Join(names, "|") != want {
			t.Errorf("%q: %.50q, %v, want %.50q", text, names, err, want)
		}
		if wantNote := map[bool]string{true: "-classes: latin.txt is not UTF-8: read as Latin-1"}[text == "latin.txt"]; note != wantNote {
			t.Errorf("%q: note %q, want %q", text, note, wantNote)
		}
	}
	for text, want := range map[string]string{
		"none.txt":  "-classes: none.txt: no such file (want a file of class names, or names with commas between)",
		"NONE.JSON": "no such file", "x.names": "no such file", "none/names": "no such file", "./names2": "no such file", "/names": "no such file",
		"cats,dogs.txt": "no such file", "a/b,c.json": "no such file", "names/x": "names/x: ", "sub": "sub: not a regular file", os.DevNull: "not a regular file",
		"a,,b": `-classes: name 2 of "a,,b" is empty`, "a,": "name 2", " ": "name 1", "empty.txt": "-classes: empty.txt: it is empty",
		"broken.json": "-classes: broken.json: line 1", "long.txt": "long.txt: 4194305 bytes are too many",
	} {
		names, _, err := classNames(text)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "-classes: ") {
			t.Errorf("%q: %.50q, %v, want %q", text, names, err, want)
		}
	}
	if runtime.GOOS != "windows" && os.Geteuid() != 0 {
		if err := os.Chmod("names", 0); err != nil {
			t.Fatal(err)
		}
		if _, _, err := classNames("names"); err == nil || !strings.Contains(err.Error(), "-classes: names: permission denied") {
			t.Errorf("%v", err)
		}
	}
	for text, want := range map[string]string{"x": " (there is no file x)", "x,y": "", "a.json": ""} {
		if got := noFile(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestDistinct(t *testing.T) {
	names := []string{"crane", "boat", "crane", "Crane", "boat", "owl"}
	want := []string{"crane (0)", "boat (1)", "crane (2)", "Crane", "boat (4)", "owl"}
	if got := Distinct(names); !slices.Equal(got, want) || names[0] != "crane" {
		t.Errorf("%q of %q, want %q", got, names, want)
	}
}
