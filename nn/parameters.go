package nn

import "strings"

// matrixParameters are the weight and the bias of a convolution or a linear layer, those
// that are there.
func matrixParameters(weight *Tensor, bias []float32) []Parameter {
	var list []Parameter
	if weight != nil {
		list = append(list, Parameter{Name: "weight", Value: weight})
	}
	return append(list, vectors("bias", bias)...)
}

// vectorParameters are those of a norm.
func vectorParameters(weight, bias []float32) []Parameter {
	return append(vectors("weight", weight), vectors("bias", bias)...)
}

// vectors is a vector as a parameter, or none.
func vectors(name string, x []float32) []Parameter {
	if len(x) == 0 {
		return nil
	}
	return []Parameter{{Name: name, Value: &Tensor{Shape: []int{len(x)}, Data: x}}}
}

// State lists the parameters of a network and, behind those of each batch norm, its
// buffers running_mean and running_var, in order of execution and under the names that
// PyTorch's state_dict has; num_batches_tracked is not among them. The elements are the
// network's own: changing them changes the network. Gradients are nil.
func (g *Graph) State() []Parameter {
	var list []Parameter
	seen := map[*float32]bool{} // what two nodes share is there once
	for _, n := range g.nodes {
		state := n.parameters()
		if l, ok := n.Op.(*BatchNorm2d); ok {
			state = append(state, n.full(append(vectors("running_mean", l.RunningMean), vectors("running_var", l.RunningVar)...))...)
		}
		for _, p := range state {
			if len(p.Value.Data) > 0 && !seen[&p.Value.Data[0]] {
				seen[&p.Value.Data[0]] = true
				list = append(list, p)
			}
		}
	}
	return list
}

// parameters are those of a node's operation under their full names.
func (n Node) parameters() []Parameter {
	if l, ok := n.Op.(Learner); ok {
		return n.full(l.Parameters())
	}
	return nil
}

// full puts the name of the module in front of the names within it.
func (n Node) full(list []Parameter) []Parameter {
	module, _, _ := strings.Cut(n.Name, "#") // the times before of a module that runs several times
	if _, ok := n.Op.(*Affine); ok {         // a function: its factors belong to the module around it
		module = module[:max(strings.LastIndexByte(module, '.'), 0)]
	}
	for i := range list {
		if module != "" {
			list[i].Name = module + "." + list[i].Name
		}
	}
	return list
}
