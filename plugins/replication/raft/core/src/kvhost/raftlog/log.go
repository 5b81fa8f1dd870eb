// Package raftlog keeps the raft log: etcd's write-ahead log on disk, the newest entries in memory up
// to a limit of bytes, older ones read back from the disk.
//
// Threads:   Save, SaveSnapshot, Compact and Close by one caller at a time (the raft loop); the rest
//
//	by anyone.
//
// Errors:    an error of Save means that the disk failed: the caller must stop (nothing of it may be
//
//	retried, because the system may have dropped the unwritten pages).
//
// What lies on disk: DIR/wal/*.wal (entries, votes, marks of snapshots) and DIR/snap/*.snap (one small
// file per mark: its configuration and members). The state itself is in the state machine. The log
// begins at the oldest mark.
package raftlog

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"sync"

	"go.etcd.io/etcd/etcdserver/api/snap"
	"go.etcd.io/etcd/pkg/fileutil"
	"go.etcd.io/etcd/raft"
	"go.etcd.io/etcd/raft/raftpb"
	"go.etcd.io/etcd/wal"
	"go.etcd.io/etcd/wal/walpb"
	"go.uber.org/zap"
)

func init() { wal.SegmentSizeBytes = 32 << 20 }

// Options are the limits of a Log.
type Options struct {
	CacheBytes  uint64 // newest entries kept in memory
	RetainBytes uint64 // entries kept on disk below the newest mark, for followers that lag
	Logger      *zap.Logger
}

// mark is a snapshot that the log may begin at.
type mark struct {
	index, term uint64
	bytes       uint64 // bytes of entries appended before it, for RetainBytes
}

// Log implements raft.Storage.
type Log struct {
	dir         string
	options     Options
	wal         *wal.WAL
	snapshotter *snap.Snapshotter

	mu       sync.RWMutex
	hard     raftpb.HardState
	snapshot raftpb.Snapshot // the newest mark
	marks    []mark          // oldest first; the log begins after the first
	last     uint64
	terms    termRuns
	cache    []raftpb.Entry // the entries up to last
	cached   uint64         // their bytes
	appended uint64         // bytes of all entries ever appended in this life

	readMu sync.Mutex
	reader segmentReader
}

func walDir(dir string) string  { return filepath.Join(dir, "wal") }
func snapDir(dir string) string { return filepath.Join(dir, "snap") }

// Exists tells whether dir holds a log.
func Exists(dir string) bool { return wal.Exist(walDir(dir)) }

// Create makes a log that begins after snapshot (which may be empty); metadata comes back from Open.
func Create(dir string, metadata []byte, snapshot raftpb.Snapshot, options Options) error {
	if err := fileutil.TouchDirAll(snapDir(dir)); err != nil {
		return err
	}
	w, err := wal.Create(options.Logger, walDir(dir), metadata)
	if err != nil {
		return fmt.Errorf("make the raft log in %s: %v", dir, err)
	}
	l := &Log{dir: dir, options: options, wal: w, snapshotter: snap.New(options.Logger, snapDir(dir))}
	if !raft.IsEmptySnap(snapshot) {
		m := snapshot.Metadata
		if err = l.writeMark(snapshot); err == nil {
			err = w.Save(raftpb.HardState{Term: m.Term, Commit: m.Index}, nil)
		}
	}
	if closed := w.Close(); err == nil {
		err = closed
	}
	return err
}

