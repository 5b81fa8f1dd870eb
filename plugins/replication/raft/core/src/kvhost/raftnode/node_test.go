package raftnode

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

func processID() int { return os.Getpid() }

func threeNodes(t *testing.T) *fakeCluster {
	c := newFakeCluster(t, "node1", "node2", "node3")
	c.start("node1", "node2", "node3")
	c.ready(c.names...)
	return c
}

func TestAnyNodeTakesProposals(t *testing.T) {
	c := threeNodes(t)
	for i := 0; i < 30; i++ {
		c.put(c.names[i%3], fmt.Sprint("batch ", i))
	}
	c.same(30, c.names...)
	leader := c.leader()
	for _, name := range c.names {
		h := c.hosts[name]
		c.eventually(name+" knows the leader's address", func() bool {
			h.mu.Lock()
			defer h.mu.Unlock()
			return h.leader == "http://"+leader
		})
	}
}

func TestASingleNodeIsACluster(t *testing.T) {
	c := newFakeCluster(t, "node1")
	c.start("node1")
	c.put("node1", "first")
	c.crash("node1")
	c.start("node1")
	c.put("node1", "second")
	if got := strings.Join(c.hosts["node1"].batches(), " "); got != "first second" {
		t.Fatalf("the state is %q", got)
	}
}

func TestReadsWaitForWhatWasWrittenElsewhere(t *testing.T) {
	c := threeNodes(t)
	for i := 0; i < 20; i++ {
		batch := fmt.Sprint("batch ", i)
		c.put(c.names[i%3], batch)
		reader := c.hosts[c.names[(i+1)%3]]
		if got := <-reader.read(i%2 == 0); got.code != CodeOK {
			t.Fatalf("a read is refused: %s", got.text)
		}
		if all := strings.Join(reader.batches(), ","); !strings.Contains(all, batch) {
			t.Fatalf("a read after %q does not see it: %s", batch, all)
		}
	}
}

func TestNothingAcknowledgedIsLostWithTheLeader(t *testing.T) {
	c := threeNodes(t)
	c.put("node1", "warm")
	old := c.leader()
	var mu sync.Mutex
	var acknowledged []string
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for client := 0; client < 4; client++ {
		clients.Add(1)
		go func(client int) {
			defer clients.Done()
			host := c.hosts[c.other(old)]
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				batch := fmt.Sprintf("client %d batch %d", client, i)
				if got := <-host.propose(batch, 20*time.Second); got.code == CodeOK {
					mu.Lock()
					acknowledged = append(acknowledged, batch)
					mu.Unlock()
				} else if got.code != CodeOutcomeUnknown && got.code != CodeNoQuorum {
					t.Errorf("%q: %d %s", batch, got.code, got.text)
				}
			}
		}(client)
	}
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(acknowledged)
	}
	c.eventually("writes", func() bool { return count() > 50 })
	c.crash(old)
	before := count()
	c.eventually("writes after the failover", func() bool { return count() > before+50 })
	c.start(old)
	c.eventually("more writes", func() bool { return count() > before+100 })
	close(stop)
	clients.Wait()
	c.same(count(), c.names...)
	seen := map[string]int{}
	for _, batch := range c.hosts[old].batches() {
		seen[batch]++
	}
	for _, batch := range acknowledged {
		if seen[batch] != 1 {
			t.Fatalf("%q was acknowledged and is there %d times", batch, seen[batch])
		}
	}
}

func TestWithoutAMajorityNothingIsExecuted(t *testing.T) {
	c := threeNodes(t)
	c.put("node1", "first")
	leader := c.leader()
	for _, name := range c.names {
		if name != leader {
			c.hosts[name].node.Stop()
		}
	}
	c.eventually("the leader steps down", func() bool {
		c.hosts[leader].mu.Lock()
		defer c.hosts[leader].mu.Unlock()
		return c.hosts[leader].role != roleLeader
	})
	got := <-c.hosts[leader].propose("second", 300*time.Millisecond)
	if got.code != CodeNoQuorum || !strings.Contains(got.text, "nothing was executed") {
		t.Fatalf("the outcome is %d %q", got.code, got.text)
	}
}

func TestABatchAboveTheLogsRecordLimitIsTakenWhole(t *testing.T) {
	c := newFakeCluster(t, "node1", "node2", "node3")
	for _, name := range c.names {
		config := c.configs[name]
		config.ElectionTimeout = 5 * time.Second // the batch takes its time on a busy machine
		c.configs[name] = config
	}
	c.start(c.names...)
	c.ready(c.names...)
	large := strings.Repeat("0123456789abcdef", 25<<16) // 25 MiB
	c.put("node2", "before")
	c.put("node2", large)
	c.put("node3", "after")
	c.same(3, c.names...)
	if got := c.hosts["node1"].batches(); got[1] != large || got[2] != "after" {
		t.Fatalf("%d batches, the second of %d bytes", len(got), len(got[1]))
	}
	for _, name := range c.names { // and it comes back from the log
		c.crash(name)
	}
	c.start(c.names...)
	c.same(3, c.names...)
}

