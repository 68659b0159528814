//go:build unix

package cmd_test

import (
	"bytes"
	"encoding/csv"
	"image/png"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/internal/testkit/explored"
)

// statuses are what a signal ends a program with, once it can catch it.
var statuses = map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129}

// temporary matches the file that a killed program may leave.
var temporary = regexp.MustCompile(`(^|/)\.[^/]+\.glimpse-\d+\.tmp$`)

// earlier is what stands at every other output before a run.
const earlier = "from an earlier run"

// prepare makes a folder for a job, in which some outputs stand already.
func prepare(t *testing.T, j job) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for i, name := range j.outputs {
		if i%2 == 1 {
			continue
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(earlier), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// signalled runs a job and sends it a signal after some time. It returns how it
// ended and the files that there are then, less those of the earlier run.
func signalled(t *testing.T, j job, dir string, s syscall.Signal, after time.Duration) (*outcome, map[string]string) {
	t.Helper()
	o := j.command(dir).run(t, func(p *os.Process) {
		time.Sleep(after)
		p.Signal(s) // an error: it has ended
	})
	files := contents(t, dir)
	for name, content := range files {
		if content == earlier {
			delete(files, name)
		}
	}
	return o, files
}

// Ctrl-C, SIGTERM and SIGHUP at any moment: each output is whole, or absent, or
// what stood there before; nothing else is left; the status is right.
func TestSignals(t *testing.T) {
	// go test may run with a signal ignored, which children inherit; what is
	// caught they do not.
	catch(t)
	rounds := 8
	if long {
		rounds = 150
	}
	for _, j := range jobs(t) {
		binary(t, j.program) // building it takes longer than the run
		began := time.Now()
		dir := prepare(t, j)
		j.command(dir).mustRun(t)
		whole, took := contents(t, dir), time.Since(began)
		j.wrote(t, whole)
		ends := map[int]int{}
		for round := range rounds {
			s := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP}[round%4]
			seed := uint64(round)
			after := time.Duration(rand.New(rand.NewPCG(seed, 5)).Float64() * 1.2 * float64(took))
			o, files := signalled(t, j, prepare(t, j), s, after)
			ends[o.status]++
			// Before it could catch the signal, it died of it, with nothing written.
			died := o.signal == s && len(files) == 0
			if o.status != 0 && o.status != statuses[s] && !died || o.status == 0 && len(files) != len(whole) {
				t.Errorf("%s, seed %d, %v after %v: %v", j.program, seed, s, after, o)
			}
			if o.status == statuses[s] && strings.Count(o.stderr, "\n") > 1 {
				t.Errorf("%s, seed %d: more than a line: %v", j.program, seed, o)
			}
			for name, content := range files {
				switch {
				case !slices.Contains(j.outputs, name):
					t.Errorf("%s, seed %d, %v after %v: left %s", j.program, seed, s, after, name)
				case content == whole[name]:
				case j.program == "tsne" && o.status == statuses[s]: // the layout reached so far
					wellFormed(t, name, content)
				default:
					t.Errorf("%s, seed %d, %v after %v: %s is neither whole nor absent", j.program, seed, s, after, name)
				}
			}
		}
		t.Logf("%s takes %v; statuses (-1: died of the signal) %v", j.program, took, ends)
	}
}

// wellFormed fails the test unless a file of t-SNE's outputs is complete.
func wellFormed(t *testing.T, name, content string) {
	t.Helper()
	ok := false
	switch filepath.Ext(name) {
	case ".png":
		_, err := png.Decode(strings.NewReader(content))
		ok = err == nil
	case ".svg":
		ok = strings.HasPrefix(content, "<svg") && strings.HasSuffix(content, "</svg>\n")
	case ".npy":
		a, err := npy.Read(strings.NewReader(content), int64(len(content)))
		ok = err == nil && a.Shape[0] == 400
	case ".csv":
		rows, err := csv.NewReader(strings.NewReader(content)).ReadAll()
		ok = err == nil && len(rows) == 401
	case ".html":
		var meta struct{ Points int }
		explored.Read(t, content, &meta)
		ok = meta.Points == 400 && strings.HasSuffix(content, "</html>\n")
	}
	if !ok {
		t.Errorf("%s is not whole: %d bytes", name, len(content))
	}
}

// Killed at any moment, a program leaves whole outputs, and at most a temporary
// file that says so in its name and does not disturb the next run.
func TestKilled(t *testing.T) {
	rounds := 5
	if long {
		rounds = 100
	}
	for _, j := range jobs(t) {
		binary(t, j.program) // building it takes longer than the run
		began := time.Now()
		dir := t.TempDir()
		j.command(dir).mustRun(t)
		whole, took := contents(t, dir), time.Since(began)
		left := 0
		dir = prepare(t, j)
		for round := range rounds {
			after := time.Duration(rand.New(rand.NewPCG(uint64(round), 9)).Float64() * 1.1 * float64(took))
			_, files := signalled(t, j, dir, syscall.SIGKILL, after)
			for name, content := range files {
				switch {
				case temporary.MatchString(name):
					left++
					if err := os.Remove(filepath.Join(dir, name)); err != nil {
						t.Error(err)
					}
				case content != whole[name]:
					t.Errorf("%s killed after %v: %s is not whole", j.program, after, name)
				}
			}
		}
		// Every folder that killed programs leave will do for the next run.
		stale := filepath.Join(dir, ".p.png.glimpse-1.tmp")
		if err := os.WriteFile(stale, []byte("half"), 0o644); err != nil {
			t.Fatal(err)
		}
		j.command(dir).mustRun(t)
		if err := os.Remove(stale); err != nil {
			t.Error(err)
		}
		sameFiles(t, j.program, contents(t, dir), whole)
		t.Logf("%s: %d rounds left %d temporary files", j.program, rounds, left)
	}
}

// Whoever reads stdout may go away: the files are written all the same, without
// a word, and the status is that of a program that SIGPIPE ended.
func TestClosedStdout(t *testing.T) {
	for _, j := range jobs(t) {
		dir := t.TempDir()
		j.command(dir).mustRun(t)
		whole := contents(t, dir)
		for _, lines := range []int{0, 1} { // read before it is closed, as by head
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			var stderr bytes.Buffer
			cmd := j.command(dir).exec(t)
			cmd.Stdout, cmd.Stderr = w, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			w.Close()
			for b := make([]byte, 1); lines > 0; {
				if _, err := r.Read(b); err != nil {
					t.Fatal(err)
				}
				if b[0] == '\n' {
					lines--
				}
			}
			r.Close()
			o := ended(t, cmd, new(bytes.Buffer), &stderr)
			// All may have been in the pipe before it was closed.
			if o.status != 141 && o.status != 0 || o.stderr != "" {
				t.Errorf("%s: %v", j.program, o)
			}
			sameFiles(t, j.program, contents(t, dir), whole)
		}
	}
}

// A stdout that takes nothing is an error.
func TestFullStdout(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	all := jobs(t)
	all = append(all, job{"cam", []string{"-acc", "0", "-count", "1", "-json", "-"}, nil})
	for _, j := range all {
		var stderr bytes.Buffer
		cmd := j.command(t.TempDir()).exec(t)
		cmd.Stdout, cmd.Stderr = full, &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		o := ended(t, cmd, new(bytes.Buffer), &stderr)
		if o.status != 1 || !strings.Contains(lastLine(o.stderr), "no space left on device") {
			t.Errorf("%s: %v", j.program, o)
		}
	}
}

// lastLine is the line that says what went wrong.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	return lines[len(lines)-1]
}

// catch catches SIGINT and SIGHUP until the test ends, so that programs start
// with neither ignored.
func catch(t *testing.T) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(c) })
}
