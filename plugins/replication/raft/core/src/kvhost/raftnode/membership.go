package raftnode

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"sort"

	"go.etcd.io/etcd/raft/raftpb"
)

// Member is a node of the cluster. Its raft id is a hash of its name and its birth, a random number
// that lies in its data directory: a node that lost its directory is another member.
type Member struct {
	ID        string `json:"id"`
	RaftID    string `json:"raft_id"`
	Address   string `json:"address"`
	Advertise string `json:"advertise,omitempty"`
	// A learner that stays one; others become voters when they have caught up.
	StaysLearner bool `json:"stays_learner,omitempty"`
}

func hash64(parts ...string) uint64 {
	h := fnv.New64a()
	for _, part := range parts {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	if sum := h.Sum64(); sum != 0 {
		return sum
	}
	return 1
}

func raftIDText(id uint64) string { return fmt.Sprintf("%016x", id) }

func raftIDFromText(text string) (uint64, error) {
	var id uint64
	if _, err := fmt.Sscanf(text, "%016x", &id); err != nil || len(text) != 16 || id == 0 {
		return 0, fmt.Errorf("%q is no raft id", text)
	}
	return id, nil
}

// membership as of one index of the log. Treated as immutable: changes make a copy.
type membership struct {
	Members map[uint64]Member
	Removed map[uint64]bool
}

type membershipJSON struct {
	Members []Member `json:"members"`
	Removed []string `json:"removed,omitempty"`
}

func newMembership(members []Member) (membership, error) {
	m := membership{Members: map[uint64]Member{}, Removed: map[uint64]bool{}}
	for _, member := range members {
		id, err := raftIDFromText(member.RaftID)
		if err != nil {
			return m, err
		}
		m.Members[id] = member
	}
	return m, nil
}

func (m membership) list() []Member {
	all := make([]Member, 0, len(m.Members))
	for _, member := range m.Members {
		all = append(all, member)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
	return all
}

func (m membership) encode() []byte {
	out := membershipJSON{Members: m.list()}
	for id := range m.Removed {
		out.Removed = append(out.Removed, raftIDText(id))
	}
	sort.Strings(out.Removed)
	text, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	return text
}

func decodeMembership(text []byte) (membership, error) {
	if len(text) == 0 {
		return newMembership(nil)
	}
	var in membershipJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return membership{}, fmt.Errorf("the list of members is damaged: %v", err)
	}
	m, err := newMembership(in.Members)
	if err != nil {
		return m, err
	}
	for _, text := range in.Removed {
		id, err := raftIDFromText(text)
		if err != nil {
			return m, err
		}
		m.Removed[id] = true
	}
	return m, nil
}

// changed is the membership after a change of the configuration.
func (m membership) changed(change raftpb.ConfChange) (membership, error) {
	next, err := decodeMembership(m.encode())
	if err != nil {
		return m, err
	}
	switch change.Type {
	case raftpb.ConfChangeRemoveNode:
		delete(next.Members, change.NodeID)
		next.Removed[change.NodeID] = true
	case raftpb.ConfChangeAddNode, raftpb.ConfChangeAddLearnerNode, raftpb.ConfChangeUpdateNode:
		var member Member
		if err := json.Unmarshal(change.Context, &member); err != nil {
			return m, fmt.Errorf("a change of the configuration names no member: %v", err)
		}
		next.Members[change.NodeID] = member
	}
	return next, nil
}

func (m membership) byName(name string) (uint64, Member, bool) {
	for id, member := range m.Members {
		if member.ID == name {
			return id, member, true
		}
	}
	return 0, Member{}, false
}

// configuration is what was agreed on as of an index.
type configuration struct {
	index   uint64
	conf    raftpb.ConfState
	members membership
}

// confHistory knows the configuration of every index from the newest mark on.
type confHistory struct {
	all []configuration // oldest first, never empty
}

func (h *confHistory) newest() configuration { return h.all[len(h.all)-1] }

func (h *confHistory) add(c configuration) { h.all = append(h.all, c) }

// at is the configuration as of an index, which must not lie below the oldest.
func (h *confHistory) at(index uint64) configuration {
	found := h.all[0]
	for _, c := range h.all {
		if c.index <= index {
			found = c
		}
	}
	return found
}

func (h *confHistory) cut(index uint64) {
	for len(h.all) > 1 && h.all[1].index <= index {
		h.all = h.all[1:]
	}
}
