package live

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/nn/pretrained"
)

// tiny is the smallest module (WebAssembly Core Specification 2.0, 5.5.16), with a custom
// section named "n" that holds "x".
const tiny = "\x00asm\x01\x00\x00\x00\x00\x03\x01nx"

// A program is the module as it was, then section 0 with the name and the text.
func TestPack(t *testing.T) {
	exec := bytes.Repeat([]byte("js"), 100)
	p := &Program{[]byte(tiny), exec}
	want := tiny + "\x00\xd5\x01\x0cglimpse-exec" + string(exec) // 213 = 0x55 + 1<<7
	if got := p.Pack(); string(got) != want {
		t.Fatalf("%q, want %q", got, want)
	}
	got, err := unpack(p.Pack())
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Wasm) != tiny || !bytes.Equal(got.Exec, exec) {
		t.Errorf("%q and %q came back", got.Wasm, got.Exec)
	}
}

var hostile = map[string]string{
	"begins with":             "not a program",
	`begins with ""`:          "",
	"without a section":       tiny,
	"only":                    tiny + "\x00\xff\xff\xff\xff\x0f",
	"a length that is none":   tiny + "\x00",
	"a length that is none ":  tiny + "\x01\xff\xff\xff\xff\xff\x0f",
	"a custom section: ":      tiny + "\x00\x01\x05",
	"bytes after section":     tiny + "\x00\x0d\x0cglimpse-exec\x01",
	"offset 8: section 7: 9 ": "\x00asm\x01\x00\x00\x00\x07\x09a",
}

func TestUnpackErrors(t *testing.T) {
	for want, content := range hostile {
		if _, err := unpack([]byte(content)); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) {
			t.Errorf("%q: error %v, want %q in it", content, err, want)
		}
	}
}

func FuzzProgram(f *testing.F) {
	for _, content := range hostile {
		f.Add([]byte(content))
	}
	p := &Program{[]byte(tiny), []byte("exec")}
	f.Add(p.Pack())
	packed, err := compressed(p.Pack())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed)
	f.Fuzz(func(t *testing.T, content []byte) {
		p, err := unpack(content)
		if err != nil {
			return
		}
		again, err := unpack(p.Pack())
		if err != nil || !bytes.Equal(again.Wasm, p.Wasm) || !bytes.Equal(again.Exec, p.Exec) {
			t.Fatalf("what is packed again differs: %v", err)
		}
	})
}

