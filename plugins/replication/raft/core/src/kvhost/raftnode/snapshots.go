package raftnode

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"go.etcd.io/etcd/raft"
	"go.etcd.io/etcd/raft/raftpb"
	"golang.org/x/time/rate"
)

const (
	snapshotPath     = ownPrefix + "snapshot"      // pieces of a file
	snapshotDonePath = ownPrefix + "snapshot-done" // the receiver's last word
	pieceBytes       = 256 << 10
	// A receiver that asks for nothing this long has gone.
	transferPatience = 30 * time.Second
	// Between a transfer that failed and the next.
	retryPause = time.Second
	// How often a receiver takes up a broken connection again, with a pause between.
	transferRetries = 20
)

var pieceCRC = crc32.MakeTable(crc32.Castagnoli)

// offer is what a message about a snapshot carries: members for raft's log, and where the files of
// the state are to be had.
type offer struct {
	Members     json.RawMessage `json:"members"`
	Transfer    uint64          `json:"transfer,omitempty"`
	URL         string          `json:"url,omitempty"`
	Incarnation uint64          `json:"incarnation"`
	Manifest    json.RawMessage `json:"manifest,omitempty"`
	sender      string          // the receiver's knowledge
}

// transfer is a checkpoint that a receiver is fetching.
type transfer struct {
	to         uint64
	checkpoint uint64
	index      uint64
	used       time.Time
	readMu     sync.Mutex
	isClosed   bool
}

// snapshots sends checkpoints to nodes that the log cannot bring up to date, and installs those that
// come. The sender offers the files' list in raft's own message; the receiver fetches the files at its
// own pace, goes on where a connection broke, installs, and only then shows raft the message.
type snapshots struct {
	n *Node
	r *runningRaft

	mu        sync.Mutex
	transfers map[uint64]*transfer // by receiver
	receiving uint64               // index; 0: nothing
	limiter   *rate.Limiter
}

func newSnapshots(n *Node, r *runningRaft) *snapshots {
	limit := rate.Inf
	if n.config.SnapshotRate > 0 {
		limit = rate.Limit(n.config.SnapshotRate)
	}
	return &snapshots{n: n, r: r, transfers: map[uint64]*transfer{}, limiter: rate.NewLimiter(limit, pieceBytes*4)}
}

// ---- the sender

// send is called by the loop with raft's message, whose content is only a mark.
func (s *snapshots) send(m raftpb.Message) {
	s.mu.Lock()
	busy := s.transfers[m.To] != nil
	if !busy {
		s.transfers[m.To] = &transfer{to: m.To, used: time.Now()}
	}
	s.mu.Unlock()
	if busy {
		return
	}
	history := append([]configuration(nil), s.r.history.all...)
	s.n.goRun("snapshot", func() {
		if err := s.offer(m, confHistory{history}); err != nil {
			s.n.host.Log(LogError, fmt.Sprintf("a snapshot for member %016x cannot be made: %v", m.To, err))
			s.finish(m.To, false, err.Error())
		}
	})
}

func (s *snapshots) offer(m raftpb.Message, history confHistory) error {
	if !s.n.host.CanCheckpoint() {
		return fmt.Errorf("the state machine offers no checkpoints")
	}
	id, at, manifest, err := s.n.host.CheckpointOpen()
	if err != nil {
		return err
	}
	index := at.Index
	if at.Incarnation != s.n.identity.incarnation() {
		s.n.host.CheckpointClose(id)
		return fmt.Errorf("the state is of another incarnation")
	}
	term, err := s.r.log.Term(index)
	if err != nil {
		s.n.host.CheckpointClose(id)
		return fmt.Errorf("the checkpoint's index %d is not in the log: %v", index, err)
	}
	conf := history.at(index)
	content, err := json.Marshal(offer{Members: conf.members.encode(), Transfer: id, Incarnation: s.n.identity.incarnation(),
		URL: s.n.config.url(s.n.peerAddress()), Manifest: manifest})
	if err != nil {
		s.n.host.CheckpointClose(id)
		return err
	}
	s.mu.Lock()
	t := s.transfers[m.To]
	if t == nil { // given up in the meantime
		s.mu.Unlock()
		s.n.host.CheckpointClose(id)
		return nil
	}
	t.checkpoint, t.index, t.used = id, index, time.Now()
	s.mu.Unlock()
	m.Snapshot = raftpb.Snapshot{Data: content,
		Metadata: raftpb.SnapshotMetadata{Index: index, Term: term, ConfState: conf.conf}}
	s.n.host.Log(LogInfo, fmt.Sprintf("offers a snapshot at index %d to member %016x", index, m.To))
	s.r.links.send([]raftpb.Message{m})
	return nil
}

