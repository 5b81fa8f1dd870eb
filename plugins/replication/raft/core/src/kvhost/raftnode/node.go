package raftnode

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"kvhost/raftlog"

	"go.etcd.io/etcd/pkg/transport"
	"go.etcd.io/etcd/raft"
	"go.etcd.io/etcd/raft/raftpb"
	"go.uber.org/zap"
)

// What a message, a commit and a round of the loop take at most.
const (
	maxMessageBytes     = 1 << 20
	maxInflightMessages = 256
	maxUncommittedBytes = 64 << 20
	maxCommittedBytes   = 4 << 20
	maxLocalBytes       = 64 << 20 // of proposals of this node under way
	maxMessagesARound   = 1024
	receiveQueue        = 4096
)

// Node is one member. Made by New, set going by Start, ended by Stop.
type Node struct {
	config Config
	host   Host
	zap    *zap.Logger

	identityMu sync.Mutex
	identity   *identity
	raftID     uint64

	listener net.Listener
	server   *http.Server
	clients  clients
	tlsInfo  transport.TLSInfo

	stopc   chan struct{}
	stopped sync.Once
	running sync.WaitGroup

	// Guards what the loop, status and peers' goroutines share.
	mu          sync.Mutex
	formed      bool // the raft below exists
	refusal     string
	raft        *runningRaft
	hellos      map[string]*peerView // by address
	lastProblem string
	lead        uint64
	role        int
	leads       bool
	term        uint64
	conf        configuration
	leaderMoves uint64
	sent        uint64
	received    uint64

	wakec chan struct{} // proposals or reads wait
	moves *moves        // local proposals and reads on their way
}

// runningRaft is what exists from the formation on. Owned by the loop but for what is said otherwise.
type runningRaft struct {
	log       *raftlog.Log // its own locks
	node      *raft.RawNode
	links     *links // its own locks
	recvc     chan raftpb.Message
	callc     chan func() // runs on the loop
	applier   *applier    // its own locks
	snapshots *snapshots  // its own locks
	history   confHistory
	commit    uint64
	maxStamp  uint64
	errorc    chan error
	waiters   map[uint64]func(error) // by id of a change of the configuration
	unready   map[uint64]bool
}

// New checks the configuration and reads the identity; it starts nothing.
func New(configText []byte, host Host) (*Node, error) {
	n := &Node{host: host, stopc: make(chan struct{}), wakec: make(chan struct{}, 1),
		hellos: map[string]*peerView{}, role: roleFollower}
	if err := json.Unmarshal(configText, &n.config); err != nil {
		return nil, &Error{CodeInternal, "the configuration handed over is no JSON: " + err.Error()}
	}
	if err := n.config.check(); err != nil {
		return nil, err
	}
	n.zap = newZapLogger(host)
	n.moves = newMoves(n)
	n.clients = clients{n: n, all: map[string]*http.Client{}}
	return n, nil
}

// Start listens, looks at the peers once, and begins to take part: at once where this node belongs to
// a cluster already, else as soon as the cluster is formed.
func (n *Node) Start() error {
	if n.config.tls() {
		n.tlsInfo = transport.TLSInfo{CertFile: n.config.TLSCert, KeyFile: n.config.TLSKey,
			TrustedCAFile: n.config.TLSCA, ClientCertAuth: true, SkipClientSANVerify: true, Logger: n.zap}
	}
	var err error
	if n.identity, err = loadIdentity(&n.config); err != nil {
		return err
	}
	n.raftID = n.identity.raftID()
	if err := n.listen(); err != nil {
		return err
	}
	if n.identity.Formation != "" {
		err = n.startRaft()
	} else {
		err = n.firstLook()
	}
	if err != nil {
		n.Stop()
		return err
	}
	n.goRun("peers", n.watchPeers)
	n.goRun("moves", n.moves.run)
	n.goRun("answers", n.moves.runTells)
	return nil
}

// goRun starts a goroutine whose panic ends the process.
func (n *Node) goRun(name string, run func()) {
	if n.isStopping() {
		return
	}
	n.running.Add(1)
	go func() {
		defer n.running.Done()
		defer n.failStop(name)
		run()
	}()
}

func (n *Node) failStop(name string) {
	if cause := recover(); cause != nil {
		n.host.Fatal(fmt.Sprintf("the raft core panicked in %s: %v\n%s", name, cause, debug.Stack()))
	}
}

// Wake tells that proposals or reads wait at the host.
func (n *Node) Wake() {
	select {
	case n.wakec <- struct{}{}:
	default:
	}
}

