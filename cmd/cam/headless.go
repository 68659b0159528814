package main

import (
	"strings"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cmd/internal/cli"
)

// withoutClasses fits the flags to a network that ends with its features: maps are those of
// methods that need no class, by default the first of them.
func (o *options) withoutClasses(network string) error {
	var names []string
	for _, m := range cam.Methods() {
		if !cam.NeedsClass(m) {
			names = append(names, m.Name())
		}
	}
	const asks = "%s asks for a class, and %s has no last layer: use -method %s; tsne and pca draw its features"
	for _, flag := range []struct {
		name string
		set  bool
	}{{"-class", o.class != ""}, {"-top", o.top > 0}, {"-target", o.target != "logit"}, {"-evaluate", o.evaluate}} {
		if flag.set {
			return cli.Usagef(asks, flag.name, network, strings.Join(names, " or "))
		}
	}
	switch o.method {
	case "":
		o.method = names[0]
	case "all":
		o.method = strings.Join(names, ",")
	}
	for name := range strings.SplitSeq(o.method, ",") {
		name = strings.TrimSpace(name)
		if m, err := cam.MethodByName(name); err == nil && cam.NeedsClass(m) {
			return cli.Usagef(asks, "-method "+name, network, strings.Join(names, " or "))
		}
	}
	return nil
}