// keepFrom is the index that the log must reach back to, so that receivers can go on from it.
func (s *snapshots) keepFrom(index uint64) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.transfers {
		if t.checkpoint == 0 {
			return 0
		}
		if t.index < index {
			index = t.index
		}
	}
	return index
}

// finish ends a transfer and tells raft.
func (s *snapshots) finish(to uint64, ok bool, why string) {
	s.mu.Lock()
	t := s.transfers[to]
	delete(s.transfers, to)
	s.mu.Unlock()
	if t == nil {
		return
	}
	s.closeTransfer(t)
	status := raft.SnapshotFinish
	if !ok {
		status = raft.SnapshotFailure
		s.n.host.Log(LogWarning, fmt.Sprintf("the snapshot for member %016x failed: %s", to, why))
	} else {
		s.n.mu.Lock()
		s.n.sent++
		s.n.mu.Unlock()
	}
	report := func() {
		select {
		case s.r.callc <- func() { s.r.node.ReportSnapshot(to, status) }:
		case <-s.n.stopc:
		}
	}
	if ok {
		report()
	} else { // raft offers another as soon as it hears of the failure
		time.AfterFunc(retryPause, report)
	}
}

func (s *snapshots) closeTransfer(t *transfer) {
	t.readMu.Lock()
	defer t.readMu.Unlock()
	if t.checkpoint != 0 && !t.isClosed {
		s.n.host.CheckpointClose(t.checkpoint)
	}
	t.isClosed = true
}

// tick gives up receivers that have gone.
func (s *snapshots) tick() {
	var gone []uint64
	s.mu.Lock()
	for to, t := range s.transfers {
		if t.checkpoint != 0 && time.Since(t.used) > transferPatience {
			gone = append(gone, to)
		}
	}
	s.mu.Unlock()
	for _, to := range gone {
		to := to
		s.n.goRun("snapshot", func() { s.finish(to, false, "it fetched nothing for "+transferPatience.String()) })
	}
}

func (s *snapshots) close() {
	s.mu.Lock()
	left := s.transfers
	s.transfers = map[uint64]*transfer{}
	s.mu.Unlock()
	for _, t := range left {
		s.closeTransfer(t)
	}
}

func (s *snapshots) find(r *http.Request) (*transfer, error) {
	id, err := strconv.ParseUint(r.URL.Query().Get("transfer"), 10, 64)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.transfers {
		if t.checkpoint == id {
			t.used = time.Now()
			return t, nil
		}
	}
	return nil, fmt.Errorf("no transfer %d is under way", id)
}