// Stop ends everything; waiting calls are answered.
func (n *Node) Stop() {
	n.stopped.Do(func() {
		n.handOver()
		close(n.stopc)
		if n.server != nil {
			n.server.Close()
		}
		n.mu.Lock()
		r := n.raft
		n.mu.Unlock()
		if r != nil {
			r.applier.stop()
		}
		n.running.Wait()
		if r != nil {
			r.links.stop()
			r.snapshots.close()
			if err := r.log.Close(); err != nil {
				n.host.Log(LogError, "close the raft log: "+err.Error())
			}
		}
		n.clients.close()
		n.moves.finishAll()
	})
}

// handOver moves the leadership away, so that the others need not find out that this node is gone.
func (n *Node) handOver() {
	n.mu.Lock()
	leads := n.formed && n.refusal == "" && n.role == roleLeader && len(n.conf.conf.Voters) > 1
	n.mu.Unlock()
	if !leads {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*n.config.ElectionTimeout)
	defer cancel()
	if _, _, err := n.transferLeader(ctx, ""); err != nil {
		n.host.Log(LogInfo, "the leadership was not handed over: "+err.Error())
	}
}

func (n *Node) isStopping() bool {
	select {
	case <-n.stopc:
		return true
	default:
		return false
	}
}

// startRaft opens or makes the log of a node that belongs to a formation, and starts the loop.
func (n *Node) startRaft() error {
	i := n.identity
	options := raftlog.Options{CacheBytes: n.config.LogCache, RetainBytes: n.config.LogRetention, Logger: n.zap}
	founded, err := newMembership(i.Members)
	if err != nil {
		return &Error{CodeCorruption, identityPath(n.config.dir()) + ": " + err.Error()}
	}
	if err := n.makeLog(founded, options); err != nil {
		return err
	}
	log, metadata, err := raftlog.Open(n.config.dir(), options)
	if err != nil {
		return &Error{CodeCorruption, err.Error()}
	}
	if string(metadata) != n.logMetadata() {
		log.Close()
		return &Error{CodeCorruption, fmt.Sprintf("the raft log in %s belongs to another member than %s says",
			n.config.dir(), identityPath(n.config.dir()))}
	}
	r, err := n.newRaft(log, founded)
	if err != nil {
		log.Close()
		return err
	}
	n.mu.Lock()
	n.raft, n.formed, n.conf = r, true, r.history.newest()
	n.mu.Unlock()
	n.goRun("loop", func() { n.loop(r) })
	n.goRun("applier", r.applier.run)
	n.Wake()
	return nil
}

func (n *Node) logMetadata() string {
	return n.identity.ClusterID + "\x00" + n.identity.Formation + "\x00" + raftIDText(n.raftID)
}

func (n *Node) makeLog(founded membership, options raftlog.Options) error {
	i, dir := n.identity, n.config.dir()
	exists := raftlog.Exists(dir)
	if i.HasLog {
		if !exists {
			return &Error{CodeCorruption, fmt.Sprintf("the raft log in %s is gone, though this node has voted and acknowledged in "+
				"cluster %q. Remove the node (kvctl cluster remove %s), empty its data directory, and add it again", dir, i.ClusterID, i.NodeID)}
		}
		return nil
	}
	if !exists {
		var first raftpb.Snapshot
		if i.Founder {
			first = raftpb.Snapshot{Data: founded.encode(), Metadata: raftpb.SnapshotMetadata{Index: 1, Term: 1}}
			for id := range founded.Members {
				first.Metadata.ConfState.Voters = append(first.Metadata.ConfState.Voters, id)
			}
		}
		if err := raftlog.Create(dir, []byte(n.logMetadata()), first, options); err != nil {
			return &Error{CodeIOError, err.Error()}
		}
	}
	i.HasLog = true
	return i.save(dir)
}

