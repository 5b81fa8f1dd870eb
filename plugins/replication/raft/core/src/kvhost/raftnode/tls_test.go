package raftnode

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/raft/raftpb"
)

// authority signs the certificates of one cluster.
type authority struct {
	t           *testing.T
	dir         string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	serial      int64
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, dir: t.TempDir()}
	a.certificate = &x509.Certificate{Subject: pkix.Name{CommonName: "cluster"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign}
	a.key = a.sign("ca", a.certificate)
	return a
}

// sign writes NAME.crt and NAME.key.
func (a *authority) sign(name string, c *x509.Certificate) *ecdsa.PrivateKey {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	a.serial++
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(a.serial), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	by := a.key
	if by == nil {
		by = key
	}
	signed, err := x509.CreateCertificate(rand.Reader, c, a.certificate, &key.PublicKey, by)
	if err != nil {
		a.t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{
		a.file(name + ".crt"): {Type: "CERTIFICATE", Bytes: signed}, a.file(name + ".key"): {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0600); err != nil {
			a.t.Fatal(err)
		}
	}
	return key
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// give configures a node with a certificate that names `named`.
func (a *authority) give(c *fakeCluster, node, named string) {
	config := c.configs[node]
	host, _, _ := net.SplitHostPort(config.Listen)
	a.sign(node, &x509.Certificate{Subject: pkix.Name{CommonName: named}, DNSNames: []string{named},
		IPAddresses: []net.IP{net.ParseIP(host)}})
	config.TLSCA, config.TLSCert, config.TLSKey = a.file("ca.crt"), a.file(node+".crt"), a.file(node+".key")
	c.configs[node] = config
}

func threeNodesUnderTLS(t *testing.T) (*fakeCluster, *authority) {
	c := newFakeCluster(t, "node1", "node2", "node3")
	a := newAuthority(t)
	for _, name := range c.names {
		a.give(c, name, name)
	}
	c.start(c.names...)
	c.ready(c.names...)
	c.put("node2", "first")
	c.same(1, c.names...)
	return c, a
}

func TestACertificateIsGoodForTheNodeThatItNamesAlone(t *testing.T) {
	c, a := threeNodesUnderTLS(t)
	c.crash("node3")
	a.give(c, "node3", "node7")
	c.start("node3")
	words := `the peer is to be "node3", but its certificate names node7`
	c.eventually("both sides tell", func() bool { return c.hosts["node1"].logged(words) && c.hosts["node3"].logged(words) })
	for i := 0; i < 20; i++ {
		c.put("node1", fmt.Sprint("batch ", i))
	}
	if got := <-c.hosts["node3"].propose("from node3", 3*time.Second); got.code == CodeOK {
		t.Fatal("a batch of the misnamed node is accepted")
	}
	if got := c.hosts["node3"].batches(); len(got) > 1 {
		t.Fatalf("the misnamed node has %q", got)
	}
	c.crash("node3")
	a.give(c, "node3", "node3")
	c.start("node3")
	c.put("node3", "again")
	c.same(22, c.names...)
}

// A member speaks for itself alone: with a good certificate it can neither send in another's name nor
// read what is for another.
func TestAMemberSpeaksForItselfAlone(t *testing.T) {
	c, a := threeNodesUnderTLS(t)
	node := c.hosts["node1"].node
	id := map[string]uint64{}
	for member, known := range node.conf.members.Members {
		id[known.ID] = member
	}
	c.crash("node3")
	mine, err := tls.LoadX509KeyPair(a.file("node3.crt"), a.file("node3.key"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	text, _ := os.ReadFile(a.file("ca.crt"))
	pool.AppendCertsFromPEM(text)
	client := &http.Client{Timeout: 5 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{mine}}}}
	ask := func(method, path, from string, body []byte) (int, string) {
		request, err := http.NewRequest(method, "https://"+c.configs["node1"].Listen+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Kvhost-Node", "node3")
		request.Header.Set("X-Server-From", from)
		request.Header.Set("X-Server-Version", "3.4.0")
		request.Header.Set("X-Min-Cluster-Version", "3.0.0")
		request.Header.Set("X-Etcd-Cluster-ID", fmt.Sprintf("%x", node.identity.transportCluster()))
		request.Header.Set("X-Raft-To", fmt.Sprintf("%x", id["node1"]))
		reply, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer reply.Body.Close()
		if reply.StatusCode == http.StatusOK {
			return reply.StatusCode, ""
		}
		words, _ := io.ReadAll(reply.Body)
		return reply.StatusCode, string(words)
	}
	message := func(from uint64) []byte {
		m := raftpb.Message{Type: raftpb.MsgHeartbeatResp, To: id["node1"], From: from}
		text, err := m.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	node2, node3 := fmt.Sprintf("%x", id["node2"]), fmt.Sprintf("%x", id["node3"])
	if code, words := ask("POST", "/raft", node3, message(id["node3"])); code != http.StatusNoContent {
		t.Fatalf("its own message: %d %s", code, words)
	}
	if code, _ := ask("GET", "/raft/stream/message/"+node3, node3, nil); code != http.StatusOK {
		t.Fatalf("its own messages: %d", code)
	}
	for _, forged := range []struct {
		method, path, from string
		body               []byte
		words              string
	}{
		{"POST", "/raft", node3, message(id["node2"]), "says to be from " + raftIDText(id["node2"])},
		{"POST", "/raft", node2, message(id["node2"]), "its certificate names node3"},
		{"POST", "/raft", "", message(id["node2"]), "names no member"},
		{"POST", "/raft", "77", message(id["node2"]), "is not known here"},
		{"GET", "/raft/stream/message/" + node2, node3, nil, "asks for the messages to " + node2},
		{"GET", "/raft/stream/message/" + node2, node2, nil, "its certificate names node3"},
	} {
		code, words := ask(forged.method, forged.path, forged.from, forged.body)
		if code != http.StatusUnauthorized || !strings.Contains(words, forged.words) {
			t.Errorf("%s %s from %q: %d %s", forged.method, forged.path, forged.from, code, words)
		}
	}
	c.put("node2", "second")
}
