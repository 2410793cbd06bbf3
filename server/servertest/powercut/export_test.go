package powercut

import (
	"math/rand/v2"
	"strings"
)

// After returns what kinds of loss leave of the files in a folder, and of what strace
// has told of them since.
func After(folder, trace string, seed uint64) (lost, kept, torn map[string][]byte, err error) {
	d, err := newDisk(folder)
	if err != nil {
		return nil, nil, nil, err
	}
	events, err := readTrace(strings.NewReader(trace), folder, d.known())
	if err != nil {
		return nil, nil, nil, err
	}
	for _, e := range moments(events) {
		d.apply(e)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	return d.clone().after(all, random), d.clone().after(nothing, random), d.clone().after(tear, random), nil
}

const tear = torn // which the result hides
