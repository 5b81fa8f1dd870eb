package raftnode

import (
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/etcd/raft"
	"go.etcd.io/etcd/raft/raftpb"
)

// A read that was not answered asks again after this long: messages may be lost.
const readRetry = 100 * time.Millisecond

// proposal of this node, until it is applied here or its outcome is told.
type proposal struct {
	seq      uint64
	data     [][]byte // of its entries
	bytes    int
	deadline time.Time
	term     uint64 // in which it was sent; 0: it waits, and is not executed
	// A snapshot may have carried it: it must not be sent again.
	uncertain bool
}

type readBatch struct {
	id     uint64
	leader bool // a leader may answer without asking a quorum
	sentAt time.Time
	sent   bool
}

// moves are the proposals and reads of this node that are under way.
type moves struct {
	n *Node

	mu          sync.Mutex
	proposals   map[uint64]*proposal
	waiting     []*proposal // those with term 0, oldest first
	bytes       int
	appliedTerm uint64
	checkedTerm uint64
	reads       map[uint64]*readBatch
	parked      []raftpb.Message // proposals of other nodes that this leader could not take yet

	// Words for the host, which may do anything when it hears them: told by a goroutine of their own.
	tellMu sync.Mutex
	tells  []func()
	tellc  chan struct{}
}

func newMoves(n *Node) *moves {
	return &moves{n: n, proposals: map[uint64]*proposal{}, reads: map[uint64]*readBatch{}, tellc: make(chan struct{}, 1)}
}

func (m *moves) tell(what func()) {
	m.tellMu.Lock()
	m.tells = append(m.tells, what)
	m.tellMu.Unlock()
	select {
	case m.tellc <- struct{}{}:
	default:
	}
}

func (m *moves) runTells() {
	for {
		m.tellNow()
		select {
		case <-m.n.stopc:
			return
		case <-m.tellc:
		}
	}
}

func (m *moves) tellNow() {
	for {
		m.tellMu.Lock()
		tells := m.tells
		m.tells = nil
		m.tellMu.Unlock()
		if len(tells) == 0 {
			return
		}
		for _, what := range tells {
			what()
		}
	}
}

// run answers for the loop while the node is not part of a cluster yet, and keeps deadlines.
func (m *moves) run() {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-m.n.stopc:
			return
		case <-ticker.C:
		}
		if code, why := m.n.unfit(); code != CodeOK {
			m.refuseAll(code, why)
		}
		m.expire(time.Now())
	}
}

func (m *moves) refuseAll(code int, why string) {
	m.takeProposals()
	m.takeReads()
	m.mu.Lock()
	waiting, reads := m.waiting, m.reads
	m.waiting, m.reads = nil, map[uint64]*readBatch{}
	for _, p := range waiting {
		m.forget(p)
	}
	m.mu.Unlock()
	for _, p := range waiting {
		m.n.host.FinishProposal(p.seq, code, why)
	}
	for id := range reads {
		m.n.host.ReadsFailed(id, code, why)
	}
}

func (m *moves) forget(p *proposal) {
	delete(m.proposals, p.seq)
	m.bytes -= p.bytes
}

// take moves what waits at the host here.
func (m *moves) take(r *runningRaft) {
	m.takeProposals()
	m.takeReads()
}

func (m *moves) takeProposals() {
	m.mu.Lock()
	full := m.bytes > maxLocalBytes
	m.mu.Unlock()
	if full {
		return // what is applied makes room, and wakes the loop
	}
	frames := m.n.host.TakeProposals()
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(frames) > 0 {
		seq := binary.LittleEndian.Uint64(frames)
		patience := binary.LittleEndian.Uint64(frames[8:])
		size := binary.LittleEndian.Uint64(frames[16:])
		framed := frames[24 : 24+headerBytes+size : 24+headerBytes+size]
		frames = frames[24+headerBytes+size:]
		p := &proposal{seq: seq, bytes: len(framed), deadline: now.Add(time.Duration(patience)),
			data: splitBatch(framed, m.n.raftID, seq)}
		m.proposals[seq] = p
		m.waiting = append(m.waiting, p)
		m.bytes += p.bytes
	}
}

