package main

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestProgram runs the program itself, in a process of its own. It is built
// with one more data set, which stands in a file that only the compiler sees
// (go build -overlay): the real ones are not here to be served.

func TestProgram(t *testing.T) {
	archive := pack(t, bigEntries()...)
	program := build(t, archive)
	t.Run("kill", func(t *testing.T) { testKill(t, program, archive) })
	t.Run("signals", func(t *testing.T) { testSignals(t, program, archive) })
	t.Run("status", func(t *testing.T) { testStatus(t, program) })
}

// bigEntries are those of that data set.
func bigEntries() []entry {
	return []entry{{name: "toy/a.bin", body: noise(6 << 20)}, {name: "toy/b.bin", body: noise(5000)}, {name: "toy/names.txt", body: []byte("cat\n")}}
}

// build builds the program and returns its path.
func build(t *testing.T, archive []byte) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a program")
	}
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("there is no go command here to build with")
	}
	dir := t.TempDir()
	sum := md5.Sum(archive)
	source := fmt.Sprintf(`package main

import "context"

func init() {
	sets = append(sets, &set{
		name: "toy", title: "Toy", url: "http://127.0.0.1:1/", archive: "toy.tar.gz", size: %d, md5: %q, folder: "toy",
		members: []member{{name: "a.bin", size: 6 << 20}, {name: "b.bin", size: 5000}, {name: "names.txt"}},
		check: func(context.Context, string, bool) error { return nil },
	})
}
`, len(archive), hex.EncodeToString(sum[:]))
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(here, "toyset.go"): filepath.Join(dir, "toyset.go")}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"toyset.go": []byte(source), "overlay.json": overlay} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "fetch.exe")
	out, err := exec.Command(tool, "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// wantBig checks that the folder holds the data set and nothing else.
func wantBig(t *testing.T, dir string) {
	t.Helper()
	wantFiles(t, dir, "toy", "toy/a.bin", "toy/b.bin", "toy/names.txt")
	for _, e := range bigEntries() {
		got, err := os.ReadFile(filepath.Join(dir, e.name))
		if err != nil || !bytes.Equal(got, e.body) {
			t.Errorf("%s: %d bytes (%v), expected the %d packed", e.name, len(got), err, len(e.body))
		}
	}
}

// Killed at any moment, the program leaves the partial download, with a part
// of the archive in it, or the whole data set; the same command goes on from
// there, without asking again for what it has, and ends with the data set.
func testKill(t *testing.T, program string, archive []byte) {
	random := rand.New(rand.NewPCG(9, 10))
	kills := 0
	for range 6 {
		dir := t.TempDir()
		part := filepath.Join(dir, "toy.tar.gz.part", "download")
		for try := range 8 {
			// Killed a while after so many bytes were sent, or, when fewer are
			// missing, after the last one. The last try is left alone.
			after := 1 + random.IntN(4<<20)
			delay := time.Duration(random.IntN(40)) * time.Millisecond
			cmd := exec.Command(program, "-dir", dir, "toy")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			started := make(chan bool) // cmd.Process is there only then
			kill := func() {
				<-started
				time.Sleep(delay)
				cmd.Process.Kill()
			}
			before, _ := os.Stat(part)
			s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
				if try == 7 {
					content(w, r, archive, `"v1"`)
					return
				}
				content(&stopper{ResponseWriter: w, after: after, stop: kill}, r, archive, `"v1"`)
				kill()
			})
			cmd.Args = append(cmd.Args[:1:1], "-url", s.URL, "-dir", dir, "toy")
			err := cmd.Start()
			close(started)
			if err == nil {
				err = cmd.Wait()
			}
			switch {
			case err != nil && (try == 7 || cmd.ProcessState.ExitCode() == 1):
				t.Fatalf("%v: %s", err, &stderr)
			case err != nil:
				kills++
			}
			s.Close()
			if before != nil && before.Size() > 0 && before.Size() < int64(len(archive)) {
				want := "bytes=" + strconv.FormatInt(before.Size(), 10) + "-"
				if len(s.requests) != 1 || s.requests[0].Header.Get("Range") != want {
					t.Errorf("%d requests, expected one with Range %s", len(s.requests), want)
				}
			}
			if got, err := os.ReadFile(part); err == nil && !bytes.HasPrefix(archive, got) {
				t.Errorf("the part of %d bytes is not the beginning of the archive", len(got))
			}
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries { // at any moment
				switch e.Name() {
				case "toy.tar.gz.part":
				case "toy":
					if err := (&set{members: []member{{name: "a.bin", size: 6 << 20}, {name: "b.bin", size: 5000}, {name: "names.txt"}}}).complete(filepath.Join(dir, "toy")); err != nil {
						t.Error(err)
					}
				default:
					t.Errorf("%s is left behind", e.Name())
				}
			}
		}
		wantBig(t, dir)
	}
	if kills < 6 {
		t.Errorf("only %d kills", kills)
	}
}

