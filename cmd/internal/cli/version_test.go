package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionOf(t *testing.T) {
	commit := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123"}
	changed := debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	for _, c := range []struct {
		set  string
		info *debug.BuildInfo
		want string
	}{
		{"v1.2.3", nil, "v1.2.3"},
		{"", nil, "unknown"},
		{"", &debug.BuildInfo{}, "devel"},
		{"", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "devel"},
		{"", &debug.BuildInfo{Main: debug.Module{Version: "v0.9.0"}}, "v0.9.0"},
		{"", &debug.BuildInfo{Settings: []debug.BuildSetting{commit}}, "commit 0123456789ab"},
		{"", &debug.BuildInfo{Settings: []debug.BuildSetting{commit, changed}}, "commit 0123456789ab+"},
		{"v1.2.3", &debug.BuildInfo{Settings: []debug.BuildSetting{commit}}, "v1.2.3"},
	} {
		if got := versionOf(c.set, c.info); got != c.want {
			t.Errorf("%q, %+v: %q, want %q", c.set, c.info, got, c.want)
		}
	}
}

// Every program that parses its flags here has -version, which prints one line and
// is no error.
func TestVersionFlag(t *testing.T) {
	flags := flag.NewFlagSet("cam", flag.ContinueOnError)
	var out bytes.Buffer
	err := Parse(flags, []string{"-version"}, func(io.Writer) { t.Error("help was printed") }, &out)
	if !errors.Is(err, flag.ErrHelp) || status(context.Background(), "cam", err, io.Discard) != 0 {
		t.Errorf("error %v", err)
	}
	line := out.String()
	if !strings.HasPrefix(line, "cam ") || !strings.HasSuffix(line, runtime.GOOS+"/"+runtime.GOARCH+"\n") || strings.Count(line, "\n") != 1 {
		t.Errorf("%q", line)
	}
	if err := Parse(flag.NewFlagSet("cam", flag.ContinueOnError), nil, nil, io.Discard); err != nil {
		t.Errorf("without flags: %v", err)
	}
}
