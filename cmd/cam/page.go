package main

import (
	"context"
	"image"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/render/explorer"
)

// page collects what -html shows: a gallery of the images with their maps.
type page struct {
	*session
	content explorer.Page
	images  []*data.Image
}

func (s *session) newPage() *page {
	kind := s.kind()
	p := &page{session: s, content: explorer.Page{
		Title: strings.ToUpper(kind[:1]) + kind[1:], Classes: s.Model.Classes(),
		Colormap: s.colormap, Alpha: &s.alpha, Color: s.overlay == "color", Gallery: true,
	}}
	for _, way := range s.ways {
		p.content.Maps = append(p.content.Maps, explorer.Method{Name: way.name})
	}
	return p
}

// add adds an image as the network saw it, with its maps, way by way.
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
			if d.way == way {
				of = append(of, cli.PageMap(p.shown(d.m)))
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
	if !slices.ContainsFunc(p.content.Labels, func(l int) bool { return l >= 0 }) {
		p.content.Labels = nil
	}
	if !flags.NoImages {
		p.content.Images = func(i int) (image.Image, error) { return p.images[i], nil }
	}
	if err := flags.Write(ctx, p.stderr, &p.content, p.Opened, nil); err != nil {
		return err
	}
	p.line("page", "%s", flags.HTML)
	return nil
}
