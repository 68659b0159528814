package scenes

// A primitive is a polygon, or an ellipse when it has no corners. Coordinates
// are integers, y down, within about 1000 of the origin.
type primitive struct {
	corners        []point
	cx, cy, rx, ry int
	tone           tone
}

type point struct{ x, y int }

// tone says which colour of an object a part takes.
type tone int8

const (
	body  tone = iota // the object's colour
	trim              // its second colour
	dark              // nearly black
	light             // nearly white
	hole              // nothing: cuts away what lies below
)

func polygon(t tone, xy ...int) primitive {
	p := primitive{tone: t, corners: make([]point, len(xy)/2)}
	for i := range p.corners {
		p.corners[i] = point{xy[2*i], xy[2*i+1]}
	}
	return p
}

func box(t tone, x0, y0, x1, y1 int) primitive {
	return polygon(t, x0, y0, x1, y0, x1, y1, x0, y1)
}

func ellipse(t tone, cx, cy, rx, ry int) primitive {
	return primitive{tone: t, cx: cx, cy: cy, rx: rx, ry: ry}
}

// contains says whether (x, y) lies inside, by counting crossings.
func (p *primitive) contains(x, y int) bool {
	if len(p.corners) == 0 {
		// The squares exceed an int of 32 bits.
		rx, ry := int64(p.rx), int64(p.ry)
		dx, dy := int64(x-p.cx)*ry, int64(y-p.cy)*rx
		return dx*dx+dy*dy <= rx*rx*ry*ry
	}
	inside := false
	a := p.corners[len(p.corners)-1]
	for _, b := range p.corners {
		if (a.y > y) != (b.y > y) {
			cross := (x-a.x)*(b.y-a.y) - (y-a.y)*(b.x-a.x)
			if (cross < 0) == (b.y > a.y) {
				inside = !inside
			}
		}
		a = b
	}
	return inside
}

// A shape is drawn part by part, later parts over earlier ones.
type shape []primitive

// at returns the tone seen at (x, y), hole where there is nothing.
func (s shape) at(x, y int) tone {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i].contains(x, y) {
			return s[i].tone
		}
	}
	return hole
}

// objects are the ten classes, in the order of their labels.
var objects = [...]struct {
	name string
	shape
}{
	{"arrow", shape{
		polygon(body, -1000, -270, 60, -270, 60, -680, 1000, 0, 60, 680, 60, 270, -1000, 270),
	}},
	{"boat", shape{
		box(dark, -50, -900, 50, 400),
		polygon(body, 110, -1000, 880, 260, 110, 260),
		polygon(body, -110, -760, -110, 260, -720, 260),
		polygon(trim, -1000, 370, 1000, 370, 620, 900, -620, 900),
	}},
	{"cross", shape{
		box(body, -1000, -310, 1000, 310),
		box(body, -310, -1000, 310, 1000),
	}},
	{"fish", shape{
		polygon(trim, 380, 0, 1000, -560, 840, 0, 1000, 560),
		polygon(trim, -250, -380, 350, -720, 350, -200),
		ellipse(body, -230, 0, 770, 500),
		ellipse(light, -610, -130, 130, 130),
		ellipse(dark, -640, -130, 70, 70),
	}},
	{"heart", shape{
		ellipse(body, -450, -350, 520, 520),
		ellipse(body, 450, -350, 520, 520),
		polygon(body, 0, 900, 831, 4, 450, -350, 0, -560, -450, -350, -831, 4),
	}},
	{"house", shape{
		box(dark, 380, -920, 640, -300),
		box(body, -740, -120, 740, 900),
		polygon(trim, -1000, -60, 0, -980, 1000, -60),
		box(dark, -480, 300, -120, 900),
		box(light, 140, 220, 500, 560),
	}},
	{"key", shape{
		ellipse(body, -560, 0, 440, 440),
		ellipse(hole, -600, 0, 190, 190),
		box(body, -200, -140, 1000, 140),
		box(body, 420, 100, 610, 430),
		box(body, 790, 100, 1000, 500),
	}},
	{"moon", shape{
		ellipse(body, 0, 0, 1000, 1000),
		ellipse(hole, 480, -160, 830, 830),
	}},
	{"star", shape{
		polygon(body, 0, -1000, 259, -356, 951, -309, 418, 136, 588, 809,
			0, 440, -588, 809, -418, 136, -951, -309, -259, -356),
	}},
	{"tree", shape{
		box(trim, -160, 500, 160, 1000),
		polygon(body, -760, 620, 0, -260, 760, 620),
		polygon(body, -620, 180, 0, -620, 620, 180),
		polygon(body, -470, -260, 0, -1000, 470, -260),
	}},
}

// litter are small shapes of no class that lie around.
var litter = []shape{
	{ellipse(body, 0, 0, 1000, 1000)},
	{ellipse(body, 0, 0, 1000, 550)},
	{box(body, -850, -850, 850, 850)},
	{box(body, -1000, -300, 1000, 300)},
	{polygon(body, 0, -1000, 900, 700, -900, 700)},
	{polygon(body, 0, -1000, 620, 0, 0, 1000, -620, 0)},
	{ellipse(body, 0, 0, 1000, 1000), ellipse(hole, 0, 0, 560, 560)},
	{ellipse(body, 0, 0, 1000, 1000), box(hole, -1001, 0, 1001, 1001)},
}