func (m *moves) takeReads() {
	for _, leader := range []bool{false, true} {
		if id := m.n.host.TakeReads(leader); id != 0 {
			m.mu.Lock()
			m.reads[id] = &readBatch{id: id, leader: leader}
			m.mu.Unlock()
		}
	}
}

// send proposes and asks what waits. Called by the loop after every round.
func (m *moves) send(r *runningRaft) {
	if code, _ := m.n.unfit(); code != CodeOK {
		return // refused by run()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.settle()
	m.sendParked(r)
	for len(m.waiting) > 0 && m.sendProposals(r) {
	}
	now := time.Now()
	for _, read := range m.reads {
		if !read.sent || now.Sub(read.sentAt) >= readRetry {
			m.sendRead(r, read, now)
		}
	}
}

// sendProposals steps as many as fit one message; false: raft does not take them now.
func (m *moves) sendProposals(r *runningRaft) bool {
	term := r.node.BasicStatus().Term
	message := raftpb.Message{Type: raftpb.MsgProp, From: m.n.raftID}
	bytes, count := 0, 0
	for _, p := range m.waiting {
		if count > 0 && bytes+p.bytes > maxMessageBytes {
			break
		}
		for _, data := range p.data {
			binary.LittleEndian.PutUint64(data[8:], term)
			message.Entries = append(message.Entries, raftpb.Entry{Data: data})
		}
		bytes += p.bytes
		count++
	}
	if r.node.BasicStatus().RaftState == raft.StateLeader {
		m.stampAll(r, message.Entries)
	}
	if err := r.node.Step(message); err != nil {
		return false
	}
	for _, p := range m.waiting[:count] {
		p.term = term
	}
	m.waiting = m.waiting[count:]
	return true
}

func (m *moves) stampAll(r *runningRaft, entries []raftpb.Entry) {
	now := m.n.stamp(r)
	for i := range entries {
		stampEntry(entries[i].Data, now)
	}
}

// forwarded takes proposals of another node, if this one leads the term they were made in.
func (m *moves) forwarded(r *runningRaft, message raftpb.Message) {
	status := r.node.BasicStatus()
	if status.RaftState != raft.StateLeader || len(message.Entries) == 0 {
		return
	}
	for i := range message.Entries {
		e := &message.Entries[i]
		h, ok := readHeader(e.Data)
		// A change of the configuration has its own way; a proposal of another term is void.
		if !ok || e.Type != raftpb.EntryNormal || h.term != status.Term {
			return
		}
	}
	m.stampAll(r, message.Entries)
	if err := r.node.Step(message); err != nil {
		m.mu.Lock()
		if len(m.parked) < 256 {
			m.parked = append(m.parked, message)
		}
		m.mu.Unlock()
	}
}

func (m *moves) sendParked(r *runningRaft) {
	status := r.node.BasicStatus()
	for len(m.parked) > 0 {
		message := m.parked[0]
		h, _ := readHeader(message.Entries[0].Data)
		if status.RaftState == raft.StateLeader && h.term == status.Term {
			m.stampAll(r, message.Entries)
			if r.node.Step(message) != nil {
				return
			}
		}
		m.parked = m.parked[1:]
	}
}

func (m *moves) sendRead(r *runningRaft, read *readBatch, now time.Time) {
	status := r.node.BasicStatus()
	if read.leader && status.RaftState == raft.StateLeader {
		// Without a quorum: only a leader that has committed in its term knows what is committed.
		if term, err := r.log.Term(status.Commit); err == nil && term == status.Term {
			delete(m.reads, read.id)
			m.tell(func() { m.n.host.ReadsReady(read.id, status.Commit) })
		}
		return
	}
	if status.Lead == 0 {
		return
	}
	var context [16]byte
	binary.LittleEndian.PutUint64(context[0:], m.n.raftID)
	binary.LittleEndian.PutUint64(context[8:], read.id)
	read.sent, read.sentAt = true, now
	r.node.ReadIndex(context[:])
}

// readable takes raft's answer: a read may be served from a state at its index.
func (m *moves) readable(state raft.ReadState) {
	if len(state.RequestCtx) != 16 || binary.LittleEndian.Uint64(state.RequestCtx) != m.n.raftID {
		return
	}
	id := binary.LittleEndian.Uint64(state.RequestCtx[8:])
	m.mu.Lock()
	_, asked := m.reads[id]
	delete(m.reads, id)
	m.mu.Unlock()
	if asked {
		m.tell(func() { m.n.host.ReadsReady(id, state.Index) })
	}
}

func (m *moves) leaderMoved() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, read := range m.reads {
		read.sent = false
	}
}

