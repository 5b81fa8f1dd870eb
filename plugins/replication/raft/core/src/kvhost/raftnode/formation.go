package raftnode

import (
	"errors"
	"fmt"
	"net/http"
	"sort"
	"strings"
	"time"
)

// How often peers are asked who they are.
const (
	lookWhileForming = 200 * time.Millisecond
	lookAfterwards   = 2 * time.Second
)

// A cluster is formed once, by one node, the founder: the only one configured with bootstrap = "new",
// or the one of these that holds data, or else the one with the smallest id. It waits until all its
// peers have told their raft ids, writes the first configuration into its log, and has the others adopt
// the formation. They begin empty and take the founder's state as a snapshot.
//
// adoption is what a member sends to a node that is in the configuration and does not know it.
type adoption struct {
	ClusterID string   `json:"cluster_id"`
	Formation string   `json:"formation"`
	Members   []Member `json:"members"`
}

// firstLook finds out at start what would make taking part unsafe.
func (n *Node) firstLook() error {
	n.look()
	if err := n.tryToForm(); err != nil {
		return err
	}
	return nil
}

// watchPeers keeps in touch with the peers: to form the cluster, to bring new members in, to know who
// answers.
func (n *Node) watchPeers() {
	for {
		n.mu.Lock()
		formed := n.formed
		n.mu.Unlock()
		pause := lookAfterwards
		if !formed {
			pause = lookWhileForming
		}
		select {
		case <-n.stopc:
			return
		case <-time.After(pause):
		}
		n.look()
		if formed {
			n.bringIn()
		} else if err := n.tryToForm(); err != nil {
			n.refuse(err.Error())
		}
	}
}

// refuse lets the node answer everything with these words from now on.
func (n *Node) refuse(why string) {
	n.mu.Lock()
	isNew := n.refusal != why
	n.refusal = why
	n.mu.Unlock()
	if isNew {
		n.host.Log(LogError, why)
	}
}

// unfit says why nothing can be done yet, or any more.
func (n *Node) unfit() (int, string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.refusal != "" {
		return CodeNoQuorum, n.refusal
	}
	if n.formed {
		return CodeOK, ""
	}
	why := n.lastProblem
	if why == "" {
		why = "it waits for its peers"
	}
	return CodeStarting, "the cluster is not formed yet: " + why
}

// tryToForm looks at what the peers said. An error means that this node must not take part.
func (n *Node) tryToForm() error {
	mine := n.introduce()
	n.mu.Lock()
	if n.formed {
		n.mu.Unlock()
		return nil
	}
	others := make([]hello, 0, len(n.config.Peers))
	var missing []string
	for _, p := range n.config.Peers {
		view := n.hellos[p.Address]
		switch {
		case view == nil || view.hello == nil && view.problem == "":
			missing = append(missing, p.ID+" at "+p.Address+" was not asked yet")
		case view.hello == nil:
			missing = append(missing, view.problem)
		default:
			others = append(others, *view.hello)
		}
	}
	n.mu.Unlock()
	waits, err := n.judge(mine, others, missing)
	n.mu.Lock()
	isNew := waits != n.lastProblem
	n.lastProblem = waits
	n.mu.Unlock()
	if isNew && waits != "" {
		n.host.Log(LogInfo, "the cluster is not formed yet: "+waits)
	}
	return err
}

func (n *Node) judge(mine hello, others []hello, missing []string) (waits string, refused error) {
	for _, other := range others {
		if other.Formation == "" {
			continue
		}
		for _, member := range other.Members {
			if member.ID != mine.NodeID {
				continue
			}
			if member.RaftID == mine.RaftID {
				return "the cluster exists; " + other.NodeID + " is about to bring this node in", nil
			}
			return "refused", &Error{CodeConfigError, fmt.Sprintf("cluster %q knows %s as member %s, but this data directory is member %s: the "+
				"data of %s was lost or replaced, and with it what it had promised to the others. On a living node run: kvctl cluster "+
				"remove %s, then start this node with bootstrap = \"existing\" and run: kvctl cluster add %s", mine.ClusterID, mine.NodeID,
				member.RaftID, mine.RaftID, mine.NodeID, mine.NodeID, mine.NodeID)}
		}
		for _, id := range other.Removed {
			if id == mine.RaftID {
				return "refused", &Error{CodeConfigError, "this node was removed from the cluster: empty its data directory and add it again"}
			}
		}
		return fmt.Sprintf("cluster %q exists without this node: on one of its nodes run: kvctl cluster add %s %s", mine.ClusterID,
			mine.NodeID, mine.Address), nil
	}
	if mine.Bootstrap != "new" {
		return "bootstrap = \"existing\": it waits to be brought in", nil
	}
	if len(missing) > 0 {
		sort.Strings(missing)
		return strings.Join(missing, "; "), nil
	}
	all := append([]hello{mine}, others...)
	for _, other := range others {
		if other.Nodes != mine.Nodes {
			return fmt.Sprintf("%s is configured with the nodes %s, this one with %s: they must agree", other.NodeID, other.Nodes, mine.Nodes), nil
		}
	}
	founder, why := chooseFounder(all)
	if why != "" {
		return why, nil
	}
	if founder != mine.NodeID {
		return "it waits for " + founder + ", which forms it", nil
	}
	return "", n.found(all)
}

