package raftnode

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// outcome of a proposal or a read, as the host would hear it.
type outcome struct {
	code  int
	text  string
	index uint64
}

// fakeHost is a host whose state is the list of batches that were applied. The first `durable` of
// them survive a restart.
type fakeHost struct {
	t    *testing.T
	name string
	node *Node

	mu         sync.Mutex
	nextSeq    uint64
	waiting    []byte
	proposals  map[uint64]chan outcome
	nextBatch  uint64
	readsWait  [2][]chan outcome
	readsAsked map[uint64][]chan outcome
	readsIndex map[uint64][]chan outcome
	reached    uint64 // by Apply or AppliedTo

	state       []string
	at          Position
	kept        []string
	keptAt      Position
	lastNow     uint64
	frozen      chan struct{} // not nil: Apply waits for it
	checkpoints map[uint64][]byte
	installing  []byte
	installs    int
	reads       int64 // pieces of checkpoints served
	breakAfter  int64 // a piece that fails, once
	lines       []string
	role        int
	leader      string
}

func newFakeHost(t *testing.T, name string) *fakeHost {
	return &fakeHost{t: t, name: name, nextSeq: uint64(time.Now().UnixNano()), nextBatch: 1, proposals: map[uint64]chan outcome{},
		readsAsked: map[uint64][]chan outcome{}, readsIndex: map[uint64][]chan outcome{}, checkpoints: map[uint64][]byte{}}
}

// reborn is the host after a crash: what was not durable is gone.
func (h *fakeHost) reborn() *fakeHost {
	h.mu.Lock()
	defer h.mu.Unlock()
	next := newFakeHost(h.t, h.name)
	next.state, next.at = append([]string(nil), h.kept...), h.keptAt
	next.kept, next.keptAt = next.state, next.at
	return next
}

func (h *fakeHost) propose(batch string, patience time.Duration) chan outcome {
	done := make(chan outcome, 1)
	h.mu.Lock()
	h.nextSeq++
	var head [24 + headerBytes]byte
	binary.LittleEndian.PutUint64(head[0:], h.nextSeq)
	binary.LittleEndian.PutUint64(head[8:], uint64(patience))
	binary.LittleEndian.PutUint64(head[16:], uint64(len(batch)))
	h.waiting = append(append(h.waiting, head[:]...), batch...)
	h.proposals[h.nextSeq] = done
	h.mu.Unlock()
	h.node.Wake()
	return done
}

func (h *fakeHost) read(leader bool) chan outcome {
	done := make(chan outcome, 1)
	level := 0
	if leader {
		level = 1
	}
	h.mu.Lock()
	h.readsWait[level] = append(h.readsWait[level], done)
	h.mu.Unlock()
	h.node.Wake()
	return done
}

func (h *fakeHost) Log(level int, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, text)
	if len(h.lines) > 5000 {
		h.lines = h.lines[1000:]
	}
}

func (h *fakeHost) logged(words string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, line := range h.lines {
		if strings.Contains(line, words) {
			return true
		}
	}
	return false
}

func (h *fakeHost) Fatal(text string) { panic(h.name + " is told to stop: " + text) }

func (h *fakeHost) TakeProposals() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	taken := h.waiting
	h.waiting = nil
	return taken
}

func (h *fakeHost) FinishProposal(seq uint64, code int, text string) {
	h.mu.Lock()
	done := h.proposals[seq]
	delete(h.proposals, seq)
	h.mu.Unlock()
	if done != nil {
		done <- outcome{code: code, text: text}
	}
}

func (h *fakeHost) TakeReads(leader bool) uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	level := 0
	if leader {
		level = 1
	}
	if len(h.readsWait[level]) == 0 {
		return 0
	}
	h.nextBatch++
	h.readsAsked[h.nextBatch] = h.readsWait[level]
	h.readsWait[level] = nil
	return h.nextBatch
}

func (h *fakeHost) ReadsReady(batch, index uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.readsIndex[index] = append(h.readsIndex[index], h.readsAsked[batch]...)
	delete(h.readsAsked, batch)
	h.grant()
}

func (h *fakeHost) grant() {
	for index, all := range h.readsIndex {
		if index > h.reached {
			continue
		}
		for _, done := range all {
			done <- outcome{index: h.reached}
		}
		delete(h.readsIndex, index)
	}
}

