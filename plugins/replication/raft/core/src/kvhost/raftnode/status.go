package raftnode

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/etcd/raft"
	"go.etcd.io/etcd/raft/tracker"
)

type peerStatus struct {
	ID         string   `json:"id"`
	RaftID     string   `json:"raft_id"`
	Address    string   `json:"address"`
	Advertise  string   `json:"advertise,omitempty"`
	Role       string   `json:"role"`
	Connected  *bool    `json:"connected,omitempty"` // of the others
	RoundTrip  *float64 `json:"rtt_seconds,omitempty"`
	MatchIndex *uint64  `json:"match_index,omitempty"` // known to the leader
	Lag        *uint64  `json:"lag,omitempty"`
	Progress   string   `json:"progress,omitempty"`
	Problem    string   `json:"problem,omitempty"`
	IsThisNode bool     `json:"self,omitempty"`
}

type nodeStatus struct {
	Strategy          string       `json:"strategy"`
	ClusterID         string       `json:"cluster_id"`
	Node              string       `json:"node"`
	RaftID            string       `json:"raft_id"`
	Formation         string       `json:"formation"`
	Role              string       `json:"role"`
	Leader            string       `json:"leader"`
	LeaderAdvertise   string       `json:"leader_advertise"`
	Term              uint64       `json:"term"`
	FirstIndex        uint64       `json:"first_index"`
	LastIndex         uint64       `json:"last_index"`
	CommitIndex       uint64       `json:"commit_index"`
	AppliedIndex      uint64       `json:"applied_index"`
	DurableIndex      uint64       `json:"durable_index"`
	PendingProposals  int          `json:"pending_proposals"`
	LeaderChanges     uint64       `json:"leader_changes"`
	SnapshotsSent     uint64       `json:"snapshots_sent"`
	SnapshotsReceived uint64       `json:"snapshots_received"`
	Problem           string       `json:"problem,omitempty"`
	Peers             []peerStatus `json:"peers"`
}

func roleName(role int) string {
	return map[int]string{roleLeader: "leader", roleFollower: "follower", roleCandidate: "candidate", roleLearner: "learner"}[role]
}

// Status is one JSON object.
func (n *Node) Status() []byte {
	s := nodeStatus{Strategy: "raft", ClusterID: n.config.ClusterID, Node: n.config.NodeID, RaftID: raftIDText(n.raftID),
		PendingProposals: n.moves.count(), Peers: []peerStatus{}}
	if code, why := n.unfit(); code != CodeOK {
		s.Role, s.Problem = "starting", why
		if code == CodeNoQuorum {
			s.Role = "refused"
		}
	} else {
		n.fillStatus(&s)
	}
	text, err := json.Marshal(s)
	if err != nil {
		return []byte("{}")
	}
	return text
}

func (n *Node) fillStatus(s *nodeStatus) {
	progress := map[uint64]tracker.Progress{}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	n.onLoop(ctx, func(r *runningRaft) {
		s.CommitIndex = r.node.BasicStatus().Commit
		if r.node.BasicStatus().RaftState == raft.StateLeader {
			r.node.WithProgress(func(id uint64, _ raft.ProgressType, pr tracker.Progress) { progress[id] = pr })
		}
	})
	durable := n.host.Durable()
	n.mu.Lock()
	defer n.mu.Unlock()
	r := n.raft
	s.Formation = n.identity.Formation
	s.Role, s.Term = roleName(n.role), n.term
	s.FirstIndex, _ = r.log.FirstIndex()
	s.LastIndex, _ = r.log.LastIndex()
	s.AppliedIndex, s.DurableIndex = r.applier.appliedIndex(), durable.Index
	s.LeaderChanges, s.SnapshotsSent, s.SnapshotsReceived = n.leaderMoves, n.sent, n.received
	learners := map[uint64]bool{}
	for _, id := range n.conf.conf.Learners {
		learners[id] = true
	}
	for _, member := range n.conf.members.list() {
		id, _ := raftIDFromText(member.RaftID)
		p := peerStatus{ID: member.ID, RaftID: member.RaftID, Address: n.addressOf(member), Advertise: member.Advertise, Role: "voter",
			IsThisNode: id == n.raftID}
		if learners[id] {
			p.Role = "learner"
		}
		if id == n.lead {
			p.Role, s.Leader, s.LeaderAdvertise = "leader", member.ID, member.Advertise
		}
		if p.IsThisNode {
			p.Address = n.peerAddress()
		} else {
			connected := false
			p.Connected = &connected
			if view := n.hellos[p.Address]; view != nil {
				connected, p.Problem = view.hello != nil, view.problem
				if connected {
					seconds := view.rtt.Seconds()
					p.RoundTrip = &seconds
				}
			}
		}
		if pr, known := progress[id]; known && !p.IsThisNode {
			match, lag := pr.Match, s.LastIndex-pr.Match
			p.MatchIndex, p.Lag, p.Progress = &match, &lag, fmt.Sprint(pr.State)
		}
		s.Peers = append(s.Peers, p)
	}
}
