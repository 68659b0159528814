package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by .ci/release, with -ldflags -X.
var version string

// versionLine says which build of a program this is: its version, or the commit that
// it was built from, and the Go and the platform that it was built with and for.
func versionLine(program string) string {
	info, _ := debug.ReadBuildInfo()
	return fmt.Sprintf("%s %s %s %s/%s", program, versionOf(version, info), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// versionOf is the version that was set, or else that of the module, or else the
// commit, with a + where files had been changed.
func versionOf(set string, info *debug.BuildInfo) string {
	if set != "" {
		return set
	}
	if info == nil {
		return "unknown"
	}
	commit, changed := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+"
		}
	}
	switch {
	case commit != "":
		return "commit " + commit + changed
	case info.Main.Version != "" && info.Main.Version != "(devel)":
		return info.Main.Version
	}
	return "devel"
}
