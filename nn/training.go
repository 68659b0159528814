package nn

import "context"

// A Training is a network in train mode. It is for one goroutine at a time, and while
// it learns nothing else may use the network.
type Training interface {
	// Parameters are the weights of the network in order of execution, those that are
	// frozen too.
	Parameters() []Parameter
	// Learn runs a batch forward in train mode and the loss back, writes the gradients of
	// the parameters, and lets the norms' running statistics follow. It returns the loss
	// and the logits. It returns an error when the batch is misshapen, the loss gives one,
	// or ctx is done; then the gradients mean nothing, but neither weights nor running
	// statistics have changed.
	Learn(ctx context.Context, x *Tensor, loss Loss) (value float64, logits *Tensor, err error)
}

// A Parameter is weights of a network, as torch.nn.Module.named_parameters lists them.
type Parameter struct {
	Name     string    // "layer1.0.conv1.weight"
	Value    *Tensor   // the network's own: changing its elements changes the network
	Gradient []float32 // of the loss by Value, or nil where that is frozen
}

// A Loss is what training makes small. It returns its value for the logits of a batch,
// N x classes, and writes its derivatives by the logits to d, of the same shape.
type Loss func(logits, d *Tensor) (float64, error)

// A Learner is an operation with weights that training changes.
type Learner interface {
	Operation
	// Parameters returns the weights under the names that PyTorch gives them within the
	// module ("weight", "bias"), those that are there. The elements are the operation's
	// own.
	Parameters() []Parameter
	// BackwardParameters takes what Backward takes, and returns the gradient by each of
	// Parameters, summed over the batch:
	//
	//	dw[i] = sum over j of dy[j] * d y[j] / d w[i]
	BackwardParameters(ctx context.Context, dy, y *Tensor, x ...*Tensor) ([]*Tensor, error)
}