// Files are taken as they are and compressed; what is none says so, with its name.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	p := &Program{[]byte(tiny), []byte("exec")}
	packed, err := compressed(p.Pack())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"plain": p.Pack(), "gz": packed, "cut": packed[:len(packed)-9], "text": []byte("text")} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"plain", "gz"} {
		got, err := Find(t.Context(), filepath.Join(dir, name), func(string) {})
		if err != nil || string(got.Wasm) != tiny || string(got.Exec) != "exec" {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for _, name := range []string{"cut", "text", "absent", "."} {
		path := filepath.Join(dir, name)
		if _, err := Load(t.Context(), path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Load(done, plain); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

// Without a go command and without a file the error says what to do.
func TestFindErrors(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Find(t.Context(), "", func(string) {})
	for _, want := range []string{"no go command", FileName, "-live-wasm"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}

// The program that a release has beside the others is found where nothing can be built.
func TestBesideExecutable(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	path := filepath.Join(filepath.Dir(self), FileName)
	if _, err := os.Stat(path); err == nil {
		t.Skipf("there is a %s", path)
	}
	p := &Program{[]byte(tiny), []byte("exec")}
	if err := os.WriteFile(path, p.Pack(), 0o600); err != nil {
		t.Skip(err)
	}
	defer os.Remove(path)
	t.Setenv("PATH", t.TempDir())
	got, err := Find(t.Context(), "", func(string) {})
	if err != nil || string(got.Wasm) != tiny {
		t.Errorf("%v, %v", got, err)
	}
}

// The hash of the source changes with any file of the program, and with no other.
func TestSourceHash(t *testing.T) {
	root := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	hash := func() string {
		t.Helper()
		s, err := sourceHash(t.Context(), root)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	put("go.mod", "module "+modulePath+"\n")
	put("a/a.go", "package a")
	last := hash()
	for _, name := range []string{"a/a_test.go", "README.md", "testdata/x.go", ".hidden/x.go", "other/go.mod", "other/x.go", "page/node_modules/x.go"} {
		put(name, "changed")
		if hash() != last {
			t.Errorf("%s changes the hash", name)
		}
	}
	for _, name := range []string{"a/a.go", "go.mod", "go.sum", "b/new.go"} {
		put(name, "changed "+name)
		if hash() == last {
			t.Errorf("%s does not change the hash", name)
		}
		last = hash()
	}
	if err := os.Rename(filepath.Join(root, "b", "new.go"), filepath.Join(root, "b", "renamed.go")); err != nil {
		t.Fatal(err)
	}
	if hash() == last {
		t.Error("another name does not change the hash")
	}
	if isSource(root) {
		t.Error("a module without the page's program passes for this one")
	}
}

// What was built is in the cache, from where it comes again; a damaged file is replaced.
func TestBuildIsCached(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program for WebAssembly")
	}
	command, err := exec.LookPath("go")
	if err != nil {
		t.Skip("there is no go command here to build with")
	}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} { // the go command's own stay
		out, err := exec.Command(command, "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv(name, strings.TrimSpace(string(out)))
	}
	home := t.TempDir()
	for _, name := range []string{"XDG_CACHE_HOME", "LocalAppData", "HOME"} {
		t.Setenv(name, home)
	}
	built := 0
	build := func() *Program {
		t.Helper()
		p, err := Build(t.Context(), func(string) { built++ })
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := build()
	for _, want := range []string{"Copyright", "gonum.org/v1/gonum", "golang.org/x/image", modulePath, "Go, with the file below"} {
		if !bytes.Contains(first.Exec, []byte(want)) {
			t.Errorf("no %q in the licences", want)
		}
	}
	if n := bytes.Count(first.Exec, []byte("*/\n")); n < 1 || !bytes.HasPrefix(first.Exec, []byte("/*\n")) {
		t.Error("the licences are no comment")
	}
	if again := build(); built != 1 || !bytes.Equal(again.Wasm, first.Wasm) || !bytes.Equal(again.Exec, first.Exec) {
		t.Errorf("built %d times, want once", built)
	}
	cached, err := filepath.Glob(filepath.Join(home, "*", "glimpse", "live", "*.wasm.gz"))
	if err != nil || len(cached) == 0 {
		cached, _ = filepath.Glob(filepath.Join(home, "glimpse", "live", "*.wasm.gz"))
	}
	if len(cached) != 1 {
		t.Skipf("the cache is elsewhere here: %v", cached)
	}
	content, err := os.ReadFile(cached[0])
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(cached[0], content, 0o600); err != nil {
		t.Fatal(err)
	}
	if again := build(); built != 2 || !bytes.Equal(again.Wasm, first.Wasm) {
		t.Errorf("built %d times, want twice: the file was damaged", built)
	}
}

// Without -live nothing is made, and nothing is looked for.
func TestNoBlocks(t *testing.T) {
	sd, err := pretrained.Scenes()
	if err != nil {
		t.Fatal(err)
	}
	f := Flags{Wasm: "absent"}
	if blocks, err := f.Blocks(t.Context(), sd, model.Options{}, nil, nil); err != nil || blocks != nil {
		t.Errorf("%v, %v", blocks, err)
	}
	f.Live = true
	if _, err := f.Blocks(t.Context(), sd, model.Options{}, nil, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is absent: %v", err)
	}
}
