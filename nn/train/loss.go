package train

import (
	"fmt"

	"github.com/glimpse-go/glimpse/internal/parallel"
	"github.com/glimpse-go/glimpse/nn"
)

// CrossEntropy is torch.nn.CrossEntropyLoss with class indices, one for each row of the
// logits z, and label smoothing e (Szegedy et al., "Rethinking the Inception architecture
// for computer vision", CVPR 2016). The mean over the N rows and its derivative are
//
//	loss = 1/N sum over n, k of q[n,k] (log sum over j of exp(z[n,j]) - z[n,k])
//	d[n,k] = (softmax(z[n])[k] - q[n,k]) / N
//	q[n,k] = (1 - e) (k = label[n]) + e / classes
//
// They are computed in float64, and no logit is too large. NaN or +Inf among the logits
// makes the loss NaN and is no error: whoever trains looks at the loss. The loss returns
// an error when there are not as many labels as rows, one is no class (also PyTorch's
// ignore_index, -100), or e is not within [0, 1]. It keeps labels, which must not change.
func CrossEntropy(labels []int, smoothing float64) nn.Loss {
	return func(logits, d *nn.Tensor) (float64, error) {
		n, classes, err := rows(logits, d, smoothing)
		if err != nil {
			return 0, err
		}
		if len(labels) != n {
			return 0, fmt.Errorf("train: %d labels for logits of shape %v", len(labels), logits.Shape)
		}
		for i, c := range labels {
			if c < 0 || c >= classes {
				return 0, fmt.Errorf("train: sample %d of the batch has label %d, want 0 to %d", i, c, classes-1)
			}
		}
		return crossEntropy(logits, d, smoothing, func(i int, q []float64) {
			clear(q)
			q[labels[i]] = 1
		}), nil
	}
}

// SoftCrossEntropy is torch.nn.CrossEntropyLoss with probabilities t as targets, N x classes,
// which mixing images makes (MixUp, CutMix):
//
//	loss = 1/N sum over n, k of q[n,k] (log sum over j of exp(z[n,j]) - z[n,k])
//	d[n,k] = (softmax(z[n])[k] sum over j of q[n,j] - q[n,k]) / N
//	q[n,k] = (1 - e) t[n,k] + e / classes
//
// As in PyTorch the targets are taken as they are: their sums need not be 1. In all else it
// is [CrossEntropy]. The loss returns an error when logits and targets differ in shape, and
// keeps targets, which must not change.
func SoftCrossEntropy(targets *nn.Tensor, smoothing float64) nn.Loss {
	return func(logits, d *nn.Tensor) (float64, error) {
		n, classes, err := rows(logits, d, smoothing)
		if err != nil {
			return 0, err
		}
		if tn, tc, err := matrix("targets", targets); err != nil || tn != n || tc != classes {
			return 0, fmt.Errorf("train: targets of shape %v for logits of shape %v", shapeOf(targets), logits.Shape)
		}
		return crossEntropy(logits, d, smoothing, func(i int, q []float64) {
			for k, t := range targets.Data[i*classes : (i+1)*classes] {
				q[k] = float64(t)
			}
		}), nil
	}
}

// rows checks what a loss is given, and returns the shape of the logits.
func rows(logits, d *nn.Tensor, smoothing float64) (n, classes int, err error) {
	if n, classes, err = matrix("logits", logits); err != nil {
		return 0, 0, err
	}
	if dn, dc, err := matrix("derivatives", d); err != nil || dn != n || dc != classes {
		return 0, 0, fmt.Errorf("train: derivatives of shape %v for logits of shape %v", shapeOf(d), logits.Shape)
	}
	if !(smoothing >= 0 && smoothing <= 1) {
		return 0, 0, fmt.Errorf("train: a label smoothing of %g, want 0 to 1", smoothing)
	}
	return n, classes, nil
}

// crossEntropy shares the rows out. Their losses are added in their order.
func crossEntropy(logits, d *nn.Tensor, smoothing float64, target func(i int, q []float64)) float64 {
	n, classes := logits.Shape[0], logits.Shape[1]
	losses := make([]float64, n)
	parallel.For(n, max(1, 1<<12/classes), func(lo, hi int) {
		scratch := make([]float64, 3*classes)
		z, p, q := scratch[:classes], scratch[classes:2*classes], scratch[2*classes:]
		for i := lo; i < hi; i++ {
			for k, v := range logits.Data[i*classes : (i+1)*classes] {
				z[k] = float64(v)
			}
			target(i, q)
			total := nn.Softmax(p, z)
			sum := 0.0
			for k := range q {
				q[k] = (1-smoothing)*q[k] + smoothing/float64(classes)
				sum += q[k]
				if q[k] != 0 { // 0 log 0 = 0
					losses[i] += q[k] * (total - z[k])
				}
			}
			for k := range q {
				d.Data[i*classes+k] = float32((p[k]*sum - q[k]) / float64(n))
			}
		}
	})
	loss := 0.0
	for _, l := range losses {
		loss += l
	}
	return loss / float64(n)
}

// matrix returns the shape of a tensor of two dimensions that is not empty.
func matrix(what string, x *nn.Tensor) (rows, columns int, err error) {
	if x != nil && len(x.Shape) == 2 {
		rows, columns = x.Shape[0], x.Shape[1]
		if rows > 0 && columns > 0 && rows <= len(x.Data)/columns && rows*columns == len(x.Data) {
			return rows, columns, nil
		}
	}
	return 0, 0, fmt.Errorf("train: %s of shape %v, want two dimensions, and not empty", what, shapeOf(x))
}

func shapeOf(x *nn.Tensor) any {
	if x == nil {
		return "nil"
	}
	return x.Shape
}
