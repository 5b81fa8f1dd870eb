package raftnode

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/etcd/etcdserver/api/rafthttp"
)

const (
	ownPrefix     = "/kvhost/"
	helloPath     = ownPrefix + "hello"
	adoptPath     = ownPrefix + "adopt"
	commandPath   = ownPrefix + "command"
	protocol      = 1
	helloPatience = 2 * time.Second
	// A message between peers is at most one entry above the size limit; nothing honest is longer.
	maxPeerBody = 64 << 20
)

// hello is how nodes introduce themselves to each other.
type hello struct {
	Protocol  int      `json:"protocol"`
	ClusterID string   `json:"cluster_id"`
	NodeID    string   `json:"node_id"`
	RaftID    string   `json:"raft_id"`
	Birth     string   `json:"birth"`
	Formation string   `json:"formation"` // empty: takes part in no cluster yet
	Bootstrap string   `json:"bootstrap"`
	Nodes     string   `json:"nodes"` // itself and its peers, as configured
	HasData   bool     `json:"has_data"`
	Address   string   `json:"address"`
	Advertise string   `json:"advertise"`
	Members   []Member `json:"members,omitempty"`
	Removed   []string `json:"removed,omitempty"`
}

// peerView is what is known of the node at an address.
type peerView struct {
	node    string // expected there
	hello   *hello
	at      time.Time
	rtt     time.Duration
	problem string // told once
}

func (n *Node) introduce() hello {
	n.identityMu.Lock()
	i := *n.identity
	n.identityMu.Unlock()
	h := hello{Protocol: protocol, ClusterID: i.ClusterID, NodeID: i.NodeID, RaftID: raftIDText(n.raftID), Birth: i.Birth,
		Bootstrap: n.config.Bootstrap, Nodes: n.config.nodes(), Address: n.peerAddress(), Advertise: n.config.Advertise}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.formed {
		h.Formation = i.Formation
		h.Members = n.conf.members.list()
		for id := range n.conf.members.Removed {
			h.Removed = append(h.Removed, raftIDText(id))
		}
	} else {
		h.HasData = n.host.HasData()
	}
	return h
}

// peerAddress is where peers reach this node.
func (n *Node) peerAddress() string {
	if n.config.Address != "" {
		return n.config.Address
	}
	if n.listener != nil {
		return n.listener.Addr().String()
	}
	return n.config.Listen
}

// sign lets the other side check the certificate against the name.
func (n *Node) sign(r *http.Request) { r.Header.Set("X-Kvhost-Node", n.config.NodeID) }

func (n *Node) listen() error {
	listener, err := net.Listen("tcp", n.config.Listen)
	if err != nil {
		code := CodeIOError
		if errors.Is(err, syscall.EADDRINUSE) {
			code = CodeAddressInUse
		}
		return &Error{code, fmt.Sprintf("listen for peers on %s: %v", n.config.Listen, err)}
	}
	if _, err := n.clients.to(n.config.NodeID); err != nil { // tells at once of files that are no good
		listener.Close()
		return err
	}
	n.listener = listener
	n.server = &http.Server{Handler: http.HandlerFunc(n.serve), ErrorLog: newHTTPLog(n.host),
		ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 64 << 10}
	if n.config.tls() {
		if n.server.TLSConfig, err = n.tlsInfo.ServerConfig(); err != nil {
			listener.Close()
			return &Error{CodeConfigError, "TLS between peers: " + err.Error()}
		}
	}
	n.host.Log(LogInfo, "listening for peers on "+listener.Addr().String())
	n.goRun("listener", func() {
		var err error
		if n.config.tls() {
			err = n.server.ServeTLS(listener, "", "")
		} else {
			err = n.server.Serve(listener)
		}
		if err != http.ErrServerClosed && !n.isStopping() {
			n.host.Fatal("the listener for peers failed: " + err.Error())
		}
	})
	return nil
}

