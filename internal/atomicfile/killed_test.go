package atomicfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

// The test runs itself as a program that writes: childFolder is where, childMode how.
const (
	childFolder = "GLIMPSE_TEST_FOLDER"
	childMode   = "GLIMPSE_TEST_MODE"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		child(dir, os.Getenv(childMode))
	}
	os.Exit(m.Run())
}

const childSize = 200_000

// child writes files until it is killed: one again and again and ever new ones, or,
// to hold, one until its stdin ends.
func child(dir, mode string) {
	noUnnamed = strings.HasPrefix(mode, "named")
	fmt.Println("ready")
	if strings.Contains(mode, "hold") {
		err := Write(context.Background(), filepath.Join(dir, "held"), func(w io.Writer) error {
			w.Write(bytes.Repeat([]byte{'h'}, childSize)) // more than the buffer
			fmt.Println("begun")
			_, err := io.Copy(io.Discard, os.Stdin)
			return err
		})
		fmt.Println(err)
		os.Exit(0)
	}
	for i := 0; ; i++ {
		for _, name := range []string{"again", fmt.Sprint("new", rand.Uint32())} {
			if err := Write(context.Background(), filepath.Join(dir, name), content(byte('a'+i%26), childSize)); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
		}
	}
}

// start runs a child until it is ready.
func start(t *testing.T, dir, mode string) (cmd *exec.Cmd, stdin io.WriteCloser, stdout *bufio.Reader) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(self)
	cmd.Env = append(os.Environ(), childFolder+"="+dir, childMode+"="+mode)
	if stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stdout = bufio.NewReader(out)
	if line, err := stdout.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	return cmd, stdin, stdout
}

var temporaryNames = regexp.MustCompile(`^\.[^/]+\.glimpse-\d+\.tmp$`)

// left counts the temporary files in a folder, and fails the test unless every other
// file is whole.
func left(t *testing.T, dir string) (n int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if temporaryNames.MatchString(e.Name()) {
			n++
			continue
		}
		got, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil || len(got) != childSize || len(bytes.Trim(got, string(got[:1]))) != 0 {
			t.Errorf("%s: %d bytes, %v", e.Name(), len(got), err)
		}
	}
	return n
}

// A hundred programs, killed while they write, leave whole files alone: where files
// without names are known, hardly a temporary one, and everywhere none that the
// next program does not clear.
func TestKilledWriters(t *testing.T) {
	rounds := 100
	if testing.Short() {
		rounds = 20
	}
	for _, mode := range []string{"unnamed", "named"} {
		dir := t.TempDir()
		total := 0
		for round := range rounds {
			cmd, _, _ := start(t, dir, mode)
			time.Sleep(time.Duration(rand.New(rand.NewPCG(uint64(round), 3)).IntN(20_000)) * time.Microsecond)
			cmd.Process.Kill()
			cmd.Wait()
			total += left(t, dir)
			files, _ := filepath.Glob(filepath.Join(dir, "new*"))
			for _, name := range files {
				os.Remove(name)
			}
		}
		swept.Delete(dir + string(os.PathSeparator)) // as in a program of its own
		if err := Write(t.Context(), filepath.Join(dir, "again"), content('z', childSize)); err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" { // which waits a minute
			only(t, dir, "again")
		}
		t.Logf("%s: %d rounds left %d temporary files", mode, rounds, total)
		if f := openUnnamed(dir); f != nil {
			f.Close()
			if mode == "unnamed" && total > rounds/20 {
				t.Errorf("%d rounds left %d temporary files", rounds, total)
			}
		}
	}
}

// What another program is writing is not swept, however young or old.
func TestLivingWriterKeepsItsFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("where the lock is seen after a minute")
	}
	dir := t.TempDir()
	cmd, stdin, stdout := start(t, dir, "named hold")
	if line, err := stdout.ReadString('\n'); err != nil || line != "begun\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	// A dead one beside it.
	dead := temporaryName(filepath.Join(dir, "dead"), true)
	if err := os.WriteFile(dead, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	swept.Delete(dir + string(os.PathSeparator))
	if err := Write(t.Context(), filepath.Join(dir, "x"), content('x', childSize)); err != nil {
		t.Fatal(err)
	}
	if n := left(t, dir); n != 1 {
		t.Errorf("%d temporary files, want that of the living program", n)
	}
	stdin.Close()
	if line, err := stdout.ReadString('\n'); err != nil || line != "<nil>\n" {
		t.Errorf("the child says %q, %v", line, err)
	}
	cmd.Wait()
	only(t, dir, "held", "x")
	left(t, dir)
}

// All that holds of files without names holds of named ones.
func TestNamed(t *testing.T) {
	noUnnamed = true
	defer func() { noUnnamed = false }()
	for name, test := range map[string]func(*testing.T){
		"replaces": TestWriteReplacesWhole, "failure": TestWriteFailureLeavesNothing, "no folder": TestWriteToMissingFolder, "full disk": TestFullDisk,
		"targets": TestTargetsThatAreNoFile, "permissions": TestPermissionsAndLinks, "many": TestManyWritersOfOneFile, "stops": TestWriteStops,
	} {
		t.Run(name, test)
	}
}

// A file system that gives no names to files without, against its word, is written
// to all the same.
func TestLinkRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	for _, mode := range []os.FileMode{0o600, 0o640} { // new, and in place of another
		f, err := os.OpenFile(filepath.Join(dir, "linked"), os.O_RDWR|os.O_CREATE|os.O_TRUNC, mode)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Chmod(mode); err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("whole"); err != nil {
			t.Fatal(err)
		}
		// A file that is gone has no link to give.
		if err := os.Remove(f.Name()); err != nil {
			t.Skip(err)
		}
		tmp := &temporary{f, ""}
		if err := tmp.publish(path); err != nil {
			t.Fatal(err)
		}
		tmp.discard()
		got, err := os.ReadFile(path)
		info, _ := os.Stat(path)
		if err != nil || string(got) != "whole" || info.Mode().Perm() != mode && runtime.GOOS != "windows" {
			t.Errorf("%q, %v, %v", got, info.Mode(), err)
		}
		only(t, dir, "out")
		if _, err := f.WriteString("x"); !errors.Is(err, os.ErrClosed) {
			t.Errorf("the first file is still open: %v", err)
		}
	}
}

// Long names are cut, within their characters, so that the temporary one fits.
func TestTemporaryName(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", strings.Repeat("n", 255), "x" + strings.Repeat("é", 127)} {
		for _, locked := range []bool{false, true} {
			got := filepath.Base(temporaryName(filepath.Join(dir, name), locked))
			if len(got) > 255 || !temporaryNames.MatchString(got) || strings.ToValidUTF8(got, "?") != got || strings.Contains(got, lockedInfix+infix) != locked {
				t.Errorf("%q", got)
			}
		}
		if err := Write(t.Context(), filepath.Join(dir, name), content('x', 1)); err != nil {
			t.Error(err)
		}
	}
}
