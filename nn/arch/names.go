package arch

import "regexp"

// A reading is a tensor's name in the file and the name that it is read as.
type reading struct{ name, file string }

// huggingFaceName turns the names of transformers' ResNet into torchvision's.
func huggingFaceName(name string) string {
	for _, r := range huggingFace {
		if m := r.from.FindStringSubmatchIndex(name); m != nil {
			return string(r.from.ExpandString(nil, r.to, name, m))
		}
	}
	if m := huggingFaceLayer.FindStringSubmatch(name); m != nil {
		kind := map[string]string{"convolution": "conv", "normalization": "bn"}[m[4]]
		return "layer" + next(m[1]) + "." + m[2] + "." + kind + next(m[3]) + "." + m[5]
	}
	if m := huggingFaceShortcut.FindStringSubmatch(name); m != nil {
		child := map[string]string{"convolution": "0", "normalization": "1"}[m[3]]
		return "layer" + next(m[1]) + "." + m[2] + ".downsample." + child + "." + m[4]
	}
	return name
}

var (
	huggingFace = []struct {
		from *regexp.Regexp
		to   string
	}{
		{regexp.MustCompile(`^embedder\.embedder\.convolution\.(.*)`), "conv1.$1"},
		{regexp.MustCompile(`^embedder\.embedder\.normalization\.(.*)`), "bn1.$1"},
		{regexp.MustCompile(`^classifier\.1\.(.*)`), "fc.$1"},
	}
	huggingFaceLayer    = regexp.MustCompile(`^(?:encoder\.)?stages\.(\d)\.layers\.(\d+)\.layer\.(\d)\.(convolution|normalization)\.(.*)`)
	huggingFaceShortcut = regexp.MustCompile(`^(?:encoder\.)?stages\.(\d)\.layers\.(\d+)\.shortcut\.(convolution|normalization)\.(.*)`)
)

// next adds one to a digit.
func next(digit string) string { return string(digit[0] + 1) }

// denseNetName turns the names of the files that torchvision offers for download
// ("denselayer1.norm.1") into those of its modules ("denselayer1.norm1").
func denseNetName(name string) string {
	return denseLayer.ReplaceAllString(name, "$1$2")
}

var denseLayer = regexp.MustCompile(`(denselayer\d+\.(?:norm|relu|conv))\.(\d)`)