// Ctrl-C and SIGTERM: one line, the status that shells expect, and the part.
func testSignals(t *testing.T, program string, archive []byte) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals between processes")
	}
	dir := t.TempDir()
	for _, test := range []struct {
		signal os.Signal
		status int
	}{{os.Interrupt, 130}, {terminate, 143}} {
		cmd := exec.Command(program, "-dir", dir, "toy")
		started := make(chan bool)
		s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
			<-started
			content(&stopper{ResponseWriter: w, after: 2 << 20, stop: func() {
				for { // until some of it is there
					if info, err := os.Stat(filepath.Join(dir, partOnly[1])); err == nil && info.Size() > 0 {
						break
					}
					time.Sleep(time.Millisecond)
				}
				cmd.Process.Signal(test.signal)
				<-r.Context().Done()
			}}, r, archive, `"v1"`)
		})
		var stdout, stderr bytes.Buffer
		cmd.Args = []string{program, "-url", s.URL, "-dir", dir, "toy"}
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Start()
		close(started)
		if err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		s.Close()
		if code := cmd.ProcessState.ExitCode(); code != test.status {
			t.Errorf("%v: status %d, expected %d", test.signal, code, test.status)
		}
		lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
		if len(lines) != 3 || !strings.Contains(lines[1], "is kept in "+dir) || !strings.HasPrefix(lines[2], "fetch: stopped by signal") || stdout.Len() > 0 {
			t.Errorf("%v: standard error %q, standard output %q", test.signal, lines, &stdout)
		}
		wantFiles(t, dir, partOnly...)
	}
	// And what no one interrupts ends with status 0 and one line.
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { content(w, r, archive, `"v1"`) })
	stdout, err := exec.Command(program, "-url", s.URL, "-dir", dir, "toy").Output()
	if want := fmt.Sprintf("Toy is in %s\n", filepath.Join(dir, "toy")); err != nil || string(stdout) != want {
		t.Errorf("%q, %v, expected %q", stdout, err, want)
	}
	wantBig(t, dir)
}

// The program's other ends.
func testStatus(t *testing.T, program string) {
	s := serve(t, func(_ int, w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) })
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args   []string
		status int
		out    string // part of the only, or last, line
	}{
		{nil, 2, "which data set? want cifar10, cifar100, stl10, toy (fetch -h explains)"},
		{[]string{"mnist"}, 2, `no data set "mnist": want cifar10, cifar100, stl10, toy`},
		{[]string{"-h"}, 0, "SIGTERM."},
		{[]string{"-url", "nothing", "toy"}, 2, "-url nothing: want an http or https address"},
		{[]string{"-url", s.URL + "/x", "-dir", t.TempDir(), "toy"}, 1, "404 Not Found"},
		{[]string{"-dir", file, "toy"}, 1, "file"},
		{[]string{"-dir", t.TempDir(), "-verify", "toy"}, 1, "there is no Toy"},
	} {
		cmd := exec.Command(program, test.args...)
		out, _ := cmd.CombinedOutput()
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if code := cmd.ProcessState.ExitCode(); code != test.status || !strings.Contains(lines[len(lines)-1], test.out) {
			t.Errorf("%v: status %d, expected %d, output %q, expected %q at the end", test.args, code, test.status, lines, test.out)
		}
	}
}