func chooseFounder(all []hello) (founder, why string) {
	var candidates, holders []string
	for _, h := range all {
		if h.Bootstrap == "new" {
			candidates = append(candidates, h.NodeID)
			if h.HasData {
				holders = append(holders, h.NodeID)
			}
		}
	}
	sort.Strings(candidates)
	sort.Strings(holders)
	if len(holders) > 1 && len(candidates) > 1 {
		return "", strings.Join(holders, " and ") + " hold data: set bootstrap = \"existing\" on all nodes but the one whose data the " +
			"cluster shall have; theirs will be replaced"
	}
	if len(holders) == 1 {
		return holders[0], ""
	}
	return candidates[0], ""
}

// found makes this node the first of a new cluster.
func (n *Node) found(all []hello) error {
	members := make([]Member, 0, len(all))
	for _, h := range all {
		members = append(members, Member{ID: h.NodeID, RaftID: h.RaftID, Address: h.Address, Advertise: h.Advertise})
	}
	n.host.Log(LogInfo, fmt.Sprintf("forms cluster %q of %d nodes", n.config.ClusterID, len(members)))
	return n.belong(adoption{ClusterID: n.config.ClusterID, Formation: randomName(), Members: members}, true)
}

// belong binds this data directory to a formation, for good, and starts raft.
func (n *Node) belong(to adoption, founder bool) error {
	n.identityMu.Lock()
	defer n.identityMu.Unlock()
	if n.identity.Formation == to.Formation {
		return nil
	}
	if n.identity.Formation != "" {
		return &Error{CodeConflict, "this node belongs to another formation already"}
	}
	next := *n.identity
	next.Formation, next.Members, next.Founder = to.Formation, to.Members, founder
	if err := next.save(n.config.dir()); err != nil {
		return err
	}
	*n.identity = next
	return n.startRaft()
}

func (n *Node) serveAdopt(w http.ResponseWriter, r *http.Request) {
	var to adoption
	if !readJSON(w, r, &to) {
		return
	}
	mine := n.introduce()
	isMember := false
	for _, member := range to.Members {
		isMember = isMember || member.RaftID == mine.RaftID
	}
	if to.ClusterID != mine.ClusterID || to.Formation == "" || !isMember {
		http.Error(w, "this node is not meant", http.StatusConflict)
		return
	}
	if err := n.belong(to, false); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		var known *Error
		if !errors.As(err, &known) || known.Code != CodeConflict {
			n.host.Fatal("joining the cluster failed: " + err.Error())
		}
		return
	}
	n.host.Log(LogInfo, fmt.Sprintf("joins cluster %q of %d nodes", to.ClusterID, len(to.Members)))
	writeJSON(w, n.introduce())
}

// bringIn has members adopt the formation that do not know it, and learns what others know of this
// node.
func (n *Node) bringIn() {
	mine := n.introduce()
	n.mu.Lock()
	members := n.conf.members
	fresh := map[string]string{} // address to name
	removed := false
	for id, member := range members.Members {
		if view := n.hellos[n.addressOf(member)]; view != nil && view.hello != nil {
			if view.hello.Formation == "" && view.hello.RaftID == raftIDText(id) {
				fresh[n.addressOf(member)] = member.ID
			}
			for _, gone := range view.hello.Removed {
				removed = removed || gone == mine.RaftID
			}
		}
	}
	n.mu.Unlock()
	if removed {
		n.refuse("this node was removed from the cluster. To take part again it must be emptied and added (kvctl cluster add)")
	}
	for address, node := range fresh {
		var answer hello
		err := n.post(node, address, adoptPath, adoption{ClusterID: mine.ClusterID, Formation: mine.Formation, Members: members.list()},
			&answer, helloPatience)
		if err != nil {
			n.host.Log(LogWarning, fmt.Sprintf("the new member at %s does not come in: %v", address, err))
		}
	}
}