func (h *fakeHost) ReadsFailed(batch uint64, code int, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, done := range h.readsAsked[batch] {
		done <- outcome{code: code, text: text}
	}
	delete(h.readsAsked, batch)
}

func (h *fakeHost) ExpireReads() []uint64 { return nil }

func (h *fakeHost) Apply(incarnation, term, first uint64, count int, frames []byte) error {
	h.mu.Lock()
	frozen := h.frozen
	h.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.at.Incarnation == incarnation && h.at.Index != 0 && first != h.at.Index+1 {
		return fmt.Errorf("index %d after %d", first, h.at.Index)
	}
	for i := 0; i < count; i++ {
		now := binary.LittleEndian.Uint64(frames)
		seq := binary.LittleEndian.Uint64(frames[8:])
		size := binary.LittleEndian.Uint64(frames[16:])
		batch := string(frames[24 : 24+size])
		frames = frames[24+size:]
		if size > 0 {
			if now < h.lastNow {
				return fmt.Errorf("the stamp went back from %d to %d", h.lastNow, now)
			}
			h.lastNow = now
			h.state = append(h.state, batch)
		}
		h.at = Position{incarnation, term, first + uint64(i)}
		if done := h.proposals[seq]; seq != 0 && done != nil {
			delete(h.proposals, seq)
			done <- outcome{index: h.at.Index}
		}
	}
	h.reached = h.at.Index
	h.grant()
	return nil
}

func (h *fakeHost) AppliedTo(index uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reached = index
	h.grant()
}

// flush makes durable what is applied.
func (h *fakeHost) flush() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kept, h.keptAt = append([]string(nil), h.state...), h.at
}

func (h *fakeHost) Applied() Position {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *fakeHost) Durable() Position {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.keptAt
}

func (h *fakeHost) HasData() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.state) > 0
}

func (h *fakeHost) NowMs() uint64 { return 0 }

func (h *fakeHost) RoleChanged(role int, leader string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.role, h.leader = role, leader
}

type fakeState struct {
	At      Position
	Batches []string
}

func (h *fakeHost) CanCheckpoint() bool { return true }

func (h *fakeHost) CheckpointOpen() (uint64, Position, []byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	content, err := json.Marshal(fakeState{h.at, h.state})
	h.nextBatch++
	h.checkpoints[h.nextBatch] = content
	return h.nextBatch, h.at, []byte(`{"files":[{"name":"state"},{"name":"empty"}]}`), err
}

func (h *fakeHost) CheckpointRead(id uint64, file string, offset uint64, buffer []byte) (int, error) {
	if pieces := atomic.AddInt64(&h.reads, 1); pieces == atomic.LoadInt64(&h.breakAfter) {
		return 0, fmt.Errorf("this read fails once")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	content := h.checkpoints[id]
	if file == "empty" || offset >= uint64(len(content)) {
		return 0, nil
	}
	if len(buffer) > 5000 {
		buffer = buffer[:5000]
	}
	return copy(buffer, content[offset:]), nil
}

func (h *fakeHost) CheckpointClose(id uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.checkpoints, id)
}

func (h *fakeHost) InstallBegin(manifest []byte) (uint64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.installing = nil
	return 1, nil
}

func (h *fakeHost) InstallWanted(uint64) ([]byte, error) { return nil, nil }

func (h *fakeHost) InstallWrite(id uint64, file string, offset uint64, bytes []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if offset != uint64(len(h.installing)) {
		return fmt.Errorf("a piece at %d, expected at %d", offset, len(h.installing))
	}
	h.installing = append(h.installing, bytes...)
	return nil
}

func (h *fakeHost) InstallCommit(id uint64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var s fakeState
	if err := json.Unmarshal(h.installing, &s); err != nil {
		return err
	}
	h.state, h.at = s.Batches, s.At
	h.kept, h.keptAt = append([]string(nil), h.state...), h.at
	h.installs++
	return nil
}

func (h *fakeHost) InstallAbort(uint64) {}

func (h *fakeHost) batches() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.state...)
}

// fakeCluster is some nodes of one process, each on a loopback address of its own.
type fakeCluster struct {
	t       *testing.T
	names   []string
	hosts   map[string]*fakeHost
	configs map[string]Config
}

var nextLoopback int64

