package raftnode

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// How much one call of Host.Apply carries at most.
const applyBytes = 4 << 20

// applier hands committed batches to the state machine, in order. It reads them from the log by
// itself, so that however far the state machine lags, no queue grows and the loop never waits.
type applier struct {
	n *Node
	r *runningRaft

	commit  uint64 // atomic: may be applied up to here
	wakec   chan struct{}
	stopc   chan struct{}
	applied uint64 // atomic: index of the newest batch in the state

	// Held while the state changes: by the run of batches, or by an install.
	mu    sync.Mutex
	next  uint64 // the next entry to read
	parts assembler
}

func newApplier(n *Node, r *runningRaft, applied, commit uint64) *applier {
	return &applier{n: n, r: r, commit: commit, applied: applied, next: applied + 1,
		wakec: make(chan struct{}, 1), stopc: make(chan struct{})}
}

func (a *applier) appliedIndex() uint64 { return atomic.LoadUint64(&a.applied) }

func (a *applier) committed(index uint64) {
	if index <= atomic.LoadUint64(&a.commit) {
		return
	}
	atomic.StoreUint64(&a.commit, index)
	select {
	case a.wakec <- struct{}{}:
	default:
	}
}

func (a *applier) stop() { close(a.stopc) }

func (a *applier) run() {
	for {
		for a.applySome() {
			select {
			case <-a.stopc:
				return
			default:
			}
		}
		select {
		case <-a.stopc:
			return
		case <-a.wakec:
		}
	}
}

// applySome applies a piece of the log; false: there was nothing to do.
func (a *applier) applySome() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	commit := atomic.LoadUint64(&a.commit)
	if a.next > commit {
		return false
	}
	entries, err := a.r.log.Entries(a.next, commit+1, applyBytes)
	if err != nil {
		// A snapshot took the log's place a moment ago; its state is installed, and `next` moves.
		if a.isBehindLog() {
			a.n.host.Fatal(fmt.Sprintf("entry %d is committed, not applied, and no longer in the log: %v", a.next, err))
		}
		return false
	}
	var run []ordered
	for i := range entries {
		run = append(run, a.parts.add(&entries[i])...)
	}
	a.next += uint64(len(entries))
	for len(run) > 0 {
		same := 1
		for same < len(run) && run[same].term == run[0].term {
			same++
		}
		if !a.apply(run[:same]) {
			return false
		}
		run = run[same:]
	}
	return true
}

func (a *applier) isBehindLog() bool {
	first, _ := a.r.log.FirstIndex()
	return a.next < first && a.appliedIndex()+1 < first
}

// apply hands over batches of one term.
func (a *applier) apply(run []ordered) bool {
	first := atomic.LoadUint64(&a.applied) + 1
	local := make([]uint64, 0, len(run))
	size := 0
	for i := range run {
		size += 24 + run[i].size()
	}
	frames := make([]byte, 0, size)
	for i := range run {
		seq := uint64(0)
		if run[i].origin == a.n.raftID {
			if seq = run[i].seq; seq != 0 {
				local = append(local, seq)
			}
		}
		frames = encodeBatch(frames, &run[i], seq)
	}
	for done := 0; ; {
		err := a.n.host.Apply(a.n.identity.incarnation(), run[0].term, first+uint64(done), len(run)-done, frames)
		if err == nil {
			break
		}
		var known *Error
		if !errors.As(err, &known) || (known.Code != CodeNoSpace && known.Code != CodeStalled) {
			a.n.host.Fatal(fmt.Sprintf("the state machine failed at index %d: %v", first+uint64(done), err))
		}
		// A full disk is waited for: this node lags, the others go on.
		a.n.host.Log(LogWarning, fmt.Sprintf("the state machine cannot take index %d yet: %v", first+uint64(done), err))
		select {
		case <-a.stopc:
			return false
		case <-time.After(200 * time.Millisecond):
		}
		if at := a.n.host.Applied(); at.Incarnation == a.n.identity.incarnation() && at.Index+1 > first+uint64(done) {
			left := int(at.Index+1-first) - done
			for i := 0; i < left; i++ {
				frames = frames[24+run[done+i].size():]
			}
			done += left
			if done == len(run) {
				break
			}
		}
	}
	atomic.StoreUint64(&a.applied, first+uint64(len(run))-1)
	a.n.moves.applied(local, run[0].term)
	return true
}

// install runs `commit`, which replaces the state by one at index. False: the state is newer already.
func (a *applier) install(index, term uint64, commit func() error) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if atomic.LoadUint64(&a.applied) >= index {
		return false, nil
	}
	if err := commit(); err != nil {
		return false, err
	}
	a.parts = assembler{}
	a.next = index + 1
	atomic.StoreUint64(&a.applied, index)
	a.n.moves.skipped(term)
	a.n.host.AppliedTo(index)
	return true, nil
}
