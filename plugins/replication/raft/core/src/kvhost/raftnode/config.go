package raftnode

import (
	"fmt"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

// Peer is another node as the configuration names it.
type Peer struct {
	ID      string `json:"id"`
	Address string `json:"address"`
}

// Config is what the host's file says. Durations are nanoseconds, sizes bytes.
type Config struct {
	NodeID            string        `json:"node_id"`
	DataDir           string        `json:"data_dir"`
	ClusterID         string        `json:"cluster_id"`
	Listen            string        `json:"listen"`
	Address           string        `json:"address"` // where peers reach this node; empty: listen
	Advertise         string        `json:"advertise"`
	Peers             []Peer        `json:"peers"`
	Bootstrap         string        `json:"bootstrap"`
	Forward           bool          `json:"forward"`
	HeartbeatInterval time.Duration `json:"heartbeat_interval"`
	ElectionTimeout   time.Duration `json:"election_timeout"`
	TLSCA             string        `json:"tls_ca"`
	TLSCert           string        `json:"tls_cert"`
	TLSKey            string        `json:"tls_key"`
	LogRetention      uint64        `json:"log_retention"`
	LogCache          uint64        `json:"log_cache"`
	SnapshotRate      uint64        `json:"snapshot_rate"`
}

func (c *Config) dir() string { return filepath.Join(c.DataDir, "raft") }

func (c *Config) tls() bool { return c.TLSCert != "" }

// url of an address, scheme included.
func (c *Config) url(address string) string {
	if c.tls() {
		return "https://" + address
	}
	return "http://" + address
}

func (c *Config) electionTicks() int {
	return int((c.ElectionTimeout + c.HeartbeatInterval - 1) / c.HeartbeatInterval)
}

// check finds what the option schema cannot.
func (c *Config) check() error {
	names := map[string]string{c.NodeID: "this node"}
	addresses := map[string]string{}
	for _, p := range c.Peers {
		if p.ID == c.NodeID {
			return &Error{CodeConfigError, fmt.Sprintf("peers: %q is this node's own [node] id; list the other nodes only", p.ID)}
		}
		if _, twice := names[p.ID]; twice {
			return &Error{CodeConfigError, fmt.Sprintf("peers: the id %q stands there twice; every node has its own", p.ID)}
		}
		if other, twice := addresses[p.Address]; twice {
			return &Error{CodeConfigError, fmt.Sprintf("peers: %q and %q have the same address %s", other, p.ID, p.Address)}
		}
		names[p.ID], addresses[p.Address] = "peer", p.ID
	}
	if c.ElectionTimeout < 4*c.HeartbeatInterval {
		return &Error{CodeConfigError, fmt.Sprintf("election_timeout: %v is below four times heartbeat_interval (%v); "+
			"a late heartbeat would end a leader's term", c.ElectionTimeout, c.HeartbeatInterval)}
	}
	if (c.TLSCA == "") != (c.TLSCert == "") || (c.TLSCert == "") != (c.TLSKey == "") {
		return &Error{CodeConfigError, "tls_ca, tls_cert and tls_key: give all three, or none for no TLS"}
	}
	return nil
}

// nodes lists this node and its peers by name, for comparison between nodes.
func (c *Config) nodes() string {
	names := []string{c.NodeID}
	for _, p := range c.Peers {
		names = append(names, p.ID)
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}
