package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	for _, test := range []struct {
		args []string
		err  string
	}{
		{nil, "want cifar10, cifar100, stl10"},
		{[]string{"mnist"}, `no data set "mnist"`},
		{[]string{"cifar10", "stl10"}, "unexpected argument"},
		{[]string{"-dir", "x", "cifar10", "-keep"}, "unexpected argument"},
		{[]string{"-url", "ftp://host/x", "cifar10"}, "want an http or https address"},
		{[]string{"-nothing"}, "nothing"},
	} {
		_, err := parse(test.args, io.Discard)
		wantError(t, err, test.err)
	}
	for _, args := range [][]string{{"stl10", "-keep", "-dir", "d"}, {"-keep", "-dir", "d", "stl10"}} {
		f, err := parse(args, io.Discard)
		if err != nil || f.set.name != "stl10" || !f.keep || f.dir != "d" || f.url.String() != f.set.url {
			t.Errorf("%v: %+v, %v", args, f, err)
		}
	}
}

// A folder that is there but not complete is the user's: nothing touches it.
func TestIncompleteFolder(t *testing.T) {
	f, _ := testFetcher(t, toySet(nil), "http://127.0.0.1:1/", nil)
	if err := os.Mkdir(filepath.Join(f.dir, "toy"), 0o755); err != nil {
		t.Fatal(err)
	}
	wantError(t, f.run(t.Context()), "a.bin is missing")
	wantFiles(t, f.dir, "toy")
	if err := os.WriteFile(filepath.Join(f.dir, "toy", "a.bin"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	wantError(t, f.run(t.Context()), "a.bin: 0 bytes, expected 200000")
}

func TestVerify(t *testing.T) {
	f, _ := testFetcher(t, toySet(nil), "http://127.0.0.1:1/", nil)
	f.verify = true
	wantError(t, f.run(t.Context()), "-verify: ")
	dir := filepath.Join(f.dir, "toy")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, e := range goodEntries()[2:] {
		if err := os.WriteFile(filepath.Join(f.dir, e.name), e.body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f.set.members[2].md5 = "f08e0d2e07fa9e8f0bb7b7f0ccc4bb0b" // not its sum
	wantError(t, f.run(t.Context()), "names.txt: MD5 sum is")
	f.set.members[2].md5 = ""
	if err := f.run(t.Context()); err != nil {
		t.Error(err)
	}
}

// The checks of the real sets find a wrong label, which sizes do not show.
func TestCheckCIFAR100(t *testing.T) {
	s, err := find("cifar100")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, m := range s.members {
		content := make([]byte, m.size)
		if n := map[string]int{"fine_label_names.txt": 100, "coarse_label_names.txt": 20}[m.name]; n > 0 {
			for i := range n {
				content = append(content, "class"+string(rune('0'+i/10))+string(rune('0'+i%10))+"\n"...)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, m.name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.complete(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.check(t.Context(), dir, false); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "test.bin"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte{0, 200}, 3074*9999); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := s.check(t.Context(), dir, true); err == nil || !strings.Contains(err.Error(), "label 200") {
		t.Errorf("error %v, expected one with label 200", err)
	}
}