func (n *Node) serve(w http.ResponseWriter, r *http.Request) {
	if why := n.checkCertificate(r); why != "" {
		n.host.Log(LogWarning, "a connection from "+r.RemoteAddr+" is refused: "+why)
		// Not 403: the transport of raft takes that for its removal from the cluster.
		http.Error(w, why, http.StatusUnauthorized)
		return
	}
	n.mu.Lock()
	running := n.raft
	n.mu.Unlock()
	r.Body = http.MaxBytesReader(w, r.Body, maxPeerBody)
	switch {
	case r.URL.Path == helloPath:
		n.serveHello(w, r)
	case r.URL.Path == adoptPath:
		n.serveAdopt(w, r)
	case running == nil:
		http.Error(w, "this node takes part in no cluster yet", http.StatusServiceUnavailable)
	case r.URL.Path == commandPath:
		n.serveCommand(w, r)
	case r.URL.Path == snapshotPath:
		running.snapshots.serveFile(w, r)
	case r.URL.Path == snapshotDonePath:
		running.snapshots.serveDone(w, r)
	case r.URL.Path == rafthttp.RaftSnapshotPrefix:
		http.NotFound(w, r) // files travel by snapshotPath
	default:
		running.links.serve(w, r)
	}
}

// checkCertificate pins the name in a peer's certificate to the node that it says to be.
func (n *Node) checkCertificate(r *http.Request) string {
	if !n.config.tls() {
		return ""
	}
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return "no certificate of a peer"
	}
	if r.URL.Path == rafthttp.ProbingPrefix {
		return "" // says nothing and learns nothing
	}
	name := r.Header.Get("X-Kvhost-Node")
	if !strings.HasPrefix(r.URL.Path, ownPrefix) {
		// The transport of raft names the member by its number.
		from, err := sender(r)
		if err != nil {
			return err.Error()
		}
		n.mu.Lock()
		member, known := n.conf.members.Members[from]
		n.mu.Unlock()
		if !known {
			return fmt.Sprintf("member %016x is not known here", from)
		}
		name = member.ID
	}
	return misnamed(r.TLS.PeerCertificates[0], name)
}

// misnamed says what is wrong when a certificate does not name a node.
func misnamed(certificate *x509.Certificate, node string) string {
	if node != "" && certificate.VerifyHostname(node) == nil {
		return ""
	}
	return fmt.Sprintf("the peer is to be %q, but its certificate names %s", node, strings.Join(certificate.DNSNames, ", "))
}

