package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal/extworker"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/data/scenes"
)

// The test's binary is the program too, and Prism and a pool of workers as processes of
// their own.
const modeVariable, portVariable = "GLIMPSE_BEAM_TEST", "GLIMPSE_BEAM_PORT"

func TestMain(m *testing.M) {
	port, _ := strconv.Atoi(os.Getenv(portVariable))
	switch os.Getenv(modeVariable) {
	case "program":
		main()
	case "prism":
		if _, err := prism.CreateJobServer(context.Background(), prism.Options{Port: port}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		select {}
	case "pool":
		beam.Init()
		if _, err := extworker.StartLoopback(context.Background(), port); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		select {}
	}
	os.Exit(m.Run())
}

// output is what a process has printed so far.
type output struct{ path string }

func (o output) String() string {
	b, _ := os.ReadFile(o.path)
	return string(b)
}

// start starts this binary in a mode; it is killed when the test ends.
func start(t *testing.T, mode string, port int, args ...string) (*exec.Cmd, output) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := output{f.Name()}
	c := exec.Command(exe, args...)
	c.Env = append(os.Environ(), modeVariable+"="+mode, portVariable+"="+strconv.Itoa(port))
	c.Stdout, c.Stderr = f, f
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	return c, out
}

// serve starts a process that serves a port, and waits until it does.
func serve(t *testing.T, mode string) (*exec.Cmd, string) {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	c, out := start(t, mode, port)
	address := fmt.Sprintf("localhost:%d", port)
	for range 300 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return c, address
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s does not serve: %s", mode, out)
	return nil, ""
}

// program runs the program to its end.
func program(t *testing.T, args ...string) (string, error) {
	t.Helper()
	c, out := start(t, "program", 0, args...)
	err := c.Wait()
	return out.String(), err
}

// other builds one of the single-process programs.
func other(t *testing.T, name string) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), name)
	if out, err := exec.Command("go", "build", "-o", exe, "github.com/glimpse-go/glimpse/cmd/"+name).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return exe
}

// features are the .npy shards of a folder: how many files, how many rows, and all numbers.
func features(t *testing.T, dir string) (files, rows int, v []float64) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "features-*[0-9].npy"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(paths)
	for _, path := range paths {
		a, err := npy.Load(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		rows += a.Shape[0]
		v = append(v, a.Float64s()...)
	}
	return len(paths), rows, v
}

