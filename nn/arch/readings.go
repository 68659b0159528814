package arch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/internal/visible"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// A readingOf is a way to read the names of a state dict: those of a network, and the
// tensors of the file that are then left out.
type readingOf struct {
	names   []reading
	leftOut []string
}

// prefix is what stands in front of the network's names in the file.
func (r readingOf) prefix() string {
	for _, n := range r.names {
		if prefix, _ := strings.CutSuffix(n.file, n.name); prefix != "" {
			return prefix
		}
	}
	return ""
}

// prefixes stand before the names of a network that is part of another module.
var prefixes = []string{"module.", "_orig_mod.", "model.", "net.", "network.", "encoder.", "backbone.", "resnet.", "features.", "base_model.", "cnn.", "feature_extractor."}

// readings returns the ways to read the names of a state dict, in the order in which they
// are tried:
//
// as they stand, and without what stands in front of most of them, once or several times
// (the tensors of other names, a head beside its backbone, keep theirs): names that people
// give, and then any module that most are in;
//
// then the networks within: what stands behind a prefix, with all else left out. Those of
// more tensors come first; of equals, running averages and momentum copies come last, and
// a student after its teacher, as DINO evaluates the teacher. The option prefix names one.
func readings(sd *checkpoint.StateDict, prefix string) ([]readingOf, error) {
	names := make([]reading, 0, sd.Len()+len(sd.Skipped))
	for _, name := range sd.Names() {
		names = append(names, reading{unwrapped(name), name})
	}
	for _, s := range sd.Skipped {
		names = append(names, reading{unwrapped(s.Name), s.Name})
	}
	if prefix != "" {
		r := behind(names, unwrapped(strings.TrimSuffix(prefix, ".")+"."))
		if len(r.names) == 0 {
			return nil, optionError{fmt.Errorf("arch: prefix=%s: no tensor's name begins with that; they are %s", prefix, someNames(sd))}
		}
		return []readingOf{r}, nil
	}
	list := []readingOf{{names: names}}
	shorter := names
	for range 4 {
		for _, prefix := range prefixes {
			if without, carry := without(shorter, prefix); 2*carry > len(shorter) {
				shorter = without
				list = append(list, readingOf{names: shorter})
				break
			}
		}
	}
	if prefix := commonest(shorter); prefix != "" {
		shorter, _ = without(shorter, prefix)
		list = append(list, readingOf{names: shorter})
	}
	for _, prefix := range networksWithin(names) {
		list = append(list, behind(names, prefix))
	}
	return list, nil
}

// unwrapped leaves out the modules that PyTorch wraps around others within a name, as in
// features.module.0.weight of a network of which a part runs in parallel.
func unwrapped(name string) string {
	for _, wrapper := range []string{".module.", "._orig_mod."} {
		name = strings.ReplaceAll(name, wrapper, ".")
	}
	return name
}

// commonest is the module that most names are in, with a dot, or nothing.
func commonest(names []reading) string {
	count := map[string]int{}
	for _, n := range names {
		if module, _, in := strings.Cut(n.name, "."); in {
			if count[module]++; 2*count[module] > len(names) {
				return module + "."
			}
		}
	}
	return ""
}

// without leaves a prefix out; carry counts the names that had it.
func without(names []reading, prefix string) (shorter []reading, carry int) {
	shorter = make([]reading, len(names))
	for i, n := range names {
		rest, has := strings.CutPrefix(n.name, prefix)
		shorter[i] = reading{rest, n.file}
		if has {
			carry++
		}
	}
	return shorter, carry
}

// behind takes the names that begin with a prefix, without it.
func behind(names []reading, prefix string) readingOf {
	var r readingOf
	for _, n := range names {
		if rest, has := strings.CutPrefix(n.name, prefix); has && rest != "" {
			r.names = append(r.names, reading{rest, n.file})
		} else if !ignored(n.name) {
			r.leftOut = append(r.leftOut, n.file)
		}
	}
	return r
}

// networksWithin returns prefixes behind which a network may stand, at most so many as no
// file of people has.
func networksWithin(names []reading) []string {
	const (
		mostPrefixes = 8
		mostDepth    = 4
		fewest       = 8 // tensors of the smallest network: five layers
	)
	count := map[string]int{}
	var order []string // as in the file
	for _, n := range names {
		end := 0
		for range mostDepth {
			dot := strings.IndexByte(n.name[end:], '.')
			if dot < 0 {
				break
			}
			end += dot + 1
			if count[n.name[:end]]++; count[n.name[:end]] == 1 {
				order = append(order, n.name[:end])
			}
		}
	}
	order = slices.DeleteFunc(order, func(p string) bool { return count[p] < fewest || count[p] == len(names) })
	slices.SortStableFunc(order, func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(copyRank(a), copyRank(b)))
	})
	return order[:min(len(order), mostPrefixes)]
}

// copyRank is 0 for a network, 1 for a student, 2 for a copy of another: a running average.
func copyRank(prefix string) int {
	rank := 0
	for _, word := range strings.FieldsFunc(strings.ToLower(prefix), func(r rune) bool { return r == '.' || r == '_' }) {
		switch word {
		case "ema", "momentum", "target", "averaged", "swa", "k", "key":
			return 2
		case "student":
			rank = 1
		}
	}
	return rank
}

// forTraining are the first parts of names of modules that are for training alone: losses,
// and the projections of contrastive learning.
var forTraining = []string{"criterion", "loss", "projector", "projection", "proj_head", "predictor", "queue", "queue_ptr", "prototypes"}

// isForTraining tells whether a module of the network's own level is for training alone.
func isForTraining(name string) bool {
	first, _, _ := strings.Cut(strings.ToLower(name), ".")
	return slices.ContainsFunc(forTraining, func(known string) bool {
		return first == known || strings.HasPrefix(first, known+"_") || strings.HasSuffix(first, "_"+known)
	})
}

// someNames lists the first names of a state dict.
func someNames(sd *checkpoint.StateDict) string { return some(sd.Names()) }

// some lists the first of some names.
func some(names []string) string {
	const most = 4
	var list []string
	for _, name := range names[:min(len(names), most)] {
		list = append(list, visible.Short(name))
	}
	text := strings.Join(list, ", ")
	if len(names) > most {
		text += fmt.Sprintf(", ... (%d in all)", len(names))
	}
	return text
}