// applied hears what the applier has carried out: proposals of this node, up to a term.
func (m *moves) applied(local []uint64, term uint64) {
	m.mu.Lock()
	wasFull := m.bytes > maxLocalBytes
	for _, seq := range local {
		if p := m.proposals[seq]; p != nil {
			m.forget(p)
		}
	}
	if term > m.appliedTerm {
		m.appliedTerm = term
	}
	wake := (wasFull && m.bytes <= maxLocalBytes) || m.appliedTerm != m.checkedTerm
	m.mu.Unlock()
	if wake {
		m.n.Wake()
	}
}

// skipped hears that a snapshot took the place of entries up to a term: they may have held proposals
// of this node.
func (m *moves) skipped(term uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.proposals {
		if p.term != 0 && p.term <= term {
			p.uncertain = true
		}
	}
	if term > m.appliedTerm {
		m.appliedTerm = term
	}
}

// settle decides about what was sent in a term that is over: an entry of a later term is applied, so
// these can no longer come to life, and wait to be sent again.
func (m *moves) settle() {
	if m.appliedTerm == m.checkedTerm {
		return
	}
	m.checkedTerm = m.appliedTerm
	for _, p := range m.proposals {
		if p.term == 0 || p.term >= m.appliedTerm {
			continue
		}
		if p.uncertain {
			m.forget(p)
			seq := p.seq
			m.tell(func() {
				m.n.host.FinishProposal(seq, CodeOutcomeUnknown, "the node took over a snapshot while the write was under "+
					"way; it may or may not have taken effect")
			})
			continue
		}
		p.term = 0
		for i := range p.data {
			p.data[i] = append([]byte(nil), p.data[i]...)
		}
		m.waiting = append(m.waiting, p)
	}
}

func (m *moves) tick(r *runningRaft) { m.take(r) }

func (m *moves) expire(now time.Time) {
	type end struct {
		seq  uint64
		code int
		why  string
	}
	var ends []end
	m.mu.Lock()
	for _, p := range m.proposals {
		if now.Before(p.deadline) {
			continue
		}
		m.forget(p)
		if p.term == 0 {
			ends = append(ends, end{p.seq, CodeNoQuorum, m.n.noLeader()})
		} else {
			ends = append(ends, end{p.seq, CodeOutcomeUnknown, "the deadline passed before the write was known to be committed; " +
				"it may or may not take effect"})
		}
	}
	if len(ends) > 0 {
		kept := m.waiting[:0]
		for _, p := range m.waiting {
			if m.proposals[p.seq] == p {
				kept = append(kept, p)
			}
		}
		m.waiting = kept
	}
	m.mu.Unlock()
	for _, e := range ends {
		m.n.host.FinishProposal(e.seq, e.code, e.why)
	}
	for _, id := range m.n.host.ExpireReads() {
		m.mu.Lock()
		delete(m.reads, id)
		m.mu.Unlock()
	}
}

// finishAll answers everything: the node has stopped.
func (m *moves) finishAll() {
	m.tellNow()
	m.refuseAll(CodeDraining, "the node is shutting down; nothing was executed")
	m.mu.Lock()
	left := m.proposals
	m.proposals = map[uint64]*proposal{}
	m.mu.Unlock()
	for seq := range left {
		m.n.host.FinishProposal(seq, CodeOutcomeUnknown, "the node stopped while the write was under way; "+
			"it may or may not take effect")
	}
}

// count of proposals under way, for status.
func (m *moves) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.proposals)
}

// noLeader says why nothing can be ordered now.
func (n *Node) noLeader() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.lead == 0 {
		return fmt.Sprintf("no leader is known: fewer than a majority of the %d voters can be reached; nothing was executed", len(n.conf.conf.Voters))
	}
	return "the leader could not take the write within the deadline; nothing was executed"
}
