package data

// Order returns the numbers 0 to n-1 in the order of an epoch: a random permutation
// that depends on seed and epoch alone, all n! of them being equally likely. (What
// torch.utils.data.RandomSampler does; its random numbers are others.) It is empty when n
// is not positive.
func Order(n int, seed uint64, epoch int) []int {
	return random(forOrder, seed, epoch, 0).Perm(max(n, 0))
}