func TestALaggingNodeTakesASnapshot(t *testing.T) {
	c := threeNodes(t)
	c.put("node1", "first")
	lagging := c.other(c.leader())
	c.crash(lagging)
	alive := []string{c.leader(), c.other(c.leader(), lagging)}
	filler := strings.Repeat("x", 50_000)
	for i := 0; i < 100; i++ {
		c.put(alive[0], fmt.Sprint(i, filler))
		if i%10 != 0 {
			continue
		}
		// A log is cut at an older mark, so there must be several, however late a node ticks.
		for _, name := range alive {
			name := name
			c.eventually("the log of "+name+" has a new mark", func() bool {
				c.hosts[name].flush()
				return c.hosts[name].node.raft.log.BytesSinceMark() < 1<<17
			})
		}
	}
	for _, name := range alive {
		name := name
		c.eventually("the log of "+name+" is cut", func() bool {
			// Again and again: a node may apply the last batches long after they were answered.
			c.hosts[name].flush()
			first, _ := c.hosts[name].node.raft.log.FirstIndex()
			return first > 20
		})
		c.hosts[name].breakAfter = 20 // a connection breaks once
	}
	c.start(lagging)
	c.same(101, c.names...)
	h := c.hosts[lagging]
	h.mu.Lock()
	installs := h.installs
	h.mu.Unlock()
	if installs == 0 {
		t.Fatal("no snapshot was installed")
	}
	c.put(lagging, "last")
	c.crash(lagging)
	c.start(lagging)
	c.put(lagging, "very last")
	c.same(103, c.names...)
}

func TestAStateAheadOfTheLogIsAccepted(t *testing.T) {
	c := threeNodes(t)
	for i := 0; i < 20; i++ {
		c.put("node1", fmt.Sprint("batch ", i))
	}
	c.same(20, c.names...)
	// The crash between the install of a snapshot and raft's own record of it.
	behind := c.other(c.leader())
	ahead := c.hosts[c.leader()]
	c.crash(behind)
	for i := 20; i < 40; i++ {
		c.put(c.leader(), fmt.Sprint("batch ", i))
	}
	ahead.mu.Lock()
	h := c.hosts[behind]
	h.state, h.at = append([]string(nil), ahead.state...), ahead.at
	h.kept, h.keptAt = h.state, h.at
	ahead.mu.Unlock()
	c.start(behind)
	c.put(behind, "one more")
	c.same(41, c.names...)
}

func TestMembersComeAndGo(t *testing.T) {
	c := threeNodes(t)
	for i := 0; i < 10; i++ {
		c.put("node1", fmt.Sprint("batch ", i))
	}
	config := c.config("node4", testAddress())
	config.Bootstrap = "existing"
	config.Peers = []Peer{{"node1", c.configs["node1"].Listen}}
	c.configs["node4"], c.hosts["node4"] = config, newFakeHost(t, "node4")
	command := func(node, name, arguments string) error {
		_, err := c.hosts[node].node.Command(name, []byte(arguments), 30*time.Second)
		return err
	}
	arguments := fmt.Sprintf(`{"id":"node4","address":%q}`, config.Listen)
	if err := command("node2", "add", arguments); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Fatalf("adding a node that does not run: %v", err)
	}
	c.start("node4")
	if err := command("node2", "add", arguments); err != nil {
		t.Fatal(err)
	}
	c.names = append(c.names, "node4")
	c.put("node4", "from the new one")
	c.same(11, c.names...)
	if err := command("node3", "add", arguments); err == nil || !strings.Contains(err.Error(), "already") {
		t.Fatalf("adding it again: %v", err)
	}
	c.eventually("the new one is a voter", func() bool {
		return strings.Contains(string(c.hosts["node1"].node.Status()), `"id":"node4"`) &&
			!strings.Contains(string(c.hosts["node1"].node.Status()), `"role":"learner"`)
	})
	leader := c.leader()
	if err := command("node4", "remove", fmt.Sprintf(`{"id":%q}`, leader)); err != nil {
		t.Fatalf("removing the leader: %v", err)
	}
	c.eventually("the removed one knows", func() bool {
		return strings.Contains(string(c.hosts[leader].node.Status()), "was removed")
	})
	c.put("node4", "after the removal")
	left := c.other(leader)
	c.same(12, left, "node4")
	if got := <-c.hosts[leader].propose("from a removed one", 5*time.Second); got.code != CodeNoQuorum {
		t.Fatalf("a removed node answers %d %s", got.code, got.text)
	}
	// Emptied, it comes back as a new member; with its old data it does not.
	c.hosts[leader].node.Stop()
	c.hosts[leader] = newFakeHost(t, leader)
	config = c.configs[leader]
	config.DataDir, config.Bootstrap = t.TempDir(), "existing"
	c.configs[leader] = config
	c.start(leader)
	if err := command(left, "add", fmt.Sprintf(`{"id":%q,"address":%q}`, leader, config.Listen)); err != nil {
		t.Fatal(err)
	}
	c.same(12, c.names...)
}