func readJSON(w http.ResponseWriter, r *http.Request, into interface{}) bool {
	if r.Method != "POST" {
		http.Error(w, "POST only", http.StatusMethodNotAllowed)
		return false
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(into); err != nil {
		http.Error(w, "not the expected JSON: "+err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

func writeJSON(w http.ResponseWriter, what interface{}) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(what)
}

// post sends JSON to a peer and reads its answer; words of a refusal come back as the error.
func (n *Node) post(node, address, path string, what, into interface{}, patience time.Duration) error {
	text, err := json.Marshal(what)
	if err != nil {
		return err
	}
	request, err := http.NewRequest("POST", n.config.url(address)+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	n.sign(request)
	to, err := n.clients.to(node)
	if err != nil {
		return err
	}
	client := http.Client{Transport: to.Transport, Timeout: patience}
	reply, err := client.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	words, err := io.ReadAll(io.LimitReader(reply.Body, 8<<20))
	if err != nil {
		return err
	}
	if reply.StatusCode != http.StatusOK {
		return &refusal{strings.TrimSpace(string(words))}
	}
	if err := json.Unmarshal(words, into); err != nil {
		return &refusal{"it answers with something that is not this protocol"}
	}
	return nil
}

// refusal is a peer's own words.
type refusal struct{ words string }

func (r *refusal) Error() string { return r.words }

func (n *Node) serveHello(w http.ResponseWriter, r *http.Request) {
	var caller hello
	if !readJSON(w, r, &caller) {
		return
	}
	mine := n.introduce()
	if why := misfit(&mine, &caller); why != "" {
		n.problem(caller.Address, "the node at "+r.RemoteAddr+": "+why)
		http.Error(w, why, http.StatusConflict)
		return
	}
	writeJSON(w, mine)
}

// misfit says why two nodes cannot be of one cluster.
func misfit(mine, other *hello) string {
	switch {
	case other.Protocol != mine.Protocol:
		return fmt.Sprintf("it speaks version %d of the protocol between peers, %s speaks %d: run the same program on all nodes",
			other.Protocol, mine.NodeID, mine.Protocol)
	case other.ClusterID != mine.ClusterID:
		return fmt.Sprintf("it belongs to cluster %q, %s belongs to cluster %q: correct cluster_id, or the address",
			other.ClusterID, mine.NodeID, mine.ClusterID)
	case other.NodeID == mine.NodeID && other.Birth != mine.Birth:
		return fmt.Sprintf("two nodes call themselves %q: give one of them another [node] id", mine.NodeID)
	case other.Formation != "" && mine.Formation != "" && other.Formation != mine.Formation:
		return fmt.Sprintf("it belongs to another formation of cluster %q (%s) than %s (%s): one of them must be emptied and "+
			"added to the other's cluster", mine.ClusterID, other.Formation, mine.NodeID, mine.Formation)
	}
	return ""
}

// problem notes and logs what is wrong with a peer, once until it changes.
func (n *Node) problem(address, what string) {
	n.mu.Lock()
	view := n.hellos[address]
	if view == nil {
		view = &peerView{}
		if len(n.hellos) < 1024 {
			n.hellos[address] = view
		}
	}
	isNew := view.problem != what
	view.problem = what
	n.mu.Unlock()
	if isNew && what != "" {
		n.host.Log(LogWarning, what)
	}
}

// targets are the addresses to keep in touch with, and who is expected there.
func (n *Node) targets() map[string]string {
	all := map[string]string{}
	for _, p := range n.config.Peers {
		all[p.Address] = p.ID
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for id, member := range n.conf.members.Members {
		if id != n.raftID {
			all[n.addressOf(member)] = member.ID
		}
	}
	return all
}

// look asks every peer who it is.
func (n *Node) look() {
	var all sync.WaitGroup
	for address, node := range n.targets() {
		all.Add(1)
		go func(address, node string) {
			defer all.Done()
			defer n.failStop("peers")
			n.lookAt(address, node)
		}(address, node)
	}
	all.Wait()
}

func (n *Node) lookAt(address, node string) {
	mine := n.introduce()
	var other hello
	begun := time.Now()
	err := n.post(node, address, helloPath, mine, &other, helloPatience)
	view := &peerView{node: node, at: time.Now(), rtt: time.Since(begun)}
	switch refused := (*refusal)(nil); {
	case errors.As(err, &refused):
		view.problem = fmt.Sprintf("peer %s at %s refuses this node: %s", node, address, refused.words)
	case err != nil && strings.Contains(err.Error(), "malformed HTTP"):
		view.problem = fmt.Sprintf("peer %s at %s answers, but not as a peer: does it run another strategy than raft? (%v)", node,
			address, err)
	case err != nil:
		view.problem = fmt.Sprintf("peer %s at %s cannot be reached: %v", node, address, err)
	default:
		if why := misfit(&mine, &other); why != "" {
			view.problem = fmt.Sprintf("peer %s at %s: %s", node, address, why)
		} else if other.NodeID == mine.NodeID {
			view.problem = fmt.Sprintf("the address %s of peer %s is this node's own", address, node)
		} else if other.NodeID != node {
			view.problem = fmt.Sprintf("the node at %s calls itself %q, peers calls it %q: correct the id or the address", address,
				other.NodeID, node)
		} else {
			view.hello = &other
		}
	}
	n.mu.Lock()
	before := n.hellos[address]
	n.hellos[address] = view
	n.mu.Unlock()
	if view.problem != "" && (before == nil || before.problem != view.problem) {
		n.host.Log(LogWarning, view.problem)
	}
	if view.problem == "" && before != nil && before.problem != "" {
		n.host.Log(LogInfo, fmt.Sprintf("peer %s at %s answers", node, address))
	}
}
