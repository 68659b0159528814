package tsne

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/glimpse-go/glimpse/internal/neighbours"
	"github.com/glimpse-go/glimpse/internal/student"
)

// A Metric names the distance between two rows of the input.
type Metric string

// The metrics. As in scikit-learn, the affinities are Gaussian in the distance
// whatever the metric is: every distance is squared first.
const (
	Euclidean Metric = "euclidean" // the default
	Cosine    Metric = "cosine"    // 1 - x.y / (|x| |y|); 1 when a row is zero
)

// A Method names how the gradient is computed.
type Method string

// The methods.
const (
	// Auto, the default, is Exact up to 200 points, where both take the same
	// time, and BarnesHut above; in two dimensions it takes the grid of FFT in
	// those iterations in which the layout is so compact that this is quicker,
	// as layouts of many points are throughout the early exaggeration, unless
	// Angle is negative.
	Auto Method = ""
	// Exact takes all pairs: n^2 time an iteration and 8 n^2 bytes.
	Exact Method = "exact"
	// BarnesHut takes the nearest neighbours for the attraction and a tree for
	// the repulsion: n log n time (van der Maaten 2014). In two dimensions with
	// one degree of freedom the forces are summed in float32, as scikit-learn's
	// are, unless Angle is negative.
	BarnesHut Method = "barnes-hut"
	// FFT takes the nearest neighbours for the attraction and interpolates the
	// repulsion on a grid (after Linderman et al. 2019), for layouts of one or
	// two dimensions: time in proportion to the number of points, and a
	// gradient ten to several hundred times nearer to the exact one than
	// BarnesHut's.
	// Auto takes it for compact layouts alone: an iteration of BarnesHut takes
	// half the time where layouts are finished (BenchmarkLargeGradient, up to
	// 300,000 points).
	// While a few points are so far from the others that the grid would have
	// to be very large, iterations are as with BarnesHut.
	FFT Method = "fft"
)

// A NeighbourSearch names how the nearest neighbours are found.
type NeighbourSearch string

// The searches.
const (
	// SearchAuto, the default, is SearchExact up to 65,536 points and
	// SearchApproximate above.
	SearchAuto NeighbourSearch = ""
	// SearchExact compares all pairs: n^2 time, and memory in proportion to n.
	SearchExact NeighbourSearch = "exact"
	// SearchApproximate compares each point with the 16,384 or so in the cells
	// that are nearest to it, or with four times as many as it has neighbours
	// if that is more: time in proportion to n, or nearly. It finds 99 in a
	// hundred neighbours and more where points have a structure, as features
	// of images do, and where clusters are no larger than what is compared. It
	// finds fewer in larger clouds that extend alike in many dimensions, in
	// which no point is much nearer than others. Results do not depend on
	// chance.
	SearchApproximate NeighbourSearch = "approximate"
)

// An Init names where the layout starts.
type Init string

// The starts.
const (
	// InitPCA, the default, is the first principal components, scaled so that
	// the first has a standard deviation of 1e-4. Where they do not exist
	// (all rows equal, or distances instead of features) it is InitRandom.
	InitPCA Init = "pca"
	// InitRandom is 1e-4 times NumPy's RandomState(Seed).standard_normal,
	// in float32, to the last bit.
	InitRandom Init = "random"
	// InitGiven is Options.InitialLayout, as it is.
	InitGiven Init = "given"
)

// A Schedule names how the layout is moved along the gradient.
type Schedule string

// The schedules.
const (
	// SklearnSchedule, the default, is that of scikit-learn 1.9: momentum 0.5
	// during the early exaggeration and 0.8 after, with a fresh start between,
	// one learning rate max(n/EarlyExaggeration/4, 50), 1,000 iterations, and
	// stopping rules.
	SklearnSchedule Schedule = "sklearn"
	// OpenTSNESchedule is that of openTSNE 1.0: momentum 0.8 throughout, a
	// learning rate n/exaggeration/4 in each phase, steps no longer than 5,
	// the layout centred after each, 750 iterations, no stopping rules
	// unless asked for, and openTSNE's kernel (see DegreesOfFreedom).
	OpenTSNESchedule Schedule = "openTSNE"
)

