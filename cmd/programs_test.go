// Package cmd_test holds the programs, as they are run, to what SECURITY.md
// promises: what they leave behind when something fails, and that the same
// command writes the same bytes.
//
// Without further ado each test runs in a short form. With GLIMPSE_LONG=1 in
// the environment they run long: more signals, and the whole of CIFAR-10's
// test set where it is at hand.
package cmd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

var long = os.Getenv("GLIMPSE_LONG") != ""

var builds struct {
	sync.Once
	dir string
	err error
}

// builtIn is the variable by which a test that runs itself in a process of its
// own passes on the folder of the programs.
const builtIn = "GLIMPSE_TEST_PROGRAMS"

func TestMain(m *testing.M) {
	status := m.Run()
	if builds.dir != "" && os.Getenv(builtIn) == "" {
		os.RemoveAll(builds.dir)
	}
	os.Exit(status)
}

// binary builds the programs, once, and returns the path of one.
func binary(t *testing.T, name string) string {
	t.Helper()
	if raceEnabled && !long {
		t.Skip("the programs take ten times as long with the race detector: GLIMPSE_LONG=1")
	}
	builds.Do(func() {
		if builds.dir = os.Getenv(builtIn); builds.dir != "" {
			return
		}
		if builds.dir, builds.err = os.MkdirTemp("", "glimpse-programs"); builds.err != nil {
			return
		}
		if builds.err = os.Chmod(builds.dir, 0o755); builds.err != nil { // also for other users, see TestReadOnlyFolder
			return
		}
		args := []string{"build", "-o", builds.dir + string(os.PathSeparator)}
		if raceEnabled {
			args = append(args, "-race")
		}
		args = append(args, "./cam", "./tsne", "./pca", "./train")
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			builds.err = fmt.Errorf("go %v: %w\n%s", args, err, out)
		}
	})
	if builds.err != nil {
		t.Fatal(builds.err)
	}
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(builds.dir, name)
}

// outcome is how a program ended.
type outcome struct {
	status         int // -1 when a signal killed it
	signal         os.Signal
	stdout, stderr string
	state          *os.ProcessState
}

func (o *outcome) String() string {
	return fmt.Sprintf("status %d, signal %v\nstdout: %s\nstderr: %s", o.status, o.signal, o.stdout, o.stderr)
}

// command is a run of a program in a folder, with an environment of its own.
type command struct {
	program string
	args    []string
	dir     string
	env     []string
}

func (c command) exec(t *testing.T) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), 9*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, binary(t, c.program), c.args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), c.env...)
	return cmd
}

// run runs the program to its end; started, if not nil, is called meanwhile.
func (c command) run(t *testing.T, started func(*os.Process)) *outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := c.exec(t)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if started != nil {
		started(cmd.Process)
	}
	return ended(t, cmd, &stdout, &stderr)
}

// ended waits for a program.
func ended(t *testing.T, cmd *exec.Cmd, stdout, stderr *bytes.Buffer) *outcome {
	t.Helper()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	o := &outcome{status: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String(), state: cmd.ProcessState}
	if w, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		o.signal = w.Signal()
	}
	if strings.Contains(o.stderr, "goroutine ") || strings.Contains(o.stderr, "DATA RACE") {
		t.Errorf("%v: a stack trace:\n%v", cmd.Args, o)
	}
	return o
}

// mustRun is run for a program that must succeed.
func (c command) mustRun(t *testing.T) *outcome {
	t.Helper()
	o := c.run(t, nil)
	if o.status != 0 {
		t.Fatalf("%s %v: %v", c.program, c.args, o)
	}
	return o
}

// points writes n x d features and their labels, in clusters.
func points(t *testing.T, n, d int) (features, labels string) {
	t.Helper()
	dir := t.TempDir()
	features, labels = filepath.Join(dir, "x.npy"), filepath.Join(dir, "y.npy")
	x := golden.Uniform("programs", n*d, 1)
	y := make([]int64, n)
	for i := range n {
		y[i] = int64(i % 5)
		x[i*d+i%5%d] += 2
	}
	if err := npy.Save(t.Context(), features, []int{n, d}, x); err != nil {
		t.Fatal(err)
	}
	if err := npy.Save(t.Context(), labels, []int{n}, y); err != nil {
		t.Fatal(err)
	}
	return features, labels
}

// job is a program with all its outputs.
type job struct {
	program string
	args    []string
	outputs []string // files, below the folder that it runs in
}

// jobs returns a job for each program, with every kind of output, that take
// some tenths of a second.
func jobs(t *testing.T) []job {
	x, y := points(t, 400, 10)
	maps := []string{"-scenes", "30", "-start", "0", "-count", "8", "-cols", "4", "-out", "cam.png", "-json", "cam.json", "-maps", "maps", "-html", "cam.html"}
	files := []string{"cam.png", "cam.json", "cam.html"}
	for i := range 8 {
		files = append(files, filepath.Join("maps", fmt.Sprintf("cam_%05d.npy", i)))
	}
	return []job{
		{"cam", maps, files},
		{"tsne", []string{"-features", x, "-labels", y, "-perplexity", "10", "-iterations", "150", "-out", "t.svg", "-npy", "t.npy", "-csv", "t.csv", "-save", "s.npy", "-html", "t.html"},
			[]string{"t.svg", "t.html", "t.npy", "t.csv", "s.npy", "s_labels.npy"}},
		{"pca", []string{"-features", x, "-labels", y, "-components", "all", "-out", "p.png", "-npy", "p.npy", "-csv", "p.csv", "-save", "s.npy", "-scree", "scree.svg", "-model", "p.json", "-html", "p.html"},
			[]string{"p.png", "p.html", "p.npy", "p.csv", "s.npy", "s_labels.npy", "scree.svg", "p.json"}},
	}
}

// command is the job, run in a folder.
func (j job) command(dir string) command { return command{program: j.program, args: j.args, dir: dir} }

// contents reads every file below a folder, by its path there.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sameFiles fails the test unless two runs have written the same bytes.
func sameFiles(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for name := range want {
		if _, ok := got[name]; !ok {
			t.Errorf("%s: no %s", what, name)
		} else if got[name] != want[name] {
			t.Errorf("%s: other bytes in %s", what, name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: a file %s too many", what, name)
		}
	}
}

// wrote fails the test unless a run has written just the outputs of a job.
func (j job) wrote(t *testing.T, files map[string]string) {
	t.Helper()
	for _, name := range j.outputs {
		if _, ok := files[name]; !ok {
			t.Errorf("%s: no %s", j.program, name)
		}
	}
	for name := range files {
		if !slices.Contains(j.outputs, name) {
			t.Errorf("%s: a file %s too many", j.program, name)
		}
	}
}
