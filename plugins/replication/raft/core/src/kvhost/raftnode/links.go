package raftnode

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/etcdserver/api/rafthttp"
	stats "go.etcd.io/etcd/etcdserver/api/v2stats"
	"go.etcd.io/etcd/pkg/types"
	"go.etcd.io/etcd/raft/raftpb"
)

// links carry raft's messages between this node and the other members.
//
// Under TLS every member has a transport of its own, because a transport knows one name that the
// certificates of the nodes it connects to must have, and what comes in by it can be held to one
// sender. Without TLS one transport serves all.
type links struct {
	n     *Node
	r     *runningRaft
	stats *stats.LeaderStats

	mu  sync.RWMutex
	all map[uint64]*link // by member; without TLS the only one is at 0
}

type link struct {
	transport *rafthttp.Transport
	handler   http.Handler
}

func newLinks(n *Node, r *runningRaft) (*links, error) {
	l := &links{n: n, r: r, stats: stats.NewLeaderStats(raftIDText(n.raftID)), all: map[uint64]*link{}}
	if n.config.tls() {
		return l, nil
	}
	_, err := l.open(0, "")
	return l, err
}

func (l *links) key(member uint64) uint64 {
	if l.n.config.tls() {
		return member
	}
	return 0
}

// open makes the link to a member, or finds it.
func (l *links) open(key uint64, name string) (*link, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if there := l.all[key]; there != nil {
		return there, nil
	}
	n := l.n
	info := n.tlsInfo
	info.AllowedHostname = name
	t := &rafthttp.Transport{Logger: n.zap, DialTimeout: time.Second, TLSInfo: info, ID: types.ID(n.raftID),
		URLs:      types.MustNewURLs([]string{n.config.url(n.peerAddress())}),
		ClusterID: types.ID(n.identity.transportCluster()), Raft: &raftPort{n, l.r, key},
		ServerStats: stats.NewServerStats("", ""), LeaderStats: l.stats, ErrorC: l.r.errorc}
	if err := t.Start(); err != nil {
		return nil, &Error{CodeConfigError, "TLS between peers: " + err.Error()}
	}
	made := &link{t, t.Handler()}
	l.all[key] = made
	return made, nil
}

func (l *links) find(member uint64) *link {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.all[l.key(member)]
}

// keep makes the link to a member, or moves it to another address.
func (l *links) keep(member uint64, name, address string) error {
	to, err := l.open(l.key(member), name)
	if err != nil {
		return err
	}
	urls := []string{l.n.config.url(address)}
	to.transport.AddPeer(types.ID(member), urls)
	to.transport.UpdatePeer(types.ID(member), urls)
	return nil
}

func (l *links) remove(member uint64) {
	to := l.find(member)
	if to == nil || to.transport.Get(types.ID(member)) == nil {
		return
	}
	to.transport.RemovePeer(types.ID(member))
	if key := l.key(member); key != 0 {
		l.mu.Lock()
		delete(l.all, key)
		l.mu.Unlock()
		to.transport.Stop()
	}
}

// send ignores messages whose receiver is 0 or no member.
func (l *links) send(messages []raftpb.Message) {
	for begin := 0; begin < len(messages); {
		end := begin + 1
		for end < len(messages) && messages[end].To == messages[begin].To {
			end++
		}
		if to := l.find(messages[begin].To); to != nil && messages[begin].To != 0 {
			to.transport.Send(messages[begin:end])
		}
		begin = end
	}
}

// serve answers what another member's transport sends.
func (l *links) serve(w http.ResponseWriter, r *http.Request) {
	from, err := sender(r)
	if err != nil && l.n.config.tls() {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	by := l.find(from)
	if by == nil {
		http.Error(w, fmt.Sprintf("member %016x is not known here", from), http.StatusNotFound)
		return
	}
	by.handler.ServeHTTP(w, r)
}

func (l *links) stop() {
	l.mu.Lock()
	all := l.all
	l.all = map[uint64]*link{}
	l.mu.Unlock()
	for _, one := range all {
		one.transport.Stop()
	}
}

// sender is the member that a request of raft's transport says to be from.
func sender(r *http.Request) (uint64, error) {
	from, err := types.IDFromString(r.Header.Get("X-Server-From"))
	if err != nil {
		return 0, fmt.Errorf("X-Server-From names no member: %v", err)
	}
	if strings.HasPrefix(r.URL.Path, rafthttp.RaftStreamPrefix+"/") {
		if reader, err := types.IDFromString(path.Base(r.URL.Path)); err != nil || reader != from {
			return 0, fmt.Errorf("member %s asks for the messages to %s", from, path.Base(r.URL.Path))
		}
	}
	return uint64(from), nil
}

// clients are for what is not raft's own: under TLS one for each node, whose name the certificate of
// the other side must have.
type clients struct {
	n   *Node
	mu  sync.Mutex
	all map[string]*http.Client
}

func (c *clients) to(node string) (*http.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.n.config.tls() {
		node = ""
	}
	if there := c.all[node]; there != nil {
		return there, nil
	}
	trip, err := rafthttp.NewRoundTripper(c.n.tlsInfo, time.Second)
	if err != nil {
		return nil, &Error{CodeConfigError, "TLS between peers: " + err.Error()}
	}
	if c.n.config.tls() {
		trip.(*http.Transport).TLSClientConfig.VerifyConnection = func(state tls.ConnectionState) error {
			if why := misnamed(state.PeerCertificates[0], node); why != "" {
				return fmt.Errorf("%s", why)
			}
			return nil
		}
	}
	made := &http.Client{Transport: trip}
	c.all[node] = made
	return made, nil
}

func (c *clients) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.all {
		one.CloseIdleConnections()
	}
}
