package raftnode

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"go.etcd.io/etcd/raft"
	"go.etcd.io/etcd/raft/raftpb"
	"go.etcd.io/etcd/raft/tracker"
)

// A learner this near to the leader becomes a voter.
const promotionLag = 64

type forwardedCommand struct {
	Name       string          `json:"name"`
	Arguments  json.RawMessage `json:"arguments"`
	PatienceMs int64           `json:"patience_ms"`
}

type commandAnswer struct {
	Code   int             `json:"code"`
	Text   string          `json:"text,omitempty"`
	Answer json.RawMessage `json:"answer,omitempty"`
}

// Command carries out an administrator's command; the answer is JSON. May block until the patience ends.
func (n *Node) Command(name string, arguments []byte, patience time.Duration) ([]byte, error) {
	switch name {
	case "add", "remove", "transfer-leader":
	case "promote":
		return nil, &Error{CodeNotSupported, "promote: raft elects a leader by itself as soon as a majority of the voters can talk to " +
			"each other; to move the leadership use transfer-leader"}
	default:
		return nil, &Error{9, fmt.Sprintf("the strategy raft has no command %q; it has add, remove, transfer-leader and digest", name)}
	}
	if code, why := n.unfit(); code != CodeOK {
		return nil, &Error{code, why}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		n.mu.Lock()
		lead := n.lead
		member := n.conf.members.Members[lead]
		n.mu.Unlock()
		switch {
		case lead == n.raftID:
			answer, retry, err := n.lead_(ctx, name, arguments)
			if !retry {
				return answer, err
			}
		case lead != 0:
			deadline, _ := ctx.Deadline()
			left := time.Until(deadline)
			var answer commandAnswer
			err := n.post(member.ID, n.addressOf(member), commandPath, forwardedCommand{name, arguments, left.Milliseconds()}, &answer, left)
			if err != nil {
				return nil, &Error{CodeOutcomeUnknown, fmt.Sprintf("%s: the leader %s did not answer: %v", name, member.ID, err)}
			}
			if answer.Code != CodeOK {
				return nil, &Error{answer.Code, answer.Text}
			}
			return answer.Answer, nil
		}
		select {
		case <-ctx.Done():
			return nil, &Error{CodeNoQuorum, name + ": " + n.noLeader()}
		case <-n.stopc:
			return nil, &Error{CodeDraining, "the node is shutting down; nothing was executed"}
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (n *Node) serveCommand(w http.ResponseWriter, r *http.Request) {
	var asked forwardedCommand
	if !readJSON(w, r, &asked) {
		return
	}
	text, err := n.Command(asked.Name, asked.Arguments, time.Duration(asked.PatienceMs)*time.Millisecond)
	answer := commandAnswer{Answer: text}
	if err != nil {
		known, ok := err.(*Error)
		if !ok {
			known = &Error{CodeInternal, err.Error()}
		}
		answer = commandAnswer{Code: known.Code, Text: known.Text}
	}
	writeJSON(w, answer)
}

// lead_ carries out a command as the leader; retry: the leadership has gone meanwhile.
func (n *Node) lead_(ctx context.Context, name string, arguments []byte) (answer []byte, retry bool, err error) {
	var a struct {
		ID      string `json:"id"`
		Node    string `json:"node"`
		Address string `json:"address"`
		Learner bool   `json:"learner"`
	}
	if len(arguments) > 0 {
		if err := json.Unmarshal(arguments, &a); err != nil {
			return nil, false, &Error{CodeInvalidArgument, name + ": the arguments are no JSON object: " + err.Error()}
		}
	}
	if a.ID == "" {
		a.ID = a.Node
	}
	if a.ID == "" {
		return nil, false, &Error{CodeInvalidArgument, name + ": which node? Name its id"}
	}
	switch name {
	case "add":
		return n.add(ctx, a.ID, a.Address, a.Learner)
	case "remove":
		return n.remove(ctx, a.ID)
	default:
		return n.transferLeader(ctx, a.ID)
	}
}

func (n *Node) add(ctx context.Context, id, address string, learner bool) ([]byte, bool, error) {
	n.mu.Lock()
	_, _, exists := n.conf.members.byName(id)
	n.mu.Unlock()
	if exists {
		return nil, false, &Error{CodeConflict, fmt.Sprintf("add: %s is a member already; to replace it remove it first", id)}
	}
	if address == "" {
		return nil, false, &Error{CodeInvalidArgument, "add: at which address? Give the new node's replication address as HOST:PORT"}
	}
	var other hello
	mine := n.introduce()
	if err := n.post(id, address, helloPath, mine, &other, helloPatience); err != nil {
		return nil, false, &Error{CodeConnectionFailed, fmt.Sprintf("add: the node at %s does not answer: %v. Start it first, with the same "+
			"cluster_id and bootstrap = \"existing\"; nothing was changed", address, err)}
	}
	if why := misfit(&mine, &other); why != "" {
		return nil, false, &Error{CodeConflict, fmt.Sprintf("add: the node at %s: %s", address, why)}
	}
	if other.NodeID != id {
		return nil, false, &Error{CodeConflict, fmt.Sprintf("add: the node at %s calls itself %q, not %q", address, other.NodeID, id)}
	}
	raftID, err := raftIDFromText(other.RaftID)
	if err != nil {
		return nil, false, &Error{CodeInternal, err.Error()}
	}
	n.mu.Lock()
	gone := n.conf.members.Removed[raftID]
	n.mu.Unlock()
	if gone {
		return nil, false, &Error{CodeConflict, fmt.Sprintf("add: this data directory of %s was a member and was removed: empty it first", id)}
	}
	member := Member{ID: id, RaftID: other.RaftID, Address: address, Advertise: other.Advertise, StaysLearner: learner}
	context, err := json.Marshal(member)
	if err != nil {
		return nil, false, &Error{CodeInternal, err.Error()}
	}
	change := raftpb.ConfChange{Type: raftpb.ConfChangeAddLearnerNode, NodeID: raftID, Context: context}
	if retry, err := n.change(ctx, change); retry || err != nil {
		return nil, retry, err
	}
	go n.bringIn()
	return []byte(fmt.Sprintf(`{"id":%q,"raft_id":%q,"role":"learner"}`, id, other.RaftID)), false, nil
}

func (n *Node) remove(ctx context.Context, id string) ([]byte, bool, error) {
	n.mu.Lock()
	conf := n.conf
	n.mu.Unlock()
	raftID, _, exists := conf.members.byName(id)
	if !exists {
		return nil, false, &Error{CodeInvalidArgument, fmt.Sprintf("remove: %q is no member; the members are %s", id, names(conf.members))}
	}
	if raftID == n.raftID {
		// The leader hands over first; the command goes on at its successor.
		if len(conf.conf.Voters) == 1 {
			return nil, false, &Error{CodeConflict, "remove: " + id + " is the only voter"}
		}
		if _, _, err := n.transferLeader(ctx, ""); err != nil {
			return nil, false, err
		}
		return nil, true, nil
	}
	var problem string
	if !n.onLoop(ctx, func(r *runningRaft) { problem = n.quorumWithout(r, raftID) }) {
		return nil, true, nil
	}
	if problem != "" {
		return nil, false, &Error{CodeConflict, problem}
	}
	if retry, err := n.change(ctx, raftpb.ConfChange{Type: raftpb.ConfChangeRemoveNode, NodeID: raftID}); retry || err != nil {
		return nil, retry, err
	}
	return []byte(fmt.Sprintf(`{"id":%q}`, id)), false, nil
}

// quorumWithout warns of a removal that would leave fewer living voters than a majority.
func (n *Node) quorumWithout(r *runningRaft, gone uint64) string {
	voters, alive, isVoter := 0, 0, false
	r.node.WithProgress(func(id uint64, kind raft.ProgressType, pr tracker.Progress) {
		if kind != raft.ProgressTypePeer {
			return
		}
		if id == gone {
			isVoter = true
			return
		}
		voters++
		if id == n.raftID || pr.RecentActive {
			alive++
		}
	})
	if !isVoter || alive > voters/2 {
		return ""
	}
	return fmt.Sprintf("remove: of the %d voters that would be left only %d answer, which is no majority; nothing was changed. Bring a node "+
		"back first", voters, alive)
}

func names(m membership) string {
	text := ""
	for _, member := range m.list() {
		if text != "" {
			text += ", "
		}
		text += member.ID
	}
	return text
}

// change proposes a change of the configuration and waits until it is part of it.
func (n *Node) change(ctx context.Context, change raftpb.ConfChange) (retry bool, err error) {
	done := make(chan error, 1)
	dropped := false
	if !n.onLoop(ctx, func(r *runningRaft) {
		if len(r.waiters) > 0 {
			done <- &Error{CodeConflict, "another change of the membership is under way; nothing was changed"}
			return
		}
		change.ID = hash64(randomName())
		if err := r.node.ProposeConfChange(change); err != nil {
			dropped = true
			return
		}
		r.waiters[change.ID] = func(err error) { done <- err }
	}) || dropped {
		return true, nil
	}
	select {
	case err := <-done:
		return false, err
	case <-ctx.Done():
		n.onLoop(context.Background(), func(r *runningRaft) { delete(r.waiters, change.ID) })
		return false, &Error{CodeOutcomeUnknown, "the change of the membership was proposed and not committed within the deadline; it may or " +
			"may not take effect: see the status"}
	case <-n.stopc:
		return false, &Error{CodeOutcomeUnknown, "the node stopped while the change of the membership was under way"}
	}
}

// applyChange makes a committed change part of the configuration.
func (n *Node) applyChange(r *runningRaft, e *raftpb.Entry) {
	var change raftpb.ConfChange
	if err := change.Unmarshal(e.Data); err != nil {
		n.host.Fatal(fmt.Sprintf("entry %d holds a change of the configuration that cannot be read: %v", e.Index, err))
	}
	members, err := r.history.newest().members.changed(change)
	if err != nil {
		// Every node finds the same, and leaves the configuration as it is.
		change.NodeID = raft.None
		members = r.history.newest().members
		n.host.Log(LogError, fmt.Sprintf("entry %d: %v", e.Index, err))
	}
	conf := r.node.ApplyConfChange(change)
	at := configuration{index: e.Index, conf: *conf, members: members}
	r.history.add(at)
	n.confMoved(r, at)
	if member, known := members.Members[change.NodeID]; known {
		n.host.Log(LogInfo, fmt.Sprintf("the configuration changed: %v %s at %s", change.Type, member.ID, member.Address))
	} else {
		n.host.Log(LogInfo, fmt.Sprintf("the configuration changed: %v %016x", change.Type, change.NodeID))
	}
	if done := r.waiters[change.ID]; done != nil {
		delete(r.waiters, change.ID)
		done(err)
	}
}

// promoteLearners makes voters of learners that have caught up.
func (n *Node) promoteLearners(r *runningRaft) {
	status := r.node.BasicStatus()
	if status.RaftState != raft.StateLeader || len(r.waiters) > 0 {
		return
	}
	last, _ := r.log.LastIndex()
	r.node.WithProgress(func(id uint64, kind raft.ProgressType, pr tracker.Progress) {
		member, known := r.history.newest().members.Members[id]
		if kind != raft.ProgressTypeLearner || !known || member.StaysLearner || !pr.RecentActive ||
			pr.State != tracker.StateReplicate || pr.Match+promotionLag < last {
			return
		}
		if len(r.waiters) > 0 {
			return
		}
		context, err := json.Marshal(member)
		if err != nil {
			return
		}
		change := raftpb.ConfChange{ID: hash64(randomName()), Type: raftpb.ConfChangeAddNode, NodeID: id, Context: context}
		if r.node.ProposeConfChange(change) == nil {
			r.waiters[change.ID] = func(error) {}
		}
	})
}

// transferLeader moves the leadership to a member, or to the one most caught up.
func (n *Node) transferLeader(ctx context.Context, id string) ([]byte, bool, error) {
	n.mu.Lock()
	conf := n.conf
	n.mu.Unlock()
	var target uint64
	if id != "" {
		known := false
		if target, _, known = conf.members.byName(id); !known {
			return nil, false, &Error{CodeInvalidArgument, fmt.Sprintf("transfer-leader: %q is no member; the members are %s", id, names(conf.members))}
		}
		for _, learner := range conf.conf.Learners {
			if learner == target {
				return nil, false, &Error{CodeConflict, "transfer-leader: " + id + " is a learner, which cannot lead"}
			}
		}
		if target == n.raftID {
			return []byte(fmt.Sprintf(`{"leader":%q}`, id)), false, nil
		}
	}
	if !n.onLoop(ctx, func(r *runningRaft) {
		if target == 0 {
			best := uint64(0)
			r.node.WithProgress(func(id uint64, kind raft.ProgressType, pr tracker.Progress) {
				if kind == raft.ProgressTypePeer && id != n.raftID && pr.RecentActive && pr.Match >= best {
					best, target = pr.Match, id
				}
			})
		}
		if target != 0 {
			r.node.TransferLeader(target)
		}
	}) {
		return nil, true, nil
	}
	if target == 0 {
		return nil, false, &Error{CodeNoQuorum, "transfer-leader: no other voter answers"}
	}
	patience := time.After(3 * n.config.ElectionTimeout)
	for {
		n.mu.Lock()
		lead := n.lead
		n.mu.Unlock()
		if lead == target {
			return []byte(fmt.Sprintf(`{"leader":%q}`, conf.members.Members[target].ID)), false, nil
		}
		select {
		case <-patience:
			return nil, false, &Error{CodeConflict, fmt.Sprintf("transfer-leader: %s did not take over: it cannot be reached, or lags too far "+
				"behind", conf.members.Members[target].ID)}
		case <-ctx.Done():
			return nil, false, &Error{CodeDeadlineExceeded, "transfer-leader: the deadline passed before the leadership had moved"}
		case <-n.stopc:
			return nil, false, &Error{CodeDraining, "the node is shutting down"}
		case <-time.After(5 * time.Millisecond):
		}
	}
}
