// Package cli is what the programs share: how they start and end, how they
// find their network and their images, and how they show progress.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Exit statuses of the programs.
const (
	exitError       = 1
	exitUsage       = 2
	exitHungUp      = 129 // 128 + SIGHUP, as shells report it
	exitInterrupted = 130 // 128 + SIGINT
	exitClosed      = 141 // 128 + SIGPIPE
	exitTerminated  = 143 // 128 + SIGTERM
)

// Program is a program's work: it parses args (without the program's name),
// writes its findings to stdout and its progress to stderr.
type Program func(ctx context.Context, args []string, stdout, stderr io.Writer) error

// usageError is an error in the command line.
type usageError struct{ error }

// Usagef makes an error in the command line, which ends a program with exit
// status 2 and a pointer to -h.
func Usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// Main runs a program and ends the process: status 0, 1 for an error, 2 for an
// error in the command line, 130 after Ctrl-C, 143 after SIGTERM and 129 after
// SIGHUP. The first signal ends the context, so that the program can clean up;
// a second one kills.
//
// When whoever reads stdout goes away, as head does, the program still writes
// its files; the status is then 141, without a word.
func Main(name string, run Program) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	notifyHangUp(signals)
	go func() {
		s := <-signals
		signal.Stop(signals)
		cancel(interrupted{s})
	}()
	stdout := &output{w: os.Stdout}
	err := run(ctx, os.Args[1:], stdout, os.Stderr)
	if err == nil {
		err = stdout.err
	}
	os.Exit(status(ctx, name, err, os.Stderr))
}

// output is a stdout that remembers its first error, so that not every line
// has to be checked where it is printed.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// interrupted is the cause of a context that a signal ended.
type interrupted struct{ signal os.Signal }

func (i interrupted) Error() string { return "stopped by signal: " + i.signal.String() }

// status prints what went wrong, in one line, and returns the exit status.
func status(ctx context.Context, name string, err error, stderr io.Writer) int {
	var usage usageError
	var stop interrupted
	stopped := errors.As(context.Cause(ctx), &stop)
	switch {
	case stopped && err == nil:
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "%s: %s (%s -h explains)\n", name, Message(err), name)
		return exitUsage
	case stopped && errors.Is(err, context.Canceled):
		fmt.Fprintf(stderr, "%s: %v\n", name, stop)
	case errors.Is(err, syscall.EPIPE):
		if !stopped {
			return exitClosed
		}
	default:
		// A package of the program's name has put that before its error.
		fmt.Fprintf(stderr, "%s: %s\n", name, strings.TrimPrefix(Message(err), name+": "))
		if !stopped {
			return exitError
		}
	}
	switch {
	case stop.signal == syscall.SIGTERM:
		return exitTerminated
	case isHangUp(stop.signal):
		return exitHungUp
	}
	return exitInterrupted
}

// Parse parses a program's flags, and -version, which all have. Help and version go
// to stdout; any other error is one of the command line.
func Parse(flags *flag.FlagSet, args []string, help func(w io.Writer), stdout io.Writer) error {
	flags.SetOutput(io.Discard) // Main prints the error, once
	flags.Usage = func() {}
	printVersion := flags.Bool("version", false, "print the program's version and end")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		help(stdout)
		return err
	}
	if err != nil {
		return usageError{err}
	}
	if *printVersion {
		fmt.Fprintln(stdout, versionLine(flags.Name()))
		return flag.ErrHelp
	}
	// What an unset variable in a script leaves must not pass for a flag that
	// is not there: -data "$DIR" would draw the embedded scenes.
	flags.Visit(func(f *flag.Flag) {
		if text, isText := f.Value.(flag.Getter); err == nil && isText && text.Get() == "" && f.DefValue == "" {
			err = Usagef("-%s: an empty text", f.Name)
		}
	})
	return err
}

// PrintFlags writes the named flags, one a line with its default, under a
// heading: the groups of a program's help.
func PrintFlags(w io.Writer, flags *flag.FlagSet, heading string, names ...string) {
	const column = 22
	fmt.Fprintf(w, "\n%s\n", heading)
	for _, name := range names {
		f := flags.Lookup(name)
		if f == nil {
			continue
		}
		kind, usage := flag.UnquoteUsage(f)
		head := "-" + name
		if kind != "" {
			head += " " + kind
		}
		if f.DefValue != "" && f.DefValue != "0" && f.DefValue != "false" {
			usage += " (default " + f.DefValue + ")"
		}
		if len(head) > column {
			head += "\n" + strings.Repeat(" ", column+2)
		}
		fmt.Fprintf(w, "  %-*s %s\n", column, head, usage)
	}
}