func (n *Node) newRaft(log *raftlog.Log, founded membership) (*runningRaft, error) {
	r := &runningRaft{log: log, recvc: make(chan raftpb.Message, receiveQueue), callc: make(chan func(), 64),
		errorc: make(chan error, 1), waiters: map[uint64]func(error){}, unready: map[uint64]bool{}}
	hard, conf, _ := log.InitialState()
	snapshot, _ := log.Snapshot()
	at := configuration{index: snapshot.Metadata.Index, conf: conf, members: founded}
	if len(snapshot.Data) > 0 {
		var err error
		if at.members, err = decodeMembership(snapshot.Data); err != nil {
			return nil, &Error{CodeCorruption, err.Error()}
		}
	}
	r.history.add(at)
	r.commit = hard.Commit
	applied, err := n.firstApplied(log, snapshot.Metadata.Index)
	if err != nil {
		return nil, err
	}
	r.applier = newApplier(n, r, applied, hard.Commit)
	r.snapshots = newSnapshots(n, r)
	n.scanStamps(r)
	r.node, err = raft.NewRawNode(&raft.Config{
		ID: n.raftID, ElectionTick: n.config.electionTicks(), HeartbeatTick: 1, Storage: log,
		Applied: snapshot.Metadata.Index, MaxSizePerMsg: maxMessageBytes, MaxCommittedSizePerReady: maxCommittedBytes,
		MaxUncommittedEntriesSize: maxUncommittedBytes, MaxInflightMsgs: maxInflightMessages,
		CheckQuorum: true, PreVote: true, ReadOnlyOption: raft.ReadOnlySafe, Logger: raftLogger{n.host}})
	if err != nil {
		return nil, &Error{CodeInternal, err.Error()}
	}
	if r.links, err = newLinks(n, r); err != nil {
		return nil, err
	}
	n.updatePeers(r, at.members)
	return r, nil
}

// firstApplied is the index that the state machine is at; the log must reach back to it.
func (n *Node) firstApplied(log *raftlog.Log, marked uint64) (uint64, error) {
	at := n.host.Applied()
	index := at.Index
	if at.Incarnation != n.identity.incarnation() {
		index = 0
	}
	first, _ := log.FirstIndex()
	begin := first - 1
	if index < begin {
		if begin > 1 || index != 0 || !n.identity.Founder {
			return 0, &Error{CodeCorruption, fmt.Sprintf("the data stands at index %d of incarnation %x, but the raft log in %s begins "+
				"after %d of incarnation %x: the data was replaced, or changed without raft. Remove the node from the cluster, empty "+
				"its data directory, and add it again", at.Index, at.Incarnation, n.config.dir(), begin, n.identity.incarnation())}
		}
		// The founder's data, whatever ordered it before, is what stands at the log's beginning.
		empty := encodeBatch(nil, &ordered{}, 0)
		if err := n.host.Apply(n.identity.incarnation(), 1, begin, 1, empty); err != nil {
			return 0, err
		}
		index = begin
	}
	n.host.AppliedTo(index)
	return index, nil
}

// scanStamps finds the newest stamp in the log: what this node stamps as a leader must not go back.
func (n *Node) scanStamps(r *runningRaft) {
	first, _ := r.log.FirstIndex()
	last, _ := r.log.LastIndex()
	for last >= first {
		entries, err := r.log.Entries(last, last+1, 1)
		if err != nil || len(entries) == 0 {
			return
		}
		if h, ok := readHeader(entries[0].Data); ok && entries[0].Type == raftpb.EntryNormal {
			r.maxStamp = h.nowMs
			return
		}
		last--
	}
}

// stamp is the time of the next batch that this node orders: by its clock, never going back.
func (n *Node) stamp(r *runningRaft) uint64 {
	now := n.host.NowMs()
	if wall := uint64(time.Now().UnixMilli()); wall > now {
		now = wall
	}
	if now > r.maxStamp {
		r.maxStamp = now
	}
	return r.maxStamp
}

// updatePeers lets the transport know exactly the members.
func (n *Node) updatePeers(r *runningRaft, members membership) {
	for id, member := range members.Members {
		if id == n.raftID {
			continue
		}
		if err := r.links.keep(id, member.ID, n.addressOf(member)); err != nil {
			n.host.Log(LogError, fmt.Sprintf("%s cannot be reached until this node is restarted: %v", member.ID, err))
		}
	}
	for id := range members.Removed {
		if id != n.raftID {
			r.links.remove(id)
		}
	}
}

// addressOf a member: the local configuration comes before what the cluster agreed on, so that a node
// can move by changing the files.
func (n *Node) addressOf(m Member) string {
	for _, p := range n.config.Peers {
		if p.ID == m.ID {
			return p.Address
		}
	}
	return m.Address
}

// onLoop runs a function on the loop and waits for it; false: the node stops, or is not formed.
func (n *Node) onLoop(ctx context.Context, call func(r *runningRaft)) bool {
	n.mu.Lock()
	r := n.raft
	n.mu.Unlock()
	if r == nil {
		return false
	}
	done := make(chan struct{})
	select {
	case r.callc <- func() { call(r); close(done) }:
	case <-ctx.Done():
		return false
	case <-n.stopc:
		return false
	}
	select {
	case <-done:
		return true
	case <-n.stopc:
		return false
	}
}