// Open reads a log back.
func Open(dir string, options Options) (l *Log, metadata []byte, err error) {
	l = &Log{dir: dir, options: options, snapshotter: snap.New(options.Logger, snapDir(dir)),
		reader: segmentReader{dir: walDir(dir)}}
	usable, err := l.usableMarks()
	if err != nil {
		return nil, nil, err
	}
	var entries []raftpb.Entry
	if metadata, entries, err = l.openAt(usable[0]); err != nil {
		return nil, nil, fmt.Errorf("read the raft log %s: %v", walDir(dir), err)
	}
	newest := usable[len(usable)-1]
	if newest.index > 0 {
		loaded, err := l.snapshotter.LoadNewestAvailable([]walpb.Snapshot{{Index: newest.index, Term: newest.term}})
		if err != nil {
			return nil, nil, fmt.Errorf("read the newest mark in %s: %v", snapDir(dir), err)
		}
		l.snapshot = *loaded
	}
	l.marks = usable
	l.last = usable[0].index
	l.terms.reset(l.last, usable[0].term)
	// Entries that a snapshot replaced may follow it in the file with a lower term.
	for i, e := range entries {
		if e.Index > newest.index && e.Term < newest.term {
			entries = entries[:i]
			break
		}
	}
	l.append(entries)
	if l.last < newest.index {
		l.last = newest.index
		l.marks = usable[len(usable)-1:]
		l.terms.reset(newest.index, newest.term)
		l.cache, l.cached = nil, 0
	}
	if l.hard.Commit < newest.index {
		l.hard.Commit = newest.index
	}
	l.trim()
	return l, metadata, nil
}

// usableMarks are those that stand in the log and have their file, oldest first.
func (l *Log) usableMarks() ([]mark, error) {
	written, err := wal.ValidSnapshotEntries(l.options.Logger, walDir(l.dir))
	if err != nil {
		return nil, fmt.Errorf("read the raft log %s: %v", walDir(l.dir), err)
	}
	sort.Slice(written, func(i, j int) bool { return written[i].Index < written[j].Index })
	var usable []mark
	for _, s := range written {
		if s.Index != 0 && !fileutil.Exist(l.markPath(s.Index, s.Term)) {
			continue
		}
		usable = append(usable, mark{index: s.Index, term: s.Term})
	}
	// The empty mark that a new log begins with counts while there is no other.
	if len(usable) > 1 && usable[0].index == 0 {
		usable = usable[1:]
	}
	// What stands before a snapshot that was received need not be its past.
	for i := len(usable) - 1; i > 0; i-- {
		if fileutil.Exist(l.receivedPath(usable[i].index)) {
			usable = usable[i:]
			break
		}
	}
	if len(usable) == 0 {
		return nil, fmt.Errorf("raft log %s: none of its marks has a file in %s", walDir(l.dir), snapDir(l.dir))
	}
	return usable, nil
}

func (l *Log) openAt(begin mark) (metadata []byte, entries []raftpb.Entry, err error) {
	for repaired := false; ; repaired = true {
		l.wal, err = wal.Open(l.options.Logger, walDir(l.dir), walpb.Snapshot{Index: begin.index, Term: begin.term})
		if err != nil {
			return nil, nil, err
		}
		metadata, l.hard, entries, err = l.wal.ReadAll()
		if err == nil {
			return metadata, entries, nil
		}
		l.wal.Close()
		// A torn tail is the normal mark of a crash.
		if repaired || err != io.ErrUnexpectedEOF || !wal.Repair(l.options.Logger, walDir(l.dir)) {
			return nil, nil, err
		}
	}
}

func (l *Log) markPath(index, term uint64) string {
	return filepath.Join(snapDir(l.dir), fmt.Sprintf("%016x-%016x.snap", term, index))
}

// receivedPath names the empty file that tells that the mark is a snapshot from another node.
func (l *Log) receivedPath(index uint64) string {
	return filepath.Join(l.dir, fmt.Sprintf("received-%016x", index))
}

// writeMark makes a mark durable: the file before the record that names it.
func (l *Log) writeMark(snapshot raftpb.Snapshot) error {
	if err := l.snapshotter.SaveSnap(snapshot); err != nil {
		return err
	}
	if err := syncDirectory(snapDir(l.dir)); err != nil {
		return err
	}
	return l.wal.SaveSnapshot(walpb.Snapshot{Index: snapshot.Metadata.Index, Term: snapshot.Metadata.Term})
}

