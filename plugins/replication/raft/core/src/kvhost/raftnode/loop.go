package raftnode

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"go.etcd.io/etcd/etcdserver/api/rafthttp"
	"go.etcd.io/etcd/raft"
	"go.etcd.io/etcd/raft/raftpb"
)

// loop owns the raft state machine: it takes ticks, messages, proposals and reads, and does what raft
// asks for. The only disk that it waits for is the log's.
func (n *Node) loop(r *runningRaft) {
	ticker := time.NewTicker(n.config.HeartbeatInterval)
	defer ticker.Stop()
	for {
		select {
		case <-n.stopc:
			return
		case <-ticker.C:
			n.tick(r)
		case m := <-r.recvc:
			n.step(r, m)
		case call := <-r.callc:
			call()
		case <-n.wakec:
			n.moves.take(r)
		case <-r.errorc:
			n.refuse("this node was removed from the cluster. To take part again it must be emptied and added " +
				"(kvctl cluster add)")
		}
		n.drainQueues(r)
		n.moves.send(r)
		for r.node.HasReady() {
			n.handleReady(r, r.node.Ready())
		}
	}
}

// drainQueues takes what else has come, so that one write to the log serves many.
func (n *Node) drainQueues(r *runningRaft) {
	for i := 0; i < maxMessagesARound; i++ {
		select {
		case m := <-r.recvc:
			n.step(r, m)
		case call := <-r.callc:
			call()
		case <-n.wakec:
			n.moves.take(r)
		default:
			return
		}
	}
}

func (n *Node) tick(r *runningRaft) {
	r.node.Tick()
	n.moves.tick(r)
	n.mark(r)
	n.promoteLearners(r)
	r.snapshots.tick()
}

// step hands a message of a peer to raft.
func (n *Node) step(r *runningRaft, m raftpb.Message) {
	if m.Type == raftpb.MsgProp {
		n.moves.forwarded(r, m)
		return
	}
	// raft answers messages of members alone; an error here says that the sender is none.
	if err := r.node.Step(m); err != nil {
		n.host.Log(LogDebug, fmt.Sprintf("a message %v of member %016x is ignored: %v", m.Type, m.From, err))
	}
}

func (n *Node) handleReady(r *runningRaft, rd raft.Ready) {
	if rd.SoftState != nil {
		n.roleMoved(r, rd.SoftState)
	}
	for _, state := range rd.ReadStates {
		n.moves.readable(state)
	}
	// A leader may send before its own disk has the entries: it counts itself only afterwards.
	leads := n.role == roleLeader
	if leads {
		n.sendMessages(r, rd.Messages)
	}
	if !raft.IsEmptySnap(rd.Snapshot) {
		n.takeSnapshot(r, rd)
	}
	if err := r.log.Save(rd.HardState, rd.Entries); err != nil {
		n.host.Fatal(err.Error())
	}
	for i := range rd.Entries {
		if h, ok := readHeader(rd.Entries[i].Data); ok && rd.Entries[i].Type == raftpb.EntryNormal && h.nowMs > r.maxStamp {
			r.maxStamp = h.nowMs
		}
	}
	if !leads {
		n.sendMessages(r, rd.Messages)
	}
	for i := range rd.CommittedEntries {
		if e := &rd.CommittedEntries[i]; e.Type != raftpb.EntryNormal {
			n.applyChange(r, e)
		}
	}
	if count := len(rd.CommittedEntries); count > 0 {
		r.commit = rd.CommittedEntries[count-1].Index
		r.applier.committed(r.commit)
	}
	if !raft.IsEmptyHardState(rd.HardState) {
		n.mu.Lock()
		n.term = rd.HardState.Term
		n.mu.Unlock()
	}
	r.node.Advance(rd)
}

func (n *Node) sendMessages(r *runningRaft, messages []raftpb.Message) {
	for i := range messages {
		if messages[i].Type == raftpb.MsgSnap {
			r.snapshots.send(messages[i])
			messages[i].To = 0
		}
	}
	r.links.send(messages)
}

func (n *Node) roleMoved(r *runningRaft, soft *raft.SoftState) {
	role := roleFollower
	switch soft.RaftState {
	case raft.StateLeader:
		role = roleLeader
	case raft.StateCandidate, raft.StatePreCandidate:
		role = roleCandidate
	default:
		for _, id := range r.history.newest().conf.Learners {
			if id == n.raftID {
				role = roleLearner
			}
		}
	}
	n.mu.Lock()
	if soft.Lead != 0 && soft.Lead != n.lead {
		n.leaderMoves++
	}
	moved := soft.Lead != n.lead || role != n.role
	n.lead, n.role = soft.Lead, role
	n.mu.Unlock()
	if moved {
		n.tellRole(r)
		n.moves.leaderMoved()
	}
}

