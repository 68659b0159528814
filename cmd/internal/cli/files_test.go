package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestCheckFiles(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(in("there"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(in("sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	input := []File{{"features", in("there")}, {"labels", ""}, {"data", in("sub")}, {"weights", in("absent")}}
	for _, c := range []struct {
		outputs []File
		want    string
	}{
		{[]File{{"out", in("a")}, {"csv", ""}, {"json", "-"}, {"maps", "-"}}, ""},
		{[]File{{"out", in("a")}, {"csv", in("b")}, {"npy", in("sub/a")}}, ""},
		{[]File{{"out", in("a")}, {"csv", in("sub/../a")}}, "-out and -csv are both"},
		{[]File{{"out", in("there")}}, "is the file that -features reads"},
		{[]File{{"out", in("absent")}}, "is the file that -weights reads"},
		{[]File{{"out", in("sub")}}, "is the file that -data reads"},
		{[]File{{"out", in("no/such")}}, "-out: "},
	} {
		err := CheckFiles(input, c.outputs)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %v, want %q", c.outputs, err, c.want)
		}
	}
	if runtime.GOOS != "windows" {
		if err := os.Symlink("there", in("link")); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(".", in("here")); err != nil {
			t.Fatal(err)
		}
		if err := CheckFiles(input, []File{{"out", in("link")}}); err == nil {
			t.Error("a link to an input passes")
		}
		if err := CheckFiles(nil, []File{{"out", in("a")}, {"csv", in("here/a")}}); err == nil {
			t.Error("one file by two ways passes")
		}
	}
	for path, want := range map[string]string{in("sub"): "", in("x/y/z"): "", in("there"): "is not a folder", in("there/x"): "is not a folder"} {
		err := CheckFolder(File{"maps", path})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	// The folder that there is counts, not one above it.
	if _, err := os.Stat("/proc/self"); err == nil {
		if err := CheckFolder(File{"maps", "/proc/self/a/b"}); err == nil || !strings.Contains(err.Error(), "no file can be made in /proc/self") {
			t.Errorf("a folder in which no file can be made: %v", err)
		}
	}
}
