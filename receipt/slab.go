package receipt

// A slab hands out values of one kind, many to an allocation. The ledger
// forgets nothing, so that keeping one alive keeps no garbage.
type slab[T any] struct{ free []T }

const slabSize = 32

func (s *slab[T]) get() *T {
	if len(s.free) == 0 {
		s.free = make([]T, slabSize)
	}
	v := &s.free[0]
	s.free = s.free[1:]
	return v
}

// take returns a slice of n zero values that cannot grow into the next one.
func (s *slab[T]) take(n int) []T {
	if n == 0 {
		return []T{}
	}
	if n > len(s.free) {
		if n >= slabSize {
			return make([]T, n)
		}
		s.free = make([]T, 4*slabSize)
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	return out
}
