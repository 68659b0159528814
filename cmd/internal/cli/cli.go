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
	"syscall"
)

// Exit statuses of the programs.
const (
	exitError       = 1
	exitUsage       = 2
	exitInterrupted = 130 // 128 + SIGINT, as shells report it
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
// error in the command line, 130 after Ctrl-C and 143 after SIGTERM. The first
// signal ends the context, so that the program can clean up; a second one kills.
func Main(name string, run Program) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		s := <-signals
		signal.Stop(signals)
		cancel(interrupted{s})
	}()
	os.Exit(status(ctx, name, run(ctx, os.Args[1:], os.Stdout, os.Stderr), os.Stderr))
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
		fmt.Fprintf(stderr, "%s: %v (%s -h explains)\n", name, err, name)
		return exitUsage
	case stopped && errors.Is(err, context.Canceled):
		fmt.Fprintf(stderr, "%s: %v\n", name, stop)
	default:
		fmt.Fprintf(stderr, "%s: %v\n", name, err)
		if !stopped {
			return exitError
		}
	}
	if stop.signal == syscall.SIGTERM {
		return exitTerminated
	}
	return exitInterrupted
}

// Parse parses a program's flags. Help goes to stdout; any other error is one
// of the command line.
func Parse(flags *flag.FlagSet, args []string, help func(w io.Writer), stdout io.Writer) error {
	flags.SetOutput(io.Discard) // Main prints the error, once
	flags.Usage = func() {}
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		help(stdout)
		return err
	}
	if err != nil {
		return usageError{err}
	}
	return nil
}

// PrintFlags writes the named flags, one a line with its default, under a
// heading: the groups of a program's help.
func PrintFlags(w io.Writer, flags *flag.FlagSet, heading string, names ...string) {
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
		fmt.Fprintf(w, "  %-22s %s\n", head, usage)
	}
}
