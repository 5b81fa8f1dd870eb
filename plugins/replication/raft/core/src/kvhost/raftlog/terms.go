package raftlog

import "sort"

// termRuns knows the term of every entry held, as runs: a log changes its term seldom.
type termRuns struct {
	runs []termRun
}

type termRun struct {
	first uint64 // the first index of this term
	term  uint64
}

// reset forgets all but one entry.
func (t *termRuns) reset(index, term uint64) {
	t.runs = append(t.runs[:0], termRun{index, term})
}

// put says that the entry at index has the term, and that nothing follows it.
func (t *termRuns) put(index, term uint64) {
	for len(t.runs) > 0 && t.runs[len(t.runs)-1].first >= index {
		t.runs = t.runs[:len(t.runs)-1]
	}
	if len(t.runs) == 0 || t.runs[len(t.runs)-1].term != term {
		t.runs = append(t.runs, termRun{index, term})
	}
}

// at is the term of an entry that is held; 0 below the first run.
func (t *termRuns) at(index uint64) uint64 {
	after := sort.Search(len(t.runs), func(i int) bool { return t.runs[i].first > index })
	if after == 0 {
		return 0
	}
	return t.runs[after-1].term
}

// cut forgets what lies below index.
func (t *termRuns) cut(index uint64) {
	after := sort.Search(len(t.runs), func(i int) bool { return t.runs[i].first > index })
	if after <= 1 {
		return
	}
	t.runs = append(t.runs[:0], t.runs[after-1:]...)
	t.runs[0].first = index
}
