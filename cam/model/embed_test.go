package model_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cam/model"
	"github.com/glimpse-go/glimpse/data/scenes"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// The program in testdata/embed, built outside this module with a checkpoint in
// it, draws what the package draws, and says so in under twenty lines.
func TestEmbedFromOutside(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("there is no go command here to build with")
	}
	root, err := filepath.Abs(golden.Path(t, "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for to, from := range map[string]string{
		"main.go": "testdata/embed/main.go", "go.mod": "testdata/embed/go.mod", "go.sum": "testdata/embed/go.sum",
		"network.safetensors": "nn/pretrained/scenes.safetensors",
	} {
		content, err := os.ReadFile(filepath.Join(root, from))
		if err != nil {
			t.Fatal(err)
		}
		if to == "go.mod" {
			content = bytes.Replace(content, []byte("=> ../.."), []byte("=> "+filepath.ToSlash(root)), 1)
		}
		if err := os.WriteFile(filepath.Join(dir, to), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if n := bodyLines(t, filepath.Join(dir, "main.go"), "main"); n >= 20 {
		t.Errorf("main takes %d lines", n)
	}
	program := filepath.Join(dir, "embed.exe")
	build := exec.Command(goTool, "build", "-o", program, ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	im := scenes.Draw(2).Image
	run := exec.Command(program)
	run.Dir, run.Stdin = dir, bytes.NewReader(photograph(t, im))
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	f, err := os.Open(filepath.Join(dir, "overlay.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	e, err := scenesModel(t, model.Options{}).Explain(t.Context(), im, cam.Predicted)
	if err != nil {
		t.Fatal(err)
	}
	want, err := e.Overlay(model.OverlayOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Bounds() != want.Bounds() {
		t.Fatalf("an overlay of %v, want %v", got.Bounds(), want.Bounds())
	}
	for y := range 96 {
		for x := range 96 {
			r, g, b, _ := got.At(x, y).RGBA()
			if w := want.RGBAAt(x, y); w.R != uint8(r>>8) || w.G != uint8(g>>8) || w.B != uint8(b>>8) {
				t.Fatalf("pixel (%d, %d) differs", x, y)
			}
		}
	}
	cut := exec.Command(program)
	cut.Dir, cut.Stdin = t.TempDir(), strings.NewReader("no picture")
	if out, err := cut.CombinedOutput(); err == nil {
		t.Errorf("no picture is drawn over: %s", out)
	}
}

// bodyLines counts the lines of a function's body.
func bodyLines(t *testing.T, path, function string) int {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == function {
			return fset.Position(f.Body.Rbrace).Line - fset.Position(f.Body.Lbrace).Line - 1
		}
	}
	t.Fatalf("%s has no function %s", path, function)
	return 0
}
