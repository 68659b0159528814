package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
)

// after is a context that a signal has ended, or one that goes on.
func after(s os.Signal) context.Context {
	if s == nil {
		return context.Background()
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(interrupted{s})
	return ctx
}

// Every way to end has its status and its line.
func TestStatus(t *testing.T) {
	boom := errors.New("boom")
	for _, c := range []struct {
		signal os.Signal
		err    error
		status int
		line   string
	}{
		{nil, nil, 0, ""},
		{nil, flag.ErrHelp, 0, ""},
		{nil, fmt.Errorf("so: %w", flag.ErrHelp), 0, ""},
		{nil, boom, 1, "cam: boom\n"},
		{nil, errors.New("cam: no maps"), 1, "cam: no maps\n"},
		{nil, errors.New("camera: none"), 1, "cam: camera: none\n"},
		{nil, Usagef("-x %d", 7), 2, "cam: -x 7 (cam -h explains)\n"},
		{nil, fmt.Errorf("so: %w", Usagef("-x")), 2, "cam: so: -x (cam -h explains)\n"},
		{nil, context.Canceled, 1, "cam: context canceled\n"}, // by no signal
		{nil, fmt.Errorf("out: %w", syscall.EPIPE), 141, ""},
		{os.Interrupt, nil, 130, ""},
		{os.Interrupt, context.Canceled, 130, "cam: stopped by signal: interrupt\n"},
		{syscall.SIGTERM, fmt.Errorf("x: %w", context.Canceled), 143, "cam: stopped by signal: terminated\n"},
		{syscall.SIGHUP, context.Canceled, 129, "cam: stopped by signal: hangup\n"},
		{syscall.SIGTERM, boom, 143, "cam: boom\n"},
		{syscall.SIGTERM, syscall.EPIPE, 143, ""},
		{os.Interrupt, flag.ErrHelp, 0, ""},
		{os.Interrupt, Usagef("-x"), 2, "cam: -x (cam -h explains)\n"},
	} {
		var stderr bytes.Buffer
		if got := status(after(c.signal), "cam", c.err, &stderr); got != c.status || stderr.String() != c.line {
			t.Errorf("%v, %v: status %d, %q; want %d, %q", c.signal, c.err, got, stderr.String(), c.status, c.line)
		}
	}
}

// failing fails from the second write on.
type failing struct{ n int }

func (f *failing) Write(p []byte) (int, error) {
	f.n++
	if f.n == 1 {
		return len(p), nil
	}
	return 0, fmt.Errorf("write %d", f.n)
}

func TestOutputRemembersItsFirstError(t *testing.T) {
	o := &output{w: &failing{}}
	for range 3 {
		fmt.Fprint(o, "x")
	}
	if o.err == nil || o.err.Error() != "write 2" {
		t.Errorf("error %v", o.err)
	}
	fine := &output{w: io.Discard}
	if n, err := fine.Write([]byte("abc")); n != 3 || err != nil || fine.err != nil {
		t.Errorf("%d, %v, %v", n, err, fine.err)
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		args  string
		want  string // of the error
		usage bool
	}{
		{"", "", false},
		{"-text a -number 3 rest", "", false},
		{"-nonsense", "-nonsense", true},
		{"-number x", `invalid value "x"`, true},
		{"-number", "needs an argument", true},
		{"-text=", "-text: an empty text", true},
		{"-preset=", "", false}, // means none
		{"-h", "help requested", false},
		{"-help", "help requested", false},
	} {
		flags := flag.NewFlagSet("cam", flag.ContinueOnError)
		text := flags.String("text", "", "")
		preset := flags.String("preset", "cam.csv", "")
		number := flags.Int("number", 5, "")
		helped := 0
		var stdout bytes.Buffer
		err := Parse(flags, strings.Fields(c.args), func(w io.Writer) { helped++; fmt.Fprint(w, "HELP") }, &stdout)
		_, usage := errors.AsType[usageError](err)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) || usage != c.usage {
			t.Errorf("%q: %v, want %q", c.args, err, c.want)
		}
		if asked := strings.Contains(c.args, "-h"); asked != (helped == 1) || asked != (stdout.String() == "HELP") {
			t.Errorf("%q: helped %d times, %q", c.args, helped, stdout.String())
		}
		if c.args == "-text a -number 3 rest" && (*text != "a" || *number != 3 || flags.NArg() != 1) {
			t.Errorf("%q, %d, %q", *text, *number, flags.Args())
		}
		if c.args == "-preset=" && *preset != "" {
			t.Errorf("preset %q", *preset)
		}
	}
	// The first of two.
	flags := flag.NewFlagSet("cam", flag.ContinueOnError)
	flags.String("a", "", "")
	flags.String("b", "", "")
	if err := Parse(flags, []string{"-b=", "-a="}, nil, io.Discard); err == nil || err.Error() != "-a: an empty text" {
		t.Errorf("error %v", err)
	}
}

func TestPrintFlags(t *testing.T) {
	flags := flag.NewFlagSet("cam", flag.ContinueOnError)
	flags.Int("count", 20, "`number` of images")
	flags.Int("none", 0, "nothing of `zero`")
	flags.Bool("on", false, "a switch")
	flags.Bool("off", true, "another")
	flags.String("text", "", "some text")
	var got bytes.Buffer
	PrintFlags(&got, flags, "Heading", "count", "absent", "none", "on", "off", "text")
	want := "\nHeading\n" +
		"  -count number          number of images (default 20)\n" +
		"  -none zero             nothing of zero\n" +
		"  -on                    a switch\n" +
		"  -off                   another (default true)\n" +
		"  -text string           some text\n"
	if got.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", got.String(), want)
	}
}

// What is no terminal has no bar, and a bar is used all the same. Within a minute it says nothing.
func TestNoProgress(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	file, err := os.Create(t.TempDir() + "/x")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var b bytes.Buffer
	for _, w := range []io.Writer{&b, null, file} {
		for _, p := range []*Progress{NewProgress(w, 10, "x", "images"), NewBytesProgress(w, 10, "x")} {
			if p.bar != nil {
				t.Errorf("a bar on %T", w)
			}
			p.Add(1)
			p.Set(5)
			p.Describe("y")
			p.Hide()
			p.Done()
		}
	}
	if info, err := file.Stat(); b.Len() > 0 || err != nil || info.Size() > 0 {
		t.Errorf("wrote %q, %d bytes", b.String(), info.Size())
	}
	closed, _ := os.Create(t.TempDir() + "/y")
	closed.Close()
	if isTerminal(closed) {
		t.Error("a closed file is a terminal")
	}
}
