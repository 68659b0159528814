package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/internal/visible"
	"github.com/glimpse-go/glimpse/nn"
)

// variant is one way to explain: a method over a layer. A figure has a column of each, a
// table a row.
type variant struct {
	name   string // for people: the method's, with the layer where there are several
	method cam.Method
	layer  string // as the flag says; empty where the method has none
}

// explain makes the maps of a batch; classes are those of each image, or nil.
func (v *variant) explain(ctx context.Context, q cam.Question) (*cam.Result, error) {
	if !combined(v.layer) {
		q.Layer = v.layer
	}
	r, err := v.method.Explain(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.name, err)
	}
	return r, nil
}

// combined tells whether several layers are asked for at once.
func combined(layer string) bool { return strings.ContainsAny(layer, "+*") }

// variants follows -method, -layer, -smooth and the network.
func (o *options) variants(net nn.Network) ([]*variant, error) {
	o.layer = strings.ReplaceAll(o.layer, " ", "") // no module's name has one
	methods, err := o.chosenMethods(net)
	if err != nil {
		return nil, err
	}
	layers := []string{""}
	if o.layer != "" {
		layers = strings.Split(o.layer, ",")
		if err := checkLayers(net, layers); err != nil {
			return nil, err
		}
	}
	var out []*variant
	for _, m := range methods {
		before := len(out)
		var misfit error // why cam cannot map a layer
		if !cam.HasLayer(m) {
			out = append(out, &variant{m.Name(), o.smoothed(m), ""})
			continue
		}
		for _, layer := range layers {
			if m == cam.Method(cam.CAM{}) && layer != "" && !combined(layer) {
				if _, misfit = cam.New(net, layer); misfit != nil {
					continue // the others are drawn over it
				}
			}
			v := &variant{m.Name(), m, layer}
			if len(layers) > 1 {
				v.name += " " + layer
			}
			switch {
			case layer == "" && m == cam.Method(cam.CAM{}):
				v.layer = cam.DefaultLayer(net)
				if v.layer == "" {
					v.layer = net.Pooled()
				}
			case layer == "":
				v.layer = cam.LastMaps(net)
			case combined(layer):
				names := strings.FieldsFunc(layer, func(r rune) bool { return r == '+' || r == '*' })
				v.method = cam.Layers{Base: m, Names: names, Product: strings.Contains(layer, "*")}
			}
			v.method = o.smoothed(v.method)
			out = append(out, v)
		}
		if len(out) == before && o.method != "all" && o.method != "" { // it is asked for by name
			return nil, cli.Usagef("-layer %s: %v; -method gradcam maps any", o.layer, strings.TrimPrefix(misfit.Error(), "cam: "))
		}
	}
	return out, nil
}

// smoothed follows -smooth.
func (o *options) smoothed(m cam.Method) cam.Method {
	if o.smooth {
		return cam.Smoothed{Base: m}
	}
	return m
}

// quick are the methods that -evaluate measures by default: those of a pass there and back.
var quick = []string{"cam", "gradcam", "gradcam++", "xgradcam", "layercam", "hirescam", "elementwise", "eigencam", "eigengradcam", "fem", "fullgrad", "gradient", "inputxgradient", "guidedbackprop"}

// fits tells whether cam can map the layers that are asked for.
func (o *options) fits(net nn.Network) bool {
	for layer := range strings.SplitSeq(o.layer, ",") {
		if layer == "" {
			continue
		}
		if _, err := cam.New(net, layer); err != nil {
			return false
		}
	}
	return true
}

// chosenMethods follows -method. Without it that is cam where it is exact, can map the
// layer, and nothing but the logit is asked for, else gradcam.
func (o *options) chosenMethods(net nn.Network) ([]cam.Method, error) {
	exact := net.Pooled() != ""
	var names []string
	switch {
	case o.method == "all":
		for _, m := range cam.Methods() {
			names = append(names, m.Name())
		}
	case o.method != "":
		names = strings.Split(o.method, ",")
		if slices.Contains(names, "all") {
			return nil, cli.Usagef("-method %s: all stands alone", o.method)
		}
	case o.evaluate:
		names = quick
	case exact && o.target == "logit" && o.fits(net):
		names = []string{"cam"}
	default:
		names = []string{"gradcam"}
	}
	if (o.method == "all" || o.method == "") && !exact {
		names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "cam" })
	}
	var methods []cam.Method
	for _, name := range names {
		m, err := cam.MethodByName(strings.TrimSpace(name))
		if err != nil {
			return nil, cli.Usagef("-method: %v", strings.TrimPrefix(err.Error(), "cam: "))
		}
		if m == cam.Method(cam.CAM{}) {
			if _, err := cam.New(net, ""); err != nil {
				return nil, fmt.Errorf("%w; -method gradcam needs none", err)
			}
			if o.target != "logit" && o.method != "all" && !o.evaluate {
				return nil, cli.Usagef("-target %s: cam explains the logit; -method gradcam explains what you ask", o.target)
			}
		}
		if !slices.ContainsFunc(methods, func(other cam.Method) bool { return other.Name() == m.Name() }) {
			methods = append(methods, m)
		}
	}
	return methods, nil
}

// checkLayers returns an error unless all layers are modules whose output is a map.
func checkLayers(net nn.Network, layers []string) error {
	for _, layer := range layers {
		if strings.Contains(layer, "+") && strings.Contains(layer, "*") {
			return cli.Usagef("-layer %q: want the mean of several layers (a+b) or their product (a*b)", layer)
		}
		for _, name := range strings.FieldsFunc(layer+" ", func(r rune) bool { return r == '+' || r == '*' }) {
			if net.Channels(strings.TrimSpace(name)) == 0 {
				return cli.Usagef("-layer %q: no module whose output is a map; there are %s", strings.TrimSpace(name), visible.List(mapped(net)))
			}
		}
	}
	return nil
}

// mapped lists the modules whose output is a map, of containers and what is in them: the
// outermost first, then the last.
func mapped(net nn.Network) []string {
	var outer, inner []string
	for _, name := range net.Modules() {
		switch depth := strings.Count(name, "."); {
		case net.Channels(name) == 0 || depth > 1:
		case depth == 0:
			outer = append(outer, name)
		default:
			inner = append(inner, name)
		}
	}
	slices.Reverse(inner)
	return append(outer, inner...)
}