func syncDirectory(path string) error {
	d, err := fileutil.OpenDir(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return fileutil.Fsync(d)
}

// Save appends entries and makes them and the state durable.
func (l *Log) Save(hard raftpb.HardState, entries []raftpb.Entry) error {
	if err := l.wal.Save(hard, entries); err != nil {
		return fmt.Errorf("write the raft log %s: %v", walDir(l.dir), err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !raft.IsEmptyHardState(hard) {
		l.hard = hard
	}
	l.append(entries)
	l.trim()
	return nil
}

func (l *Log) append(entries []raftpb.Entry) {
	for _, e := range entries {
		if e.Index <= l.last {
			l.dropAfter(e.Index - 1)
		}
		l.cache = append(l.cache, e)
		l.cached += uint64(e.Size())
		l.appended += uint64(e.Size())
		l.last = e.Index
		l.terms.put(e.Index, e.Term)
		for i := range l.marks {
			if l.marks[i].index == e.Index {
				l.marks[i].bytes = l.appended
			}
		}
	}
}

func (l *Log) dropAfter(index uint64) {
	for len(l.cache) > 0 && l.cache[len(l.cache)-1].Index > index {
		l.cached -= uint64(l.cache[len(l.cache)-1].Size())
		l.cache = l.cache[:len(l.cache)-1]
	}
	l.last = index
}

func (l *Log) trim() {
	if l.cached <= l.options.CacheBytes {
		return
	}
	drop := 0
	for drop < len(l.cache)-1 && l.cached > l.options.CacheBytes*3/4 {
		l.cached -= uint64(l.cache[drop].Size())
		drop++
	}
	// A copy, so that what was dropped can be collected.
	l.cache = append(make([]raftpb.Entry, 0, len(l.cache)-drop+1024), l.cache[drop:]...)
}

// SaveSnapshot takes over a snapshot that was received; the log is empty after it.
func (l *Log) SaveSnapshot(snapshot raftpb.Snapshot, hard raftpb.HardState) error {
	m := snapshot.Metadata
	if err := os.WriteFile(l.receivedPath(m.Index), nil, fileutil.PrivateFileMode); err != nil {
		return err
	}
	if err := syncDirectory(l.dir); err != nil {
		return err
	}
	if err := l.writeMark(snapshot); err != nil {
		return err
	}
	if err := l.wal.Save(hard, nil); err != nil {
		return err
	}
	l.mu.Lock()
	old := l.marks
	l.dropAfter(0)
	l.snapshot = snapshot
	l.cache, l.cached, l.last = nil, 0, m.Index
	l.marks = []mark{{index: m.Index, term: m.Term, bytes: l.appended}}
	l.terms.reset(m.Index, m.Term)
	if !raft.IsEmptyHardState(hard) {
		l.hard = hard
	}
	l.mu.Unlock()
	if err := l.wal.Sync(); err != nil {
		return err
	}
	return l.removeBefore(old, m.Index)
}

// Mark notes that the state machine holds everything up to index durably, with the configuration
// and members of that index, and cuts the log as far as keepFrom and RetainBytes allow.
func (l *Log) Mark(index uint64, conf raftpb.ConfState, data []byte, keepFrom uint64) error {
	l.mu.RLock()
	term := l.terms.at(index)
	known := index > l.snapshot.Metadata.Index && index <= l.last
	l.mu.RUnlock()
	if !known {
		return nil
	}
	snapshot := raftpb.Snapshot{Data: data,
		Metadata: raftpb.SnapshotMetadata{Index: index, Term: term, ConfState: conf}}
	if err := l.writeMark(snapshot); err != nil {
		return err
	}
	l.mu.Lock()
	l.snapshot = snapshot
	l.marks = append(l.marks, mark{index: index, term: term, bytes: l.appended - l.bytesAfter(index)})
	old := append([]mark(nil), l.marks...)
	for len(l.marks) > 1 && l.marks[1].index <= keepFrom &&
		l.appended-l.marks[1].bytes >= l.options.RetainBytes {
		l.marks = l.marks[1:]
	}
	begin := l.marks[0].index
	l.terms.cut(begin)
	drop := 0
	for drop < len(l.cache) && l.cache[drop].Index <= begin {
		l.cached -= uint64(l.cache[drop].Size())
		drop++
	}
	l.cache = l.cache[drop:]
	l.mu.Unlock()
	return l.removeBefore(old, begin)
}

func (l *Log) bytesAfter(index uint64) uint64 {
	var sum uint64
	for i := len(l.cache) - 1; i >= 0 && l.cache[i].Index > index; i-- {
		sum += uint64(l.cache[i].Size())
	}
	return sum
}

// removeBefore deletes marks and segments that the log no longer begins at.
func (l *Log) removeBefore(old []mark, begin uint64) error {
	for _, m := range old {
		if m.index < begin && m.index != 0 {
			for _, path := range []string{l.markPath(m.index, m.term), l.receivedPath(m.index)} {
				if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
					return err
				}
			}
		}
	}
	if err := l.wal.ReleaseLockTo(begin); err != nil {
		return err
	}
	segments, err := listSegments(walDir(l.dir))
	if err != nil {
		return err
	}
	keep := 0
	for i, s := range segments {
		if s.index <= begin {
			keep = i
		}
	}
	for _, s := range segments[:keep] {
		locked, err := fileutil.TryLockFile(s.path, os.O_WRONLY, fileutil.PrivateFileMode)
		if err == fileutil.ErrLocked {
			break
		}
		if err != nil {
			return err
		}
		err = os.Remove(s.path)
		locked.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// Close ends the log.
func (l *Log) Close() error {
	l.readMu.Lock()
	l.reader.close()
	l.readMu.Unlock()
	return l.wal.Close()
}

// ---- raft.Storage

// InitialState is what raft starts from.
func (l *Log) InitialState() (raftpb.HardState, raftpb.ConfState, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.hard, l.snapshot.Metadata.ConfState, nil
}

// Entries returns entries from lo on; fewer than asked for where the rest lies elsewhere.
func (l *Log) Entries(lo, hi, maxBytes uint64) ([]raftpb.Entry, error) {
	l.mu.RLock()
	if lo <= l.marks[0].index {
		l.mu.RUnlock()
		return nil, raft.ErrCompacted
	}
	if hi > l.last+1 {
		l.mu.RUnlock()
		return nil, raft.ErrUnavailable
	}
	if cacheFirst := l.last + 1 - uint64(len(l.cache)); lo < cacheFirst {
		l.mu.RUnlock()
		if hi > cacheFirst {
			hi = cacheFirst
		}
		return l.readBack(lo, hi, maxBytes)
	}
	defer l.mu.RUnlock()
	from := l.cache[lo-(l.last+1-uint64(len(l.cache))):]
	from = from[:hi-lo]
	var bytes uint64
	for i := range from {
		if bytes += uint64(from[i].Size()); i > 0 && bytes > maxBytes {
			return from[:i:i], nil
		}
	}
	return from[:len(from):len(from)], nil
}

func (l *Log) readBack(lo, hi, maxBytes uint64) ([]raftpb.Entry, error) {
	l.readMu.Lock()
	defer l.readMu.Unlock()
	return l.reader.read(lo, hi, maxBytes, func(index uint64) uint64 {
		l.mu.RLock()
		defer l.mu.RUnlock()
		return l.terms.at(index)
	})
}

// Term of an entry, the one before the first included.
func (l *Log) Term(index uint64) (uint64, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if index < l.marks[0].index {
		return 0, raft.ErrCompacted
	}
	if index > l.last {
		return 0, raft.ErrUnavailable
	}
	return l.terms.at(index), nil
}

// LastIndex is that of the newest entry.
func (l *Log) LastIndex() (uint64, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.last, nil
}

// FirstIndex is that of the oldest entry held.
func (l *Log) FirstIndex() (uint64, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.marks[0].index + 1, nil
}

// Snapshot is the newest mark.
func (l *Log) Snapshot() (raftpb.Snapshot, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.snapshot, nil
}

// BytesSinceMark tells how much was appended after the newest mark.
func (l *Log) BytesSinceMark() uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.appended - l.marks[len(l.marks)-1].bytes
}

// ErrDamaged is wrapped by errors about a log that does not fit its state.
var ErrDamaged = errors.New("the raft log does not fit the data")