// The features and the accuracy are those that cmd/pca and cmd/cam find of the same images,
// with the embedded scenes and with CIFAR-10; on Prism in the program's process, in a
// process of its own with workers in the program's, and with workers in a third.
func TestProgramsAgree(t *testing.T) {
	dir := t.TempDir()
	input := []string{"-scenes", "100"}
	if cifar := "../../../shared/data/cifar-10-batches-bin"; !testing.Short() {
		if _, err := os.Stat(cifar); err == nil {
			input = []string{"-data", cifar}
		}
	}
	saved := filepath.Join(dir, "single.npy")
	if out, err := exec.Command(other(t, "pca"), append(input, "-save", saved, "-npy", "", "-csv", "", "-out", filepath.Join(dir, "pca.png"))...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	report := filepath.Join(dir, "cam.json")
	if out, err := exec.Command(other(t, "cam"), append(input, "-json", report, "-count", "1", "-out", filepath.Join(dir, "cam.png"))...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var cam struct {
		Accuracy struct{ Correct, Images int64 }
	}
	readJSON(t, report, &cam)
	want, err := npy.Load(t.Context(), saved)
	if err != nil {
		t.Fatal(err)
	}
	_, jobs := serve(t, "prism")
	_, pool := serve(t, "pool")
	exe, err := os.Executable() // else the runner would build a program to send to workers
	if err != nil {
		t.Fatal(err)
	}
	for name, flags := range map[string][]string{
		"one process": nil,
		"loopback":    {"-runner", "universal", "-endpoint", jobs, "-environment_type", "loopback"},
		"pool":        {"-runner", "universal", "-endpoint", jobs, "-environment_type", "external", "-environment_config", pool, "-worker_binary", exe},
	} {
		out := filepath.Join(dir, name)
		text, err := program(t, append(append(input, "-output", out, "-write", "npy,parquet", "-shards", "7"), flags...)...)
		if err != nil {
			t.Errorf("%s: %v: %s", name, err, text)
			continue
		}
		files, rows, v := features(t, out)
		if files != 7 || rows != want.Shape[0] || !slices.Equal(v, want.Float64s()) {
			t.Errorf("%s: %d files, %d rows, or other features", name, files, rows)
		}
		var got struct{ Images, Correct int64 }
		readJSON(t, filepath.Join(out, "accuracy.json"), &got)
		if got.Images != cam.Accuracy.Images || got.Correct != cam.Accuracy.Correct {
			t.Errorf("%s: %d right of %d, cam says %d of %d", name, got.Correct, got.Images, cam.Accuracy.Correct, cam.Accuracy.Images)
		}
		if name != "pool" && !strings.Contains(text, "network_loads 1,") {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A program that is killed while it writes leaves shards that are whole, and the next run
// completes them.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	args := []string{"-scenes", "600", "-shards", "300", "-write", "npy", "-output", dir}
	c, out := start(t, "program", 0, args...)
	deadline := time.Now().Add(5 * time.Minute)
	for {
		if paths, _ := filepath.Glob(filepath.Join(dir, "features-*.npy")); len(paths) > 20 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("nothing is written: %s", out)
		}
		time.Sleep(2 * time.Millisecond)
	}
	c.Process.Kill()
	c.Wait()
	files, _, _ := features(t, dir)
	t.Logf("%d shards when it was killed", files)
	if text, err := program(t, args...); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if files, rows, _ := features(t, dir); files != 300 || rows != 600 {
		t.Errorf("%d files, %d rows", files, rows)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s is left", e.Name())
		}
	}
}

// A worker that is killed ends the run on Prism at once, with an error that says so, and no
// shard is half there.
func TestWorkerKilled(t *testing.T) {
	dir := t.TempDir()
	_, jobs := serve(t, "prism")
	worker, pool := serve(t, "pool")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c, out := start(t, "program", 0, "-scenes", "2000", "-write", "npy", "-output", dir,
		"-runner", "universal", "-endpoint", jobs, "-environment_type", "external", "-environment_config", pool, "-worker_binary", exe)
	for range 600 {
		if strings.Contains(out.String(), "state: RUNNING") {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(time.Second)
	worker.Process.Kill()
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(out.String(), "worker disconnected") {
			t.Errorf("error %v: %s", err, out)
		}
	case <-time.After(time.Minute):
		t.Errorf("no end after a minute: %s", out)
	}
	features(t, dir) // whole, as many as there are
}

// Errors come before the work, and say what is wrong.
func TestUsage(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "-output is needed"},
		{[]string{"-output", dir, "-shards", "0"}, "-shards 0"},
		{[]string{"-output", dir, "-write", "paper"}, `-write "paper"`},
		{[]string{"-output", dir, "-tar", "a", "-files", "b"}, "exclude each other"},
		{[]string{"-output", dir, "-features", "a", "-write", "maps"}, "-features takes the place"},
		{[]string{"-output", dir, "-tsne", "20"}, "-perplexity 30"},
		{[]string{"-output", dir, "-scenes", "20", "-components", "21"}, "at most 20"},
		{[]string{"-output", dir, "-scenes", "30", "-tsne", "2000"}, "less than the 30 images"},
		{[]string{"-output", dir, "-tar", filepath.Join(dir, "*.tar")}, "no such files"},
		{[]string{"-output", dir, "-write", "maps", "-method", "guess"}, "guess"},
		{[]string{"-output", dir, "x"}, `unexpected argument "x"`},
	} {
		if text, err := program(t, c.args...); err == nil || !strings.Contains(text, c.want) {
			t.Errorf("%q: error %v: %s", c.args, err, text)
		}
	}
	text, err := program(t, "-dry-run", "-output", filepath.Join(dir, "none"), "-shards", "9")
	if err != nil || !strings.Contains(text, "1000 images in 9 shards") || !strings.Contains(text, "9 shards of parquet, about") {
		t.Errorf("dry run: %v: %s", err, text)
	}
	if _, err := os.Stat(filepath.Join(dir, "none")); err == nil {
		t.Error("a dry run makes a folder")
	}
	text, err = program(t, "-h")
	if err != nil || !strings.Contains(text, "-runner") || !strings.Contains(text, "-tsne") {
		t.Errorf("help: %v: %s", err, text)
	}
}

// Features that one run has written are the input of the next.
func TestFeaturesAgain(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "1"), filepath.Join(dir, "2")
	if text, err := program(t, "-scenes", "60", "-shards", "3", "-write", "npy", "-output", first); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	text, err := program(t, "-features", filepath.Join(first, "features-*.npy"), "-write", "npy,means", "-tsne", "40", "-perplexity", "5", "-iterations", "50", "-output", second)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	_, rows, want := features(t, first)
	files, _, got := features(t, second)
	if files != 3 || rows != 60 || !slices.Equal(got, want) {
		t.Errorf("%d files, or other features", files)
	}
	var means []struct{ Points int }
	readJSON(t, filepath.Join(second, "class_means.json"), &means)
	if len(means) != len(scenes.Classes()) {
		t.Errorf("%d classes", len(means))
	}
}