func TestTheLeadershipMovesOnRequest(t *testing.T) {
	c := threeNodes(t)
	c.put("node1", "first")
	for _, name := range []string{"node2", "node3", "node1"} {
		if _, err := c.hosts["node1"].node.Command("transfer-leader", []byte(`{"node":"`+name+`"}`), 30*time.Second); err != nil {
			t.Fatal(err)
		}
		c.put(name, "by "+name)
	}
	if _, err := c.hosts["node1"].node.Command("transfer-leader", []byte(`{"node":"node9"}`), time.Second); err == nil ||
		!strings.Contains(err.Error(), "node1, node2, node3") {
		t.Fatalf("to a stranger: %v", err)
	}
	if _, err := c.hosts["node1"].node.Command("promote", []byte(`{"node":"node2"}`), time.Second); err == nil ||
		!strings.Contains(err.Error(), "elects") {
		t.Fatalf("promote: %v", err)
	}
}

func TestAWipedNodeIsRefused(t *testing.T) {
	c := threeNodes(t)
	c.put("node1", "first")
	c.same(1, c.names...)
	c.hosts["node3"].node.Stop()
	c.hosts["node3"] = newFakeHost(t, "node3")
	config := c.configs["node3"]
	config.DataDir = t.TempDir()
	c.configs["node3"] = config
	err := c.tryStart("node3")
	if err == nil || !strings.Contains(err.Error(), "lost or replaced") || !strings.Contains(err.Error(), "cluster remove node3") {
		t.Fatalf("a wiped node under an old id: %v", err)
	}
	c.put("node1", "second")
}

func TestALostLogIsNoticed(t *testing.T) {
	c := threeNodes(t)
	c.put("node1", "first")
	c.hosts["node2"].node.Stop()
	config := c.configs["node2"]
	if err := os.RemoveAll(config.dir() + "/wal"); err != nil {
		t.Fatal(err)
	}
	c.hosts["node2"] = c.hosts["node2"].reborn()
	if err := c.tryStart("node2"); err == nil || !strings.Contains(err.Error(), "is gone") {
		t.Fatalf("a node without its log: %v", err)
	}
}

func TestStrangersAreToldApart(t *testing.T) {
	c := threeNodes(t)
	c.put("node1", "first")
	address := c.configs["node1"].Listen

	other := newFakeCluster(t, "node7")
	config := other.configs["node7"]
	config.ClusterID, config.Peers = "another", []Peer{{"node1", address}}
	other.configs["node7"] = config
	other.start("node7")
	other.eventually("the other cluster is named", func() bool {
		return other.hosts["node7"].logged(`belongs to cluster "test"`) || other.hosts["node7"].logged(`belongs to cluster "another"`)
	})

	twin := newFakeCluster(t, "node2")
	config = twin.configs["node2"]
	config.Peers = []Peer{{"node2x", c.configs["node2"].Listen}}
	twin.configs["node2"] = config
	twin.start("node2")
	twin.eventually("two nodes of one name are noticed", func() bool { return twin.hosts["node2"].logged(`two nodes call themselves "node2"`) })

	wrong := newFakeCluster(t, "node8")
	config = wrong.configs["node8"]
	config.Peers = []Peer{{"node9", address}}
	wrong.configs["node8"] = config
	wrong.start("node8")
	wrong.eventually("a wrong address is noticed", func() bool { return wrong.hosts["node8"].logged(`calls itself "node1"`) })

	got := <-other.hosts["node7"].propose("nothing", 5*time.Second)
	if got.code != CodeStarting || !strings.Contains(got.text, "cluster") {
		t.Fatalf("a node without a cluster answers %d %s", got.code, got.text)
	}
	c.put("node1", "second")
	c.same(2, c.names...)
}

