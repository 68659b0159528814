// Package checkpoint reads the weights that PyTorch users have on disk, and
// writes them as safetensors.
//
// It reads what torch.save writes of a state dict (.pth, .pt, .th; the zip
// format, and the stream that PyTorch wrote before 1.6), and safetensors
// files, also in several with an index. Load finds out which one it has from the content.
//
// Checkpoints come from strangers, and the format of torch.save is built on
// pickle, whose job is to call functions by name. The reader here calls
// nothing: it knows the few names that a state dict needs, and leaves what any other
// would make alone. Where such a thing stands for a weight that is needed, it is an error
// with its name. See Read for what is promised about hostile files.
package checkpoint
