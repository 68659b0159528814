package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// asProgram is the variable by which a test binary is told to be the program.
const asProgram = "GLIMPSE_TEST_TRAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		cli.Main("train", run)
	}
	os.Exit(m.Run())
}

// process is the program as it runs, in a process of its own.
func process(t *testing.T, env string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", env)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	return cmd, &stderr
}

// The bits do not depend on the number of cores.
func TestCores(t *testing.T) {
	images := []string{"-data", stripes(t, t.TempDir(), 8, 16)}
	for name, way := range ways {
		var want map[string]string
		for _, cores := range []int{1, 2, 4, 8} {
			if testing.Short() && cores != 1 && cores != 4 {
				continue
			}
			dir := t.TempDir()
			cmd, stderr := process(t, fmt.Sprint("GOMAXPROCS=", cores), with([]string{"-out", "n.safetensors", "-curves", "c.png", "-csv", "c.csv"}, images, way)...)
			cmd.Dir = dir // the state holds the names of files
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v: %v\n%s", cmd.Args, err, stderr)
			}
			got := files(t, dir)
			if want == nil {
				want = got
			}
			sameResults(t, fmt.Sprintf("%s on %d cores", name, cores), got, want)
			if got["n.state.safetensors"] != want["n.state.safetensors"] {
				t.Errorf("%s on %d cores: another state", name, cores)
			}
		}
	}
}

// temporary matches the file that a killed program may leave.
var temporary = regexp.MustCompile(`^\.[^/]+\.glimpse-\d+\.tmp$`)

// whole fails the test unless what a program has left when it ended are whole files.
func whole(t *testing.T, what string, dir string) {
	t.Helper()
	for name := range files(t, dir) {
		switch {
		case temporary.MatchString(name):
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Error(err)
			}
		case !slices.Contains([]string{"n.safetensors", "n.last.safetensors", "n.state.safetensors", "c.csv", "c.png"}, name):
			t.Errorf("%s: left %s", what, name)
		case filepath.Ext(name) == ".safetensors":
			if _, err := checkpoint.Load(t.Context(), filepath.Join(dir, name)); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		case name == "c.csv":
			curve(t, filepath.Join(dir, name))
		}
	}
}

// Killed at any moment, as often as it takes, a run that is resumed ends with the bits of
// one that was left alone.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	images := []string{"-data", stripes(t, t.TempDir(), 8, 16)}
	r := rand.New(rand.NewPCG(11, 1))
	for name, way := range ways {
		dir, out := outputs(t)
		cmd, stderr := process(t, "", with(out, images, way)...)
		began := time.Now()
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd.Args, err, stderr)
		}
		want, took := files(t, dir), time.Since(began)
		dir, out = outputs(t)
		state := filepath.Join(dir, "n.state.safetensors")
		kills := 0
		for {
			args := with(out, images, way)
			if _, err := os.Stat(state); err == nil {
				args = with(out, []string{"-resume"})
			}
			cmd, stderr := process(t, "", args...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if kills < 6 {
				time.Sleep(time.Duration((0.1 + 0.6*r.Float64()) * float64(took)))
				cmd.Process.Kill() // an error: it has ended
			}
			err := cmd.Wait()
			whole(t, name, dir)
			if err == nil {
				break
			}
			if cmd.ProcessState.ExitCode() != -1 && runtime.GOOS != "windows" { // where the killed have one
				t.Fatalf("%v: %v\n%s", cmd.Args, err, stderr)
			}
			kills++
		}
		sameResults(t, fmt.Sprintf("%s killed %d times", name, kills), files(t, dir), want)
		t.Logf("%s: killed %d times", name, kills)
	}
}