func TestGarbageOnThePortHarmsNobody(t *testing.T) {
	c := threeNodes(t)
	c.put("node1", "first")
	address := c.configs[c.leader()].Listen
	for _, garbage := range []string{"\x00\x01\x02\x03garbage\r\n\r\n", strings.Repeat("A", 200_000), "POST /raft HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\nzz"} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(garbage))
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, _ = io.Copy(io.Discard, conn)
		conn.Close()
	}
	for _, path := range []string{"/raft", "/raft/stream/message/zz", "/raft/snapshot", snapshotPath + "?transfer=x", snapshotDonePath, helloPath, adoptPath} {
		reply, err := http.Post("http://"+address+path, "text/plain", strings.NewReader("{\"protocol\":99}"))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		words, _ := io.ReadAll(reply.Body)
		reply.Body.Close()
		if reply.StatusCode < 400 || len(words) == 0 {
			t.Fatalf("%s answers %s %q", path, reply.Status, words)
		}
	}
	c.put("node2", "second")
	c.same(2, c.names...)
}

func TestASlowStateMachineDoesNotEndATerm(t *testing.T) {
	c := threeNodes(t)
	c.put("node1", "first")
	leader := c.leader()
	h := c.hosts[leader]
	thaw := make(chan struct{})
	h.mu.Lock()
	h.frozen = thaw
	h.mu.Unlock()
	done := h.propose("second", time.Minute)
	// Other nodes go on, and the leader stays, for several election timeouts.
	other := c.other(leader)
	for i := 0; i < 5; i++ {
		c.put(other, fmt.Sprint("meanwhile ", i))
		time.Sleep(300 * time.Millisecond)
	}
	if c.leader() != leader {
		t.Fatal("the leader lost its term while its state machine was slow")
	}
	h.mu.Lock()
	h.frozen = nil
	h.mu.Unlock()
	close(thaw)
	if got := <-done; got.code != CodeOK {
		t.Fatalf("%d %s", got.code, got.text)
	}
	c.same(7, c.names...)
}

func TestRollingRestart(t *testing.T) {
	c := threeNodes(t)
	written := 0
	for round := 0; round < 2; round++ {
		for _, name := range c.names {
			c.put(c.other(name), fmt.Sprint("batch ", written))
			written++
			c.hosts[name].flush()
			c.crash(name)
			c.put(c.other(name), fmt.Sprint("batch ", written))
			written++
			c.start(name)
			c.same(written, c.names...)
		}
	}
}

func TestWhoFoundsACluster(t *testing.T) {
	of := func(id, bootstrap string, data bool) hello {
		return hello{NodeID: id, Bootstrap: bootstrap, HasData: data}
	}
	for _, test := range []struct {
		all     []hello
		founder string
		why     string
	}{
		{[]hello{of("b", "new", false), of("a", "new", false), of("c", "new", false)}, "a", ""},
		{[]hello{of("b", "new", true), of("a", "new", false)}, "b", ""},
		{[]hello{of("b", "new", false), of("a", "existing", true)}, "b", ""},
		{[]hello{of("b", "new", true), of("a", "new", true)}, "", "hold data"},
	} {
		founder, why := chooseFounder(test.all)
		if founder != test.founder || (why == "") != (test.why == "") || !strings.Contains(why, test.why) {
			t.Errorf("%+v: %q %q", test.all, founder, why)
		}
	}
}

func TestConfigurationMistakes(t *testing.T) {
	c := newFakeCluster(t, "node1")
	good := c.configs["node1"]
	for words, spoil := range map[string]func(*Config){
		"own [node] id":      func(c *Config) { c.Peers = []Peer{{"node1", "a:1"}} },
		"stands there twice": func(c *Config) { c.Peers = []Peer{{"x", "a:1"}, {"x", "b:1"}} },
		"the same address":   func(c *Config) { c.Peers = []Peer{{"x", "a:1"}, {"y", "a:1"}} },
		"four times":         func(c *Config) { c.ElectionTimeout = 60 * time.Millisecond },
		"give all three":     func(c *Config) { c.TLSCA = "/x" },
	} {
		bad := good
		spoil(&bad)
		if err := bad.check(); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("expected words about %q, found %v", words, err)
		}
	}
	c.start("node1")
	c.put("node1", "first")
	c.crash("node1")
	for words, spoil := range map[string]func(*Config){
		`belongs to cluster "test"`: func(c *Config) { c.ClusterID = "other" },
		`belongs to node "node1"`:   func(c *Config) { c.NodeID = "other" },
	} {
		bad := good
		spoil(&bad)
		c.configs["node1"] = bad
		if err := c.tryStart("node1"); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("expected words about %q, found %v", words, err)
		}
		c.hosts["node1"].node = nil
	}
}
