package main

import (
	"context"
	"image"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/render/explorer"
)

// page collects what -html shows: a gallery of the images with their maps.
type page struct {
	*session
	content explorer.Page
	images  []*data.Image
}

func (s *session) newPage() *page {
	kind, classes := s.kind(), s.Model.Classes()
	if s.Model.Headless() { // it has none, and its maps are of none
		classes = s.Data.Classes()
	}
	p := &page{session: s, content: explorer.Page{
		Title: strings.ToUpper(kind[:1]) + kind[1:], Classes: classes,
		Colormap: s.colormap, Alpha: &s.alpha, Color: s.overlay == "color", Gallery: true, AllClasses: s.top > 0,
	}}
	for _, way := range s.ways {
		p.content.Maps = append(p.content.Maps, explorer.Method{Name: way.name})
	}
	return p
}

// further is of which classes the page has maps too, as rows of a class for each image, where
// they come for nothing: of the likeliest and the true one, so that the class can be changed in
// the page; none where -top says which.
func (s *session) further(logits *nn.Tensor, b *data.Batch) [][]int {
	if !s.options.page.Wanted() || s.top > 0 || s.Model.Headless() {
		return nil
	}
	classes := logits.Shape[1]
	truth := make([]int, len(b.Samples))
	for i, sample := range b.Samples {
		if truth[i] = sample.Label; sample.Label < 0 || sample.Label >= classes {
			truth[i] = cam.Predicted
		}
	}
	return append(cli.Likeliest(logits, cli.FreeClasses), truth)
}

// add adds an image as the network saw it, with its maps, way by way; of those of one class
// the first.
func (p *page) add(sample data.Sample, im *data.Image, maps []drawn, probabilities []float64) {
	if !p.options.page.Wanted() {
		return
	}
	c := &p.content
	c.Labels = append(c.Labels, sample.Label)
	c.Names = append(c.Names, sample.Name)
	c.Probabilities = append(c.Probabilities, probabilities)
	p.images = append(p.images, im)
	for k, way := range p.ways {
		var of []explorer.Map
		for _, d := range maps {
			if d.way == way && !slices.ContainsFunc(of, func(m explorer.Map) bool { return m.Class == d.m.Class }) {
				m := cli.PageMap(p.shown(d.m))
				if p.Model.Headless() {
					m.Class = -1
				}
				of = append(of, m)
			}
		}
		c.Maps[k].Maps = append(c.Maps[k].Maps, of)
	}
}

// write writes the page where -html says.
func (p *page) write(ctx context.Context) error {
	flags := &p.options.page
	if !flags.Wanted() {
		return nil
	}
	if err := flags.Fits(len(p.content.Names)); err != nil {
		return err
	}
	if !slices.ContainsFunc(p.content.Labels, func(l int) bool { return l >= 0 }) {
		p.content.Labels = nil
	}
	if !flags.NoImages {
		p.content.Images = func(i int) (image.Image, error) { return p.images[i], nil }
	}
	p.Opened.ExplainBy(p.ways[0].method, p.ways[0].layer)
	if err := flags.Write(ctx, p.stderr, &p.content, p.Opened, nil); err != nil {
		return err
	}
	p.line("page", "%s", flags.HTML)
	return nil
}
