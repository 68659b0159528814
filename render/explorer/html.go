package explorer

import (
	"bufio"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"strings"
)

// The bundle of folder page: its program, its style and its markup.
//
//go:embed page/dist/explorer.js
var script string

//go:embed page/dist/explorer.css
var style string

//go:embed page/dist/body.html
var body string

// A checkout may have changed the ends of lines; browsers change them back before they
// compare hashes.
func init() {
	for _, text := range []*string{&script, &style, &body} {
		*text = strings.ReplaceAll(*text, "\r\n", "\n")
	}
}

// hash is how a Content-Security-Policy names the one text that it allows.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// policy forbids all but the program and the style of the page, and images that it makes
// itself. With live, WebAssembly runs too, in a worker.
func (b *builder) policy() string {
	scripts, workers := hash(script), ""
	if b.meta.Live {
		scripts, workers = scripts+" 'wasm-unsafe-eval'", "; worker-src blob:; media-src blob: mediastream:"
	}
	return "default-src 'none'; script-src " + scripts + "; style-src " + hash(style) +
		"; img-src blob: data:; base-uri 'none'; form-action 'none'" + workers
}

// write writes the file.
func (b *builder) write(ctx context.Context, w io.Writer) error {
	about, err := json.Marshal(b.meta) // with <, >, & and U+2028 escaped
	if err != nil {
		return fmt.Errorf("explorer: %w", err)
	}
	title := b.Title
	if title == "" {
		title = "Explorer"
	}
	out := bufio.NewWriterSize(w, 1<<16)
	fmt.Fprintf(out, `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="%s">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%s</title>
<style>%s</style>
</head>
<body>
%s
<script type="application/json" id="meta">%s</script>
`, b.policy(), html.EscapeString(strings.ToValidUTF8(title, "�")), style, body, about)
	for _, k := range b.blocks {
		if err := k.write(ctx, out); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "<script>%s</script>\n</body>\n</html>\n", script)
	return out.Flush()
}
