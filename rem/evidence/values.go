package evidence

// values is an evidence with room for what nearly every one has, so that one
// allocation holds most of it. What does not fit is allocated as usual. Nothing
// is shared between two documents, nor between two fields of one.
type values struct {
	evidence       Evidence
	recipients     [2]User
	attributes     [4]Attribute
	texts          [4]AttributeValue
	reasons        [1]Reason
	strings        [5]string
	content        [1]Content
	parts          [1]Part
	assurance      [1]Assurance
	levels         [1]Level
	authentication [1]Authentication
	times          [1]Time
	numbers        [2]int
	extensions     [1]Extension
	general        [1]GeneralInfo
}

// shelf is what of the values is still free.
type shelf struct {
	recipients     []User
	attributes     []Attribute
	texts          []AttributeValue
	reasons        []Reason
	strings        []string
	content        []Content
	parts          []Part
	assurance      []Assurance
	levels         []Level
	authentication []Authentication
	times          []Time
	numbers        []int
	extensions     []Extension
	general        []GeneralInfo
}

func (v *values) shelf() shelf {
	return shelf{
		recipients: v.recipients[:], attributes: v.attributes[:], texts: v.texts[:], reasons: v.reasons[:], strings: v.strings[:],
		content: v.content[:], parts: v.parts[:], assurance: v.assurance[:], levels: v.levels[:], authentication: v.authentication[:],
		times: v.times[:], numbers: v.numbers[:], extensions: v.extensions[:], general: v.general[:],
	}
}

// one takes a value from the shelf, or makes it.
func one[T any](free *[]T) *T {
	if len(*free) == 0 {
		return new(T)
	}
	v := &(*free)[0]
	*free = (*free)[1:]
	return v
}

// room takes room for n values from the shelf, or none.
func room[T any](free *[]T, n int) []T {
	if len(*free) < n {
		return nil
	}
	list := (*free)[:0:n]
	*free = (*free)[n:]
	return list
}

// appended appends a value to a list whose first n come from the shelf.
func appended[T any](list []T, value T, free *[]T, n int) []T {
	if list == nil {
		list = room(free, n)
	}
	return append(list, value)
}
