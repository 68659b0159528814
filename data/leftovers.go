package data

import (
	"slices"
	"strings"
)

// Leftovers are what other programs put beside the images of a folder: macOS,
// Windows and Synology their notes and previews, browsers what they have not
// finished, Jupyter its copies. Their names may end as an image's does, and their
// folders pass for classes, so they are passed over by these names alone.

// leftoverFolders are folders of them, in small letters.
var leftoverFolders = []string{
	"__macosx", ".appledouble", ".trashes", ".spotlight-v100", ".fseventsd", "@eadir", "#recycle", "$recycle.bin",
	"system volume information", "lost+found", ".ipynb_checkpoints", "__pycache__", ".git", ".svn", ".cache", ".thumbnails",
}

// leftoverFiles are files of them, in small letters.
var leftoverFiles = []string{".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", ".directory"}

// unfinished are the endings behind an image's name while it is written.
var unfinished = []string{".part", ".partial", ".crdownload", ".download", ".tmp", "~"}

// isLeftoverFolder tells whether a folder is one that some program left.
func isLeftoverFolder(name string) bool {
	return slices.Contains(leftoverFolders, strings.ToLower(name))
}

// isLeftoverFile tells whether a file is one that some program left.
func isLeftoverFile(name string) bool {
	if strings.HasPrefix(name, "._") || slices.Contains(leftoverFiles, strings.ToLower(name)) {
		return true
	}
	return slices.ContainsFunc(unfinished, func(end string) bool {
		whole, found := strings.CutSuffix(strings.ToLower(name), end)
		return found && (hasExtension(whole, plainExtensions) || hasExtension(whole, folderExtensions) || strings.Contains(whole, ".glimpse-"))
	})
}