// testAddress is free: no other test of this machine uses this corner of the loopback network.
func testAddress() string {
	number := atomic.AddInt64(&nextLoopback, 1)
	pid := uint64(processID())
	return fmt.Sprintf("127.%d.%d.%d:7400", 100+(pid>>8)%100, pid&0xff, 1+number)
}

func newFakeCluster(t *testing.T, names ...string) *fakeCluster {
	c := &fakeCluster{t: t, names: names, hosts: map[string]*fakeHost{}, configs: map[string]Config{}}
	addresses := map[string]string{}
	for _, name := range names {
		addresses[name] = testAddress()
	}
	for _, name := range names {
		config := c.config(name, addresses[name])
		for _, other := range names {
			if other != name {
				config.Peers = append(config.Peers, Peer{other, addresses[other]})
			}
		}
		c.configs[name] = config
		c.hosts[name] = newFakeHost(t, name)
	}
	t.Cleanup(func() {
		for _, h := range c.hosts {
			if h.node != nil {
				h.node.Stop()
			}
		}
		if t.Failed() {
			for name, h := range c.hosts {
				h.mu.Lock()
				for _, line := range h.lines {
					t.Logf("%s: %s", name, line)
				}
				h.mu.Unlock()
			}
		}
	})
	return c
}

func (c *fakeCluster) config(name, address string) Config {
	return Config{NodeID: name, DataDir: c.t.TempDir(), ClusterID: "test", Listen: address, Advertise: "http://" + name,
		Bootstrap: "new", Forward: true, HeartbeatInterval: 50 * time.Millisecond, ElectionTimeout: 500 * time.Millisecond,
		LogRetention: 1 << 20, LogCache: 1 << 20}
}

func (c *fakeCluster) start(names ...string) {
	c.t.Helper()
	for _, name := range names {
		if err := c.tryStart(name); err != nil {
			c.t.Fatalf("start %s: %v", name, err)
		}
	}
}

func (c *fakeCluster) tryStart(name string) error {
	h := c.hosts[name]
	text, _ := json.Marshal(c.configs[name])
	node, err := New(text, h)
	if err != nil {
		return err
	}
	h.node = node
	return node.Start()
}

// crash stops a node; what was not durable in its state is lost.
func (c *fakeCluster) crash(name string) {
	c.hosts[name].node.Stop()
	c.hosts[name] = c.hosts[name].reborn()
}

func (c *fakeCluster) eventually(what string, is func() bool) {
	c.t.Helper()
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if is() {
			return
		}
	}
	c.t.Fatalf("it did not happen: %s", what)
}

// ready waits until the nodes take part.
func (c *fakeCluster) ready(names ...string) {
	c.t.Helper()
	for _, name := range names {
		h := c.hosts[name]
		c.eventually(name+" takes part", func() bool { return (<-h.read(false)).code == CodeOK })
	}
}

// put proposes until it is done; the batch may then be there more than once.
func (c *fakeCluster) put(name, batch string) {
	c.t.Helper()
	var last outcome
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if last = <-c.hosts[name].propose(batch, 10*time.Second); last.code == CodeOK {
			return
		}
	}
	c.t.Fatalf("%s does not take %q: %d %s", name, batch, last.code, last.text)
}

func (c *fakeCluster) leader() string {
	c.t.Helper()
	found := ""
	c.eventually("a leader", func() bool {
		for name, h := range c.hosts {
			h.mu.Lock()
			leads := h.role == roleLeader && h.node != nil && !h.node.isStopping()
			h.mu.Unlock()
			if leads {
				found = name
				return true
			}
		}
		return false
	})
	return found
}

func (c *fakeCluster) other(not ...string) string {
	all := append([]string(nil), c.names...)
	sort.Strings(all)
next:
	for _, name := range all {
		for _, n := range not {
			if n == name {
				continue next
			}
		}
		return name
	}
	c.t.Fatal("no other node")
	return ""
}

// same waits until all nodes have the same batches, this many at least.
func (c *fakeCluster) same(atLeast int, names ...string) {
	c.t.Helper()
	c.eventually(fmt.Sprintf("equal states of %v with %d batches", names, atLeast), func() bool {
		first := c.hosts[names[0]].batches()
		if len(first) < atLeast {
			return false
		}
		for _, name := range names[1:] {
			if strings.Join(c.hosts[name].batches(), "\n") != strings.Join(first, "\n") {
				return false
			}
		}
		return true
	})
}