// tellRole tells the host who leads and where clients reach it.
func (n *Node) tellRole(r *runningRaft) {
	n.mu.Lock()
	lead, role := n.lead, n.role
	member, known := n.conf.members.Members[lead]
	advertise := member.Advertise
	if known {
		if view := n.hellos[n.addressOf(member)]; view != nil && view.hello != nil && view.hello.Advertise != "" {
			advertise = view.hello.Advertise
		}
	}
	n.mu.Unlock()
	if lead == n.raftID {
		advertise = n.config.Advertise
	}
	switch {
	case role == roleLeader:
		n.host.Log(LogInfo, fmt.Sprintf("leads the cluster in term %d", r.node.BasicStatus().Term))
	case known:
		n.host.Log(LogInfo, fmt.Sprintf("follows %s in term %d", member.ID, r.node.BasicStatus().Term))
	}
	n.host.RoleChanged(role, advertise)
}

// mark lets the log begin later, where the state machine holds the past durably.
func (n *Node) mark(r *runningRaft) {
	if r.log.BytesSinceMark() < n.config.LogRetention/8 {
		return
	}
	durable := n.host.Durable()
	if durable.Incarnation != n.identity.incarnation() {
		return
	}
	index := durable.Index
	if applied := r.applier.appliedIndex(); index > applied {
		index = applied
	}
	snapshot, _ := r.log.Snapshot()
	if index <= snapshot.Metadata.Index {
		return
	}
	at := r.history.at(index)
	if err := r.log.Mark(index, at.conf, at.members.encode(), r.snapshots.keepFrom(index)); err != nil {
		n.host.Fatal(fmt.Sprintf("cut the raft log: %v", err))
	}
	r.history.cut(index)
}

// takeSnapshot replaces the log by a snapshot whose state is installed already.
func (n *Node) takeSnapshot(r *runningRaft, rd raft.Ready) {
	meta := rd.Snapshot.Metadata
	members, err := decodeMembership(rd.Snapshot.Data)
	if err != nil {
		n.host.Fatal(fmt.Sprintf("the snapshot at index %d: %v", meta.Index, err))
	}
	hard := rd.HardState
	if raft.IsEmptyHardState(hard) {
		hard = raftpb.HardState{}
	}
	if err := r.log.SaveSnapshot(rd.Snapshot, hard); err != nil {
		n.host.Fatal(fmt.Sprintf("save the snapshot at index %d: %v", meta.Index, err))
	}
	at := configuration{index: meta.Index, conf: meta.ConfState, members: members}
	r.history.all = []configuration{at}
	n.confMoved(r, at)
	r.commit = meta.Index
	r.applier.committed(meta.Index)
}

func (n *Node) confMoved(r *runningRaft, at configuration) {
	n.mu.Lock()
	n.conf = at
	n.mu.Unlock()
	n.updatePeers(r, at.members)
	if at.members.Removed[n.raftID] {
		n.refuse("this node was removed from the cluster. To take part again it must be emptied and added " +
			"(kvctl cluster add)")
	}
}

// raftPort is what the transport between peers calls.
type raftPort struct {
	n    *Node
	r    *runningRaft
	from uint64 // the only sender that is believed; 0: any
}

type forgedError struct{ from, claimed uint64 }

func (e forgedError) Error() string {
	return fmt.Sprintf("member %016x sends a message that says to be from %016x", e.from, e.claimed)
}
func (e forgedError) WriteTo(w http.ResponseWriter) {
	http.Error(w, e.Error(), http.StatusUnauthorized)
}

type removedError struct{}

func (removedError) Error() string { return "the sender was removed from the cluster" }
func (removedError) WriteTo(w http.ResponseWriter) {
	http.Error(w, "the sender was removed from the cluster", http.StatusForbidden)
}

var _ rafthttp.Raft = (*raftPort)(nil)

func (p *raftPort) Process(ctx context.Context, m raftpb.Message) error {
	if p.from != 0 && m.From != p.from {
		return forgedError{p.from, m.From}
	}
	if p.IsIDRemoved(m.From) {
		return removedError{}
	}
	if m.Type == raftpb.MsgSnap {
		return p.r.snapshots.receive(m)
	}
	select {
	case p.r.recvc <- m:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-p.n.stopc:
		return raft.ErrStopped
	}
}

func (p *raftPort) IsIDRemoved(id uint64) bool {
	p.n.mu.Lock()
	defer p.n.mu.Unlock()
	return p.n.conf.members.Removed[id]
}

func (p *raftPort) later(call func()) {
	select {
	case p.r.callc <- call:
	case <-p.n.stopc:
	default: // a report may be lost: raft finds out by itself
	}
}

func (p *raftPort) ReportUnreachable(id uint64) {
	p.later(func() { p.r.node.ReportUnreachable(id) })
}

// ReportSnapshot hears whether the message about a snapshot went out; the transfer follows it.
func (p *raftPort) ReportSnapshot(id uint64, status raft.SnapshotStatus) {
	if status == raft.SnapshotFailure {
		p.r.snapshots.finish(id, false, "the node could not be reached")
	}
}