// serveFile answers with pieces from an offset on: length, checksum, bytes; a length of 0 ends the file.
func (s *snapshots) serveFile(w http.ResponseWriter, r *http.Request) {
	t, err := s.find(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	offset, err := strconv.ParseUint(r.URL.Query().Get("offset"), 10, 64)
	if err != nil {
		http.Error(w, "offset: "+err.Error(), http.StatusBadRequest)
		return
	}
	file := r.URL.Query().Get("file")
	buffer := make([]byte, pieceBytes)
	for sent := false; ; sent = true {
		count, err := s.readPiece(t, file, offset, buffer)
		if err != nil {
			if !sent {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			panic(http.ErrAbortHandler) // the receiver sees a broken connection and asks again
		}
		var head [8]byte
		binary.LittleEndian.PutUint32(head[0:], uint32(count))
		binary.LittleEndian.PutUint32(head[4:], crc32.Checksum(buffer[:count], pieceCRC))
		if count > 0 {
			if err := s.limiter.WaitN(r.Context(), count); err != nil {
				return
			}
		}
		if _, err := w.Write(head[:]); err != nil {
			return
		}
		if _, err := w.Write(buffer[:count]); err != nil || count == 0 {
			return
		}
		offset += uint64(count)
	}
}

func (s *snapshots) readPiece(t *transfer, file string, offset uint64, buffer []byte) (int, error) {
	t.readMu.Lock()
	defer t.readMu.Unlock()
	if t.isClosed {
		return 0, fmt.Errorf("the transfer was given up")
	}
	s.mu.Lock()
	t.used = time.Now()
	s.mu.Unlock()
	return s.n.host.CheckpointRead(t.checkpoint, file, offset, buffer)
}

func (s *snapshots) serveDone(w http.ResponseWriter, r *http.Request) {
	t, err := s.find(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	s.finish(t.to, r.URL.Query().Get("ok") == "1", r.URL.Query().Get("why"))
	w.WriteHeader(http.StatusNoContent)
}

// ---- the receiver

// receive takes raft's message; the step to raft comes when the state is installed.
func (s *snapshots) receive(m raftpb.Message) error {
	var what offer
	if err := json.Unmarshal(m.Snapshot.Data, &what); err != nil {
		return fmt.Errorf("the offer of a snapshot is damaged: %v", err)
	}
	s.n.mu.Lock()
	what.sender = s.n.conf.members.Members[m.From].ID
	s.n.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.receiving != 0 {
		return nil // one after the other; raft offers again
	}
	s.receiving = m.Snapshot.Metadata.Index
	s.n.goRun("snapshot", func() {
		err := s.install(m, &what)
		s.mu.Lock()
		s.receiving = 0
		s.mu.Unlock()
		why := ""
		if err != nil {
			why = err.Error()
			s.n.host.Log(LogError, fmt.Sprintf("the snapshot at index %d was not installed: %v", m.Snapshot.Metadata.Index, err))
		}
		s.sayDone(&what, err == nil, why)
	})
	return nil
}

func (s *snapshots) install(m raftpb.Message, what *offer) error {
	index := m.Snapshot.Metadata.Index
	if what.Incarnation != s.n.identity.incarnation() {
		return fmt.Errorf("it is of another formation of the cluster")
	}
	if s.r.applier.appliedIndex() < index {
		if err := s.fetchAndInstall(m.Snapshot.Metadata, what); err != nil {
			return err
		}
	}
	m.Snapshot.Data = append([]byte(nil), what.Members...)
	select {
	case s.r.recvc <- m:
	case <-s.n.stopc:
	}
	return nil
}

func (s *snapshots) fetchAndInstall(meta raftpb.SnapshotMetadata, what *offer) error {
	begun := time.Now()
	install, err := s.n.host.InstallBegin(what.Manifest)
	if err != nil {
		return err
	}
	files, err := s.wantedFiles(install, what.Manifest)
	var total uint64
	for i := 0; i < len(files) && err == nil; i++ {
		var end uint64
		end, err = s.fetchFile(what, install, files[i].Name, files[i].Offset)
		total += end - files[i].Offset
	}
	if err != nil {
		// A node that stops keeps what it has for its next life.
		if !s.n.isStopping() {
			s.n.host.InstallAbort(install)
		}
		return err
	}
	done, err := s.r.applier.install(meta.Index, meta.Term, func() error { return s.n.host.InstallCommit(install) })
	if err != nil || !done {
		s.n.host.InstallAbort(install)
		return err
	}
	s.n.mu.Lock()
	s.n.received++
	s.n.mu.Unlock()
	s.n.host.Log(LogInfo, fmt.Sprintf("installed a snapshot at index %d: %d files, %d bytes in %v", meta.Index, len(files), total,
		time.Since(begun).Round(time.Millisecond)))
	return nil
}

type wantedFile struct {
	Name   string `json:"name"`
	Offset uint64 `json:"offset"`
}

// wantedFiles are those of the manifest, without what an earlier attempt has brought.
func (s *snapshots) wantedFiles(install uint64, manifest []byte) ([]wantedFile, error) {
	text, err := s.n.host.InstallWanted(install)
	if err != nil {
		return nil, err
	}
	if text != nil {
		var wanted []wantedFile
		if err := json.Unmarshal(text, &wanted); err != nil {
			return nil, fmt.Errorf("the list of wanted files: %v", err)
		}
		return wanted, nil
	}
	var list struct {
		Files []wantedFile `json:"files"`
	}
	if err := json.Unmarshal(manifest, &list); err != nil {
		return nil, fmt.Errorf("the checkpoint's manifest is no JSON object with \"files\": %v", err)
	}
	return list.Files, nil
}

// fetchFile goes on at the last good byte when a connection breaks.
func (s *snapshots) fetchFile(what *offer, install uint64, file string, offset uint64) (end uint64, err error) {
	for retry := 0; retry < transferRetries; retry++ {
		if retry > 0 {
			select {
			case <-s.n.stopc:
				return offset, raft.ErrStopped
			case <-time.After(200 * time.Millisecond):
			}
		}
		before := offset
		var permanent bool
		if offset, permanent, err = s.fetchFrom(what, install, file, offset); err == nil || permanent {
			return offset, err
		}
		if offset > before {
			retry = 0
		}
		s.n.host.Log(LogDebug, fmt.Sprintf("fetching %s of a snapshot stopped at byte %d: %v", file, offset, err))
	}
	return offset, fmt.Errorf("fetching %s: %v", file, err)
}

func (s *snapshots) fetchFrom(what *offer, install uint64, file string, offset uint64) (uint64, bool, error) {
	query := url.Values{"transfer": {fmt.Sprint(what.Transfer)}, "file": {file}, "offset": {fmt.Sprint(offset)}}
	request, err := http.NewRequest("GET", what.URL+snapshotPath+"?"+query.Encode(), nil)
	if err != nil {
		return offset, true, err
	}
	s.n.sign(request)
	client, err := s.n.clients.to(what.sender)
	if err != nil {
		return offset, true, err
	}
	reply, err := client.Do(request)
	if err != nil {
		return offset, false, err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		words, _ := io.ReadAll(io.LimitReader(reply.Body, 4096))
		return offset, true, fmt.Errorf("%s: %s", reply.Status, bytes.TrimSpace(words))
	}
	buffer := make([]byte, pieceBytes)
	for {
		if s.n.isStopping() {
			return offset, true, raft.ErrStopped
		}
		var head [8]byte
		if _, err := io.ReadFull(reply.Body, head[:]); err != nil {
			return offset, false, err
		}
		size := binary.LittleEndian.Uint32(head[0:])
		if size == 0 {
			return offset, false, nil
		}
		if size > pieceBytes {
			return offset, false, fmt.Errorf("a piece claims %d bytes, at most %d are possible", size, pieceBytes)
		}
		if _, err := io.ReadFull(reply.Body, buffer[:size]); err != nil {
			return offset, false, err
		}
		if sum := crc32.Checksum(buffer[:size], pieceCRC); sum != binary.LittleEndian.Uint32(head[4:]) {
			return offset, false, fmt.Errorf("the piece at byte %d arrived with checksum %08x", offset, sum)
		}
		if err := s.n.host.InstallWrite(install, file, offset, buffer[:size]); err != nil {
			return offset, true, err
		}
		offset += uint64(size)
	}
}

func (s *snapshots) sayDone(what *offer, ok bool, why string) {
	query := url.Values{"transfer": {fmt.Sprint(what.Transfer)}, "why": {why}}
	if ok {
		query.Set("ok", "1")
	}
	request, err := http.NewRequest("POST", what.URL+snapshotDonePath+"?"+query.Encode(), nil)
	if err != nil {
		return
	}
	s.n.sign(request)
	client, err := s.n.clients.to(what.sender)
	if err != nil {
		return
	}
	if reply, err := client.Do(request); err == nil {
		reply.Body.Close()
	}
}
