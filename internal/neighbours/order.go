package neighbours

import "context"

// orderCell is how many points are together in an order at most: so many that what is
// kept of a point in a layout, eight bytes, is a few pages of memory.
const orderCell = 512

// Order returns the points in an order in which points that are near are near: by
// the cells of the approximate search.
func (s *Space) Order(ctx context.Context) ([]int32, error) {
	c, err := partition(ctx, s, orderCell)
	if err != nil {
		return nil, err
	}
	return c.order, nil
}
