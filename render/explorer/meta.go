package explorer

// meta is the JSON block that the page reads first: what there is, and in which blocks.
// page/src/data.js is its other end.
type meta struct {
	Title      string       `json:"title"`
	Points     int          `json:"points"`
	Classes    []string     `json:"classes"`
	Layouts    []layoutMeta `json:"layouts"`
	Labels     string       `json:"labels,omitempty"`      // int32: a class or -1
	Predicted  string       `json:"predictions,omitempty"` // int32: a class or -1
	Likeliest  *topMeta     `json:"likeliest,omitempty"`
	Names      string       `json:"names,omitempty"` // a JSON array of texts
	Columns    []columnMeta `json:"columns,omitempty"`
	Sprites    *spritesMeta `json:"sprites,omitempty"`
	Maps       []mapsMeta   `json:"maps,omitempty"`
	Neighbours *nearMeta    `json:"neighbours,omitempty"`
	NoRoom     bool         `json:"noRoom"`    // of so many points, neighbours by features were left out
	Colormaps  []string     `json:"colormaps"` // 256 x RGB each, in block colormaps
	Colormap   string       `json:"colormap"`
	Alpha      float64      `json:"alpha"`
	Color      bool         `json:"color"`
	Palettes   []palette    `json:"palettes"`
	Palette    string       `json:"palette"`
	Gallery    bool         `json:"gallery"`
	AllClasses bool         `json:"allClasses"`
	Live       bool         `json:"live"`
}

// layoutMeta is a layout: float32, x and y of each point in turn, as four planes of bytes.
type layoutMeta struct {
	Name   string `json:"name"`
	XLabel string `json:"xLabel,omitempty"`
	YLabel string `json:"yLabel,omitempty"`
	Block  string `json:"block"`
}

// topMeta is the Count likeliest classes of each point: int32, -1 for unknown, and their
// probabilities, float32. Labels has that of each label that is not among them, else NaN.
type topMeta struct {
	Count         int    `json:"count"`
	Classes       string `json:"classes"`
	Probabilities string `json:"probabilities"`
	Labels        string `json:"labels,omitempty"`
}

// columnMeta is a column: float32, or int32 that count Values.
type columnMeta struct {
	Name   string   `json:"name"`
	Kind   string   `json:"kind"` // number or text
	Values []string `json:"values,omitempty"`
	Block  string   `json:"block"`
}

// spritesMeta is the images: width and height of each, uint16, and the sheets.
type spritesMeta struct {
	Type   string      `json:"type"` // the sheets' media type
	Sizes  string      `json:"sizes"`
	Sheets []sheetMeta `json:"sheets"`
}

// sheetMeta is a sheet with the images from First on, Columns to a row, their upper left
// corners Pitch pixels apart.
type sheetMeta struct {
	First   int    `json:"first"`
	Count   int    `json:"count"`
	Pitch   int    `json:"pitch"`
	Columns int    `json:"columns"`
	Block   string `json:"block"`
}

// mapsMeta is the maps of a method in the order of the points: how many each point has, int32;
// of each map the class, int32, and width and height, int32; and all levels, uint8.
type mapsMeta struct {
	Name    string `json:"name"`
	Counts  string `json:"counts"`
	Classes string `json:"classes"`
	Sizes   string `json:"sizes"`
	Levels  string `json:"levels"`
}

// nearMeta is the Count nearest points of each, uint16, or uint32 as four planes of bytes;
// fewer are filled up with the point itself.
type nearMeta struct {
	Count int    `json:"count"`
	Kind  string `json:"kind"` // uint16 or uint32
	Block string `json:"block"`
}

// palette is the colours of classes as #rrggbb. More is for more classes than Colours has.
type palette struct {
	Name    string   `json:"name"`
	Colours []string `json:"colours"`
	More    []string `json:"more,omitempty"`
}