// Options says how to fit. Its zero value means the defaults of scikit-learn
// 1.9.1's TSNE; each field's zero value means the default given here.
type Options struct {
	// Components is the number of dimensions of the layout, 1 to 3 (2).
	Components int
	// Perplexity is the effective number of neighbours of each point, below
	// the number of points (30).
	Perplexity float64
	// Perplexities, when not empty, replaces Perplexity: the affinities are
	// the mean over these (multiscale; Kobak and Berens 2019).
	Perplexities []float64
	// Metric is the distance between rows (Euclidean). FitDistances ignores it.
	Metric Metric
	// DegreesOfFreedom of the layout's kernel (1 + d^2/dof)^(-power), where the
	// power is (dof+1)/2 as in scikit-learn, but dof under OpenTSNESchedule as in
	// openTSNE, whose numbers therefore mean other kernels unless they are 1
	// (max(Components-1, 1); openTSNE schedule: 1).
	DegreesOfFreedom float64

	// EarlyExaggeration is what the affinities are multiplied by in the first
	// EarlyIterations iterations, at least 1 (12).
	EarlyExaggeration float64
	// EarlyIterations is the length of the first phase (250); negative: none.
	EarlyIterations int
	// LateExaggeration is the factor in the rest of the iterations (1).
	LateExaggeration float64
	// Iterations is their number in all (1,000; openTSNE schedule: 750);
	// negative: none, so that the layout is the start.
	Iterations int
	// LearningRate multiplies the gradient of the KL divergence (automatic,
	// see Schedule). As in scikit-learn the gradient has its factor 4, which
	// other programs leave out: their rates are 4 times these.
	LearningRate float64
	// Schedule names the optimiser's rules (SklearnSchedule).
	Schedule Schedule
	// MinGradNorm stops the optimisation when the norm of the gradient times
	// the gains is no larger (1e-7; openTSNE schedule: off); negative: off.
	// It is looked at every 50 iterations.
	MinGradNorm float64
	// IterationsWithoutProgress stops the second phase when the KL divergence
	// has not fallen for more than so many iterations (300; openTSNE
	// schedule: off); negative: off. It is looked at every 50 iterations.
	IterationsWithoutProgress int

	// Method is how the gradient is computed (Auto).
	Method Method
	// Angle is Barnes-Hut's trade of accuracy for speed, up to 1: a cell is
	// taken as one point when its width is below Angle times its distance
	// (0.5). A negative angle is angle 0: nothing is approximated.
	Angle float64

	// NeighbourSearch is how BarnesHut and FFT find the neighbours
	// (SearchAuto). FitDistances is always exact.
	NeighbourSearch NeighbourSearch

	// Init is where the layout starts (InitPCA).
	Init Init
	// InitialLayout, n x Components, is the start of InitGiven; giving it
	// implies InitGiven. It is not written to.
	InitialLayout mat.Matrix
	// Seed is that of the random start.
	Seed uint32

	// Progress, when not nil, is called every ProgressEvery iterations (50)
	// from the goroutine that called Fit. Returning false ends the
	// optimisation with StopCallback.
	Progress      func(Progress) bool
	ProgressEvery int
	// Searching, when not nil, is called while neighbours are searched for among the rows
	// of x, before the first iteration: with how many rows have found theirs, of all. Calls
	// come one at a time, from any goroutine.
	Searching func(done, total int)

	auto bool // Method was Auto
}

// Progress is what a run has reached.
type Progress struct {
	// Iteration is the number of iterations done, of Iterations at most.
	Iteration, Iterations int
	// KL is the Kullback-Leibler divergence of Layout, without exaggeration.
	KL float64
	// GradientNorm is the norm of the gradient at Layout, with the
	// exaggeration of the phase that the iteration before was in.
	GradientNorm float64
	// Layout, n x Components, is valid during the call only, and must not be
	// changed.
	Layout *mat.Dense
}

// withDefaults returns the options for n points with every default filled in,
// or says which is out of range.
func (o Options) withDefaults(n int) (Options, error) {
	if n == 0 {
		return o, fmt.Errorf("tsne: the input has no rows")
	}
	orInt := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	or := func(v *float64, def float64) {
		if *v == 0 {
			*v = def
		}
	}
	if o.Schedule == "" {
		o.Schedule = SklearnSchedule
	}
	switch o.Schedule {
	case SklearnSchedule:
		orInt(&o.Iterations, 1000)
		or(&o.MinGradNorm, 1e-7)
		orInt(&o.IterationsWithoutProgress, 300)
	case OpenTSNESchedule:
		orInt(&o.Iterations, 750)
		or(&o.MinGradNorm, -1)
		orInt(&o.IterationsWithoutProgress, -1)
		or(&o.DegreesOfFreedom, 1)
	default:
		return o, outOfRange("Schedule", o.Schedule, "%q or %q", SklearnSchedule, OpenTSNESchedule)
	}
	o.Iterations = max(o.Iterations, 0)
	orInt(&o.Components, 2)
	or(&o.DegreesOfFreedom, float64(max(o.Components-1, 1)))
	or(&o.EarlyExaggeration, 12)
	orInt(&o.EarlyIterations, 250)
	or(&o.LateExaggeration, 1)
	or(&o.Angle, 0.5)
	orInt(&o.ProgressEvery, 50)
	if len(o.Perplexities) == 0 {
		or(&o.Perplexity, 30)
		o.Perplexities = []float64{o.Perplexity}
	}
	if o.Metric == "" {
		o.Metric = Euclidean
	}
	if o.InitialLayout != nil && o.Init == "" {
		o.Init = InitGiven
	}
	if o.Init == "" {
		o.Init = InitPCA
	}
	if o.Method == Auto {
		o.auto, o.Method = true, BarnesHut
		if n <= autoExact {
			o.Method = Exact
		}
	}
	if o.NeighbourSearch == SearchAuto {
		o.NeighbourSearch = SearchExact
		if n > autoSearch {
			o.NeighbourSearch = SearchApproximate
		}
	}
	if err := o.check(n); err != nil {
		return o, err
	}
	if k := o.neighbours(n); o.Method != Exact && float64(n)*float64(k) > maxEntries {
		return o, fmt.Errorf("tsne: %d points have %d neighbours each, together more than %d", n, k, int64(maxEntries))
	}
	return o, nil
}

