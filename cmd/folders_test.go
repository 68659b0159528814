//go:build unix

package cmd_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Programs that write the same files at once leave whole ones, and nothing
// else.
func TestTwoAtOnce(t *testing.T) {
	for _, j := range jobs(t) {
		dir := t.TempDir()
		j.command(dir).mustRun(t)
		whole := contents(t, dir)
		dir = prepare(t, j)
		j.command(dir).run(t, func(*os.Process) {
			j.command(dir).run(t, func(*os.Process) {
				if o := j.command(dir).run(t, nil); o.status != 0 {
					t.Errorf("%s beside others: %v", j.program, o)
				}
			})
		})
		sameFiles(t, j.program, contents(t, dir), whole)
	}
}

// In a folder that may not be written, each program says so, before any work,
// and so it does of files that may not be read.
func TestReadOnlyFolder(t *testing.T) {
	dir, secret := t.TempDir(), t.TempDir()
	x, _ := points(t, 20, 3)
	if err := os.Rename(x, filepath.Join(secret, "x.npy")); err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]os.FileMode{filepath.Dir(dir): 0o755, dir: 0o555, secret: 0} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	defer os.Chmod(secret, 0o755)
	defer os.Chmod(dir, 0o755)
	for _, c := range []struct {
		program, want string
		args          []string
	}{
		{"cam", "-out: cam.png: permission denied", nil},
		{"cam", "-out: cam.png: permission denied", []string{"-json", "-"}},
		{"tsne", "-out: tsne.png: permission denied", nil},
		{"pca", "-out: pca.png: permission denied", nil},
		{"pca", "-save: s.npy: permission denied", []string{"-save", "s.npy"}},
		{"pca", "permission denied", []string{"-features", filepath.Join(secret, "x.npy")}},
		{"tsne", "permission denied", []string{"-data", secret}},
		{"cam", "permission denied", []string{"-image", secret}},
		{"cam", "permission denied", []string{"-weights", filepath.Join(secret, "x.npy"), "-image", "."}},
	} {
		var stdout, stderr bytes.Buffer
		cmd := command{program: c.program, dir: dir, args: c.args}.exec(t)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if os.Geteuid() == 0 { // who may write anywhere
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		o := ended(t, cmd, &stdout, &stderr)
		if o.status != 1 || o.stdout != "" || strings.Count(o.stderr, "\n") != 1 || !strings.Contains(o.stderr, c.want) {
			t.Errorf("%s %v: %v", c.program, c.args, o)
		}
	}
}
