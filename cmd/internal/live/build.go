package live

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/glimpse-go/glimpse/internal/atomicfile"
)

// workerPackage is the program, from the root of the module.
const workerPackage = "./cmd/internal/live/worker"

// Build builds the program with the go command, or takes it from the user's cache where
// the same source was built by the same Go before. Nothing is downloaded but what the go
// command itself needs to build this module. It returns an error when there is no go
// command, the source is not at hand, it does not build, or ctx is done.
func Build(ctx context.Context, say func(string)) (*Program, error) {
	command, err := exec.LookPath("go")
	if err != nil {
		return nil, errors.New("there is no go command here")
	}
	root, err := findSource(ctx, command)
	if err != nil {
		return nil, err
	}
	g := goCommand{command, root}
	env, err := g.environment(ctx)
	if err != nil {
		return nil, err
	}
	sum, err := sourceHash(ctx, root)
	if err != nil {
		return nil, err
	}
	cache := ""
	if dir, err := os.UserCacheDir(); err == nil {
		cache = filepath.Join(dir, "glimpse", "live", env.GOVERSION+"-"+sum+".wasm.gz")
		if p, err := Load(ctx, cache); err == nil { // one that is damaged is built again
			return p, nil
		}
	}
	say("building the network's program for the page, once")
	p, err := g.build(ctx, env)
	if err != nil {
		return nil, err
	}
	if cache != "" {
		keep(ctx, cache, p)
	}
	return p, ctx.Err()
}

// keep puts a program into the cache, and throws out those that have been there for a
// month. A cache that cannot be written to costs the next run time, no more.
func keep(ctx context.Context, path string, p *Program) {
	dir := filepath.Dir(path)
	packed, err := compressed(p.Pack())
	if err != nil || os.MkdirAll(dir, 0o700) != nil {
		return
	}
	err = atomicfile.Write(ctx, path, func(w io.Writer) error {
		_, err := w.Write(packed)
		return err
	})
	if err != nil {
		return
	}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasSuffix(e.Name(), ".wasm.gz") && time.Since(info.ModTime()) > 30*24*time.Hour {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// goCommand runs the go command in a module.
type goCommand struct{ path, dir string }

// run returns what a command prints.
func (g goCommand) run(ctx context.Context, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, g.path, args...)
	c.Dir = g.dir
	// Of the user's environment all counts but what would build something else.
	c.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "GOWASM=", "GOFLAGS=", "GOWORK=off", "GOEXPERIMENT=", "CGO_ENABLED=0")
	c.WaitDelay = time.Second
	var out, stderr bytes.Buffer
	c.Stdout, c.Stderr = &out, &stderr
	if err := c.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		words := strings.TrimSpace(stderr.String())
		return nil, fmt.Errorf("go %s: %s", args[0], cmp.Or(words, err.Error()))
	}
	return out.Bytes(), nil
}

// environment is what is asked of go env.
type environment struct{ GOROOT, GOVERSION string }

func (g goCommand) environment(ctx context.Context) (env environment, err error) {
	out, err := g.run(ctx, "env", "-json", "GOROOT", "GOVERSION")
	if err == nil {
		err = json.Unmarshal(out, &env)
	}
	if err == nil && (env.GOROOT == "" || env.GOVERSION == "" || strings.ContainsAny(env.GOVERSION, `/\`)) {
		err = fmt.Errorf("go env: GOROOT is %q, GOVERSION %q", env.GOROOT, env.GOVERSION)
	}
	return env, err
}

// build compiles the program.
func (g goCommand) build(ctx context.Context, env environment) (*Program, error) {
	dir, err := os.MkdirTemp("", "glimpse-live-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, FileName)
	if _, err := g.run(ctx, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, workerPackage); err != nil {
		return nil, err
	}
	p := &Program{}
	if p.Wasm, err = os.ReadFile(out); err != nil {
		return nil, err
	}
	starter, err := os.ReadFile(filepath.Join(env.GOROOT, "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return nil, fmt.Errorf("this Go has no wasm_exec.js: %w", err)
	}
	licences, err := g.licences(ctx, env)
	if err != nil {
		return nil, err
	}
	p.Exec = append(licences, starter...)
	return p, nil
}

// licences are those of Go and of all modules that are in the program, as a comment of
// JavaScript: they ask to go wherever it goes.
func (g goCommand) licences(ctx context.Context, env environment) ([]byte, error) {
	out, err := g.run(ctx, "list", "-deps", "-f", "{{with .Module}}{{.Path}}\t{{.Dir}}{{end}}", workerPackage)
	if err != nil {
		return nil, err
	}
	text := bytes.NewBufferString("/*\n")
	add := func(name, dir string) error {
		licence, err := os.ReadFile(filepath.Join(dir, "LICENSE"))
		if err != nil {
			return fmt.Errorf("the licence of %s: %w", name, err)
		}
		fmt.Fprintf(text, "%s\n\n%s\n", name, bytes.ReplaceAll(licence, []byte("*/"), []byte("* /")))
		return nil
	}
	if err := add("Go, with the file below", env.GOROOT); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		name, dir, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok || seen[name] {
			continue
		}
		seen[name] = true
		if err := add(name, dir); err != nil {
			return nil, err
		}
	}
	text.WriteString("*/\n")
	return text.Bytes(), nil
}