// autoExact is the largest number of points for which Auto means Exact: the
// point where the two take the same time in BenchmarkGradient.
const autoExact = 200

// autoCells is how many cells for each point the grid may have for Auto to take it:
// where it and the tree take about the same time (BenchmarkCompactGradient).
const autoCells = 0.5

// autoSearch is the largest number of points for which SearchAuto means
// SearchExact: from there on the approximate search compares less than a
// quarter of the pairs (BenchmarkNeighbourSearch has the times).
const autoSearch = 4 * neighbours.Compared

// maxEntries is the most neighbours that all points have together. It is more
// than most machines have memory for.
const maxEntries = math.MaxUint32

// maxCoordinate is the largest coordinate of a layout: its square is finite.
// Only a run that diverges comes near.
const maxCoordinate = 1e100

// check says which option is out of range for n points.
func (o Options) check(n int) error {
	positive := func(v float64) bool { return v > 0 && !math.IsInf(v, 1) }
	switch {
	case o.Components < 1 || o.Components > 3:
		return outOfRange("Components", o.Components, "1 to 3")
	case !positive(o.DegreesOfFreedom):
		return outOfRange("DegreesOfFreedom", o.DegreesOfFreedom, "a positive number")
	case !positive(o.EarlyExaggeration) || o.EarlyExaggeration < 1:
		return outOfRange("EarlyExaggeration", o.EarlyExaggeration, "at least 1")
	case !positive(o.LateExaggeration):
		return outOfRange("LateExaggeration", o.LateExaggeration, "a positive number")
	case o.LearningRate != 0 && !positive(o.LearningRate):
		return outOfRange("LearningRate", o.LearningRate, "a positive number")
	case math.IsNaN(o.MinGradNorm):
		return outOfRange("MinGradNorm", o.MinGradNorm, "a number")
	case math.IsNaN(o.Angle) || o.Angle > 1:
		return outOfRange("Angle", o.Angle, "at most 1")
	case o.ProgressEvery < 0:
		return outOfRange("ProgressEvery", o.ProgressEvery, "a positive number")
	case o.Metric != Euclidean && o.Metric != Cosine:
		return outOfRange("Metric", o.Metric, "%q or %q", Euclidean, Cosine)
	case o.Method != Exact && o.Method != BarnesHut && o.Method != FFT:
		return outOfRange("Method", o.Method, "%q, %q or %q", Exact, BarnesHut, FFT)
	case o.NeighbourSearch != SearchExact && o.NeighbourSearch != SearchApproximate:
		return outOfRange("NeighbourSearch", o.NeighbourSearch, "%q or %q", SearchExact, SearchApproximate)
	case o.Method == FFT && o.Components > 2:
		return outOfRange("Method", FFT, "%q for %d components: that is for 1 or 2 components", BarnesHut, o.Components)
	}
	for _, p := range o.Perplexities {
		if !positive(p) || p >= float64(n) {
			return outOfRange("Perplexity", p, "a positive number below the number of points, %d", n)
		}
	}
	switch o.Init {
	case InitPCA, InitRandom:
		if o.InitialLayout != nil {
			return fmt.Errorf("tsne: InitialLayout is given, but Init is %q", o.Init)
		}
	case InitGiven:
		if o.InitialLayout == nil {
			return fmt.Errorf("tsne: Init is %q, but InitialLayout is nil: want %q or %q, or a layout", o.Init, InitPCA, InitRandom)
		}
		if r, c := o.InitialLayout.Dims(); r != n || c != o.Components {
			return fmt.Errorf("tsne: InitialLayout is %d x %d, want %d x %d", r, c, n, o.Components)
		}
		for i := range n {
			for j := range o.Components {
				if v := o.InitialLayout.At(i, j); !(math.Abs(v) <= maxCoordinate) {
					return fmt.Errorf("tsne: InitialLayout holds %v in row %d, column %d, want at most %g", v, i, j, maxCoordinate)
				}
			}
		}
	default:
		return outOfRange("Init", o.Init, "%q, %q or %q", InitPCA, InitRandom, InitGiven)
	}
	return nil
}

// theta returns the Barnes-Hut angle, 0 for none.
func (o Options) theta() float64 { return max(o.Angle, 0) }

// kernel returns the layout's kernel.
func (o Options) kernel() student.Kernel {
	return student.Kernel{DoF: o.DegreesOfFreedom, Heavy: o.Schedule == OpenTSNESchedule}
}

// neighbours returns how many of n points are neighbours of each: those of
// scikit-learn for the largest perplexity.
func (o Options) neighbours(n int) int {
	k := 0
	for _, p := range o.Perplexities {
		k = max(k, int(3*p+1))
	}
	return min(n-1, k)
}
