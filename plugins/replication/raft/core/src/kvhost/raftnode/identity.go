package raftnode

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/pkg/fileutil"
)

// identity is who this data directory is, in DIR/member.json: written before the node says its name
// to anybody, replaced as a whole.
type identity struct {
	Format    int      `json:"format"`
	ClusterID string   `json:"cluster_id"`
	NodeID    string   `json:"node_id"`
	Birth     string   `json:"birth"`
	Formation string   `json:"formation,omitempty"` // the cluster that it takes part in; empty: none yet
	Founder   bool     `json:"founder,omitempty"`
	Members   []Member `json:"members,omitempty"` // as of the formation or the joining
	HasLog    bool     `json:"has_log,omitempty"`
}

const identityFormat = 1

func (i *identity) raftID() uint64 { return hash64(i.ClusterID, i.NodeID, i.Birth) }

func (i *identity) transportCluster() uint64 { return hash64(i.ClusterID, i.Formation) }

func (i *identity) incarnation() uint64 { return hash64(i.Formation) }

func randomName() string {
	var bytes [8]byte
	if _, err := rand.Read(bytes[:]); err != nil {
		panic(err)
	}
	return hex.EncodeToString(bytes[:])
}

func identityPath(dir string) string { return filepath.Join(dir, "member.json") }

// loadIdentity reads the directory's identity, or makes a new one.
func loadIdentity(c *Config) (*identity, error) {
	path := identityPath(c.dir())
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		born := &identity{Format: identityFormat, ClusterID: c.ClusterID, NodeID: c.NodeID, Birth: randomName()}
		return born, born.save(c.dir())
	}
	if err != nil {
		return nil, &Error{CodeIOError, err.Error()}
	}
	i := &identity{}
	if err := json.Unmarshal(text, i); err != nil || i.Birth == "" {
		return nil, &Error{CodeCorruption, fmt.Sprintf("%s is damaged: %v", path, err)}
	}
	if i.Format != identityFormat {
		return nil, &Error{CodeCorruption, fmt.Sprintf("%s has format %d, this program knows %d", path, i.Format, identityFormat)}
	}
	if i.ClusterID != c.ClusterID {
		return nil, &Error{CodeConfigError, fmt.Sprintf("cluster_id is %q, but the data directory belongs to cluster %q (%s)",
			c.ClusterID, i.ClusterID, path)}
	}
	if i.NodeID != c.NodeID {
		return nil, &Error{CodeConfigError, fmt.Sprintf("[node] id is %q, but the data directory belongs to node %q (%s)",
			c.NodeID, i.NodeID, path)}
	}
	return i, nil
}

func (i *identity) save(dir string) error {
	text, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return err
	}
	if err := fileutil.TouchDirAll(dir); err != nil {
		return &Error{CodeIOError, err.Error()}
	}
	next := identityPath(dir) + ".new"
	if err := writeDurably(next, append(text, '\n')); err != nil {
		return &Error{CodeIOError, err.Error()}
	}
	if err := os.Rename(next, identityPath(dir)); err != nil {
		return &Error{CodeIOError, err.Error()}
	}
	d, err := fileutil.OpenDir(dir)
	if err != nil {
		return &Error{CodeIOError, err.Error()}
	}
	defer d.Close()
	if err := fileutil.Fsync(d); err != nil {
		return &Error{CodeIOError, err.Error()}
	}
	return nil
}

func writeDurably(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fileutil.PrivateFileMode)
	if err != nil {
		return err
	}
	if _, err = f.Write(text); err == nil {
		err = fileutil.Fsync(f)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}
