package raftlog

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/etcd/raft"
	"go.etcd.io/etcd/raft/raftpb"
	"go.etcd.io/etcd/wal"
	"go.uber.org/zap"
)

func options(cache, retain uint64) Options {
	return Options{CacheBytes: cache, RetainBytes: retain, Logger: zap.NewNop()}
}

func entryOf(index, term uint64) raftpb.Entry {
	return raftpb.Entry{Index: index, Term: term, Data: []byte(fmt.Sprintf("entry %d of term %d", index, term))}
}

func entriesOf(from, to, term uint64) (all []raftpb.Entry) {
	for i := from; i <= to; i++ {
		all = append(all, entryOf(i, term))
	}
	return all
}

func made(t *testing.T, o Options) (string, *Log) {
	t.Helper()
	dir := t.TempDir()
	if err := Create(dir, []byte("who"), raftpb.Snapshot{}, o); err != nil {
		t.Fatal(err)
	}
	return dir, opened(t, dir, o)
}

func opened(t *testing.T, dir string, o Options) *Log {
	t.Helper()
	l, metadata, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if string(metadata) != "who" {
		t.Fatalf("metadata is %q", metadata)
	}
	return l
}

func save(t *testing.T, l *Log, commit uint64, entries []raftpb.Entry) {
	t.Helper()
	term := entries[len(entries)-1].Term
	if err := l.Save(raftpb.HardState{Term: term, Commit: commit}, entries); err != nil {
		t.Fatal(err)
	}
}

// holds checks that exactly [first, last] is there, entry by entry, in reads of about maxBytes.
func holds(t *testing.T, l *Log, first, last uint64, termOf func(uint64) uint64, maxBytes uint64) {
	t.Helper()
	if got, _ := l.FirstIndex(); got != first {
		t.Fatalf("first index is %d, expected %d", got, first)
	}
	if got, _ := l.LastIndex(); got != last {
		t.Fatalf("last index is %d, expected %d", got, last)
	}
	for next := first; next <= last; {
		entries, err := l.Entries(next, last+1, maxBytes)
		if err != nil {
			t.Fatalf("entries from %d: %v", next, err)
		}
		if len(entries) == 0 {
			t.Fatalf("no entries from %d", next)
		}
		for _, e := range entries {
			expected := entryOf(next, termOf(next))
			if e.Index != next || e.Term != expected.Term || !bytes.Equal(e.Data, expected.Data) {
				t.Fatalf("found %d of term %d (%q), expected %d of term %d", e.Index, e.Term, e.Data, next, expected.Term)
			}
			if term, err := l.Term(next); err != nil || term != e.Term {
				t.Fatalf("the term of %d is %d (%v), expected %d", next, term, err, e.Term)
			}
			next++
		}
	}
}

func always(term uint64) func(uint64) uint64 { return func(uint64) uint64 { return term } }

func TestEntriesSurviveReopening(t *testing.T) {
	o := options(1<<20, 1<<20)
	dir, l := made(t, o)
	save(t, l, 3, entriesOf(1, 10, 1))
	l.Close()
	l = opened(t, dir, o)
	defer l.Close()
	holds(t, l, 1, 10, always(1), 1<<20)
	hard, _, _ := l.InitialState()
	if hard.Commit != 3 || hard.Term != 1 {
		t.Fatalf("the state read back is %+v", hard)
	}
}

func TestOldEntriesComeFromDisk(t *testing.T) {
	_, l := made(t, options(2000, 1<<30))
	defer l.Close()
	for i := uint64(0); i < 100; i++ {
		save(t, l, i*10, entriesOf(i*10+1, i*10+10, 1+i/30))
	}
	if len(l.cache) > 200 {
		t.Fatalf("%d entries are in memory in spite of the limit", len(l.cache))
	}
	termOf := func(index uint64) uint64 { return 1 + (index-1)/300 }
	for _, maxBytes := range []uint64{1, 100, 1 << 20} {
		holds(t, l, 1, 1000, termOf, maxBytes)
	}
}

func TestReplacedEntriesAreNotReadBack(t *testing.T) {
	o := options(300, 1<<30)
	dir, l := made(t, o)
	save(t, l, 40, entriesOf(1, 80, 1))
	save(t, l, 45, entriesOf(61, 90, 2)) // a later leader replaced 61 … 80
	save(t, l, 45, entriesOf(71, 75, 3))
	save(t, l, 45, entriesOf(76, 200, 3))
	termOf := func(index uint64) uint64 {
		switch {
		case index <= 60:
			return 1
		case index <= 70:
			return 2
		}
		return 3
	}
	holds(t, l, 1, 200, termOf, 1)
	holds(t, l, 1, 200, termOf, 1<<20)
	l.Close()
	l = opened(t, dir, o)
	defer l.Close()
	holds(t, l, 1, 200, termOf, 500)
}

func TestReadingBackGoesAcrossSegments(t *testing.T) {
	segment := wal.SegmentSizeBytes
	wal.SegmentSizeBytes = 4096
	defer func() { wal.SegmentSizeBytes = segment }()
	dir, l := made(t, options(1000, 1<<30))
	defer l.Close()
	for i := uint64(0); i < 60; i++ {
		save(t, l, i*10, entriesOf(i*10+1, i*10+10, 1))
		if i == 30 { // a truncation just behind a new segment
			save(t, l, 295, entriesOf(296, 310, 1))
		}
	}
	segments, err := listSegments(walDir(dir))
	if err != nil || len(segments) < 4 {
		t.Fatalf("%d segments (%v); the test wants several", len(segments), err)
	}
	holds(t, l, 1, 600, always(1), 1)
	holds(t, l, 1, 600, always(1), 3000)
}

func TestReaderFollowsTheTailBeingWritten(t *testing.T) {
	_, l := made(t, options(200, 1<<30))
	defer l.Close()
	next := uint64(1)
	for i := uint64(0); i < 50; i++ {
		save(t, l, 0, entriesOf(i*20+1, i*20+20, 1))
		cacheFirst := l.last + 1 - uint64(len(l.cache))
		for next < cacheFirst {
			entries, err := l.Entries(next, l.last+1, 300)
			if err != nil || entries[0].Index != next {
				t.Fatalf("entries from %d: %v", next, err)
			}
			next += uint64(len(entries))
		}
	}
}

func TestMarksCutTheLog(t *testing.T) {
	segment := wal.SegmentSizeBytes
	wal.SegmentSizeBytes = 4096
	defer func() { wal.SegmentSizeBytes = segment }()
	o := options(1<<20, 2000)
	dir, l := made(t, o)
	conf := raftpb.ConfState{Voters: []uint64{7, 8}}
	for i := uint64(1); i <= 50; i++ {
		save(t, l, i*20, entriesOf(i*20-19, i*20, 1))
		if i%5 == 0 {
			if err := l.Mark(i*20-3, conf, []byte("members"), i*20-3); err != nil {
				t.Fatal(err)
			}
		}
	}
	first, _ := l.FirstIndex()
	if first < 700 || first > 998 {
		t.Fatalf("the log begins at %d", first)
	}
	if _, err := l.Entries(first-1, first, 100); err != raft.ErrCompacted {
		t.Fatalf("reading below the beginning: %v", err)
	}
	holds(t, l, first, 1000, always(1), 200)
	segments, _ := listSegments(walDir(dir))
	if segments[0].seq == 0 {
		t.Fatal("no segment was removed")
	}
	l.Close()
	l = opened(t, dir, o)
	defer l.Close()
	holds(t, l, first, 1000, always(1), 200)
	snapshot, _ := l.Snapshot()
	if snapshot.Metadata.Index != 997 || len(snapshot.Metadata.ConfState.Voters) != 2 || string(snapshot.Data) != "members" {
		t.Fatalf("the newest mark is %+v", snapshot)
	}
}

func TestKeepFromHoldsTheLogBack(t *testing.T) {
	_, l := made(t, options(1<<20, 1))
	defer l.Close()
	for i := uint64(1); i <= 10; i++ {
		save(t, l, i*20, entriesOf(i*20-19, i*20, 1))
		if err := l.Mark(i*20, raftpb.ConfState{}, nil, 60); err != nil {
			t.Fatal(err)
		}
	}
	if first, _ := l.FirstIndex(); first != 61 {
		t.Fatalf("the log begins at %d, a transfer needs 61", first)
	}
}

func TestReceivedSnapshotTakesTheLogsPlace(t *testing.T) {
	o := options(1<<20, 1<<30)
	dir, l := made(t, o)
	save(t, l, 10, entriesOf(1, 150, 1)) // the tail beyond 10 never was committed
	snapshot := raftpb.Snapshot{Data: []byte("members"),
		Metadata: raftpb.SnapshotMetadata{Index: 100, Term: 4, ConfState: raftpb.ConfState{Voters: []uint64{1}}}}
	if err := l.SaveSnapshot(snapshot, raftpb.HardState{Term: 4, Commit: 100}); err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		if first, _ := l.FirstIndex(); first != 101 {
			t.Fatalf("the log begins at %d", first)
		}
	}
	check()
	l.Close()
	l = opened(t, dir, o)
	check()
	if last, _ := l.LastIndex(); last != 100 {
		t.Fatalf("stale entries came back: the last index is %d", last)
	}
	save(t, l, 100, entriesOf(101, 120, 4))
	holds(t, l, 101, 120, always(4), 100)
	l.Close()
	l = opened(t, dir, o)
	defer l.Close()
	holds(t, l, 101, 120, always(4), 100)
}

func TestFirstMarkOfAFounder(t *testing.T) {
	dir := t.TempDir()
	o := options(1<<20, 1<<20)
	first := raftpb.Snapshot{Data: []byte("members"),
		Metadata: raftpb.SnapshotMetadata{Index: 1, Term: 1, ConfState: raftpb.ConfState{Voters: []uint64{5}}}}
	if err := Create(dir, []byte("who"), first, o); err != nil {
		t.Fatal(err)
	}
	l := opened(t, dir, o)
	defer l.Close()
	hard, conf, _ := l.InitialState()
	if hard.Commit != 1 || len(conf.Voters) != 1 {
		t.Fatalf("state %+v, configuration %+v", hard, conf)
	}
	if index, _ := l.FirstIndex(); index != 2 {
		t.Fatalf("the log begins at %d", index)
	}
}

func TestTornTailIsCutOff(t *testing.T) {
	o := options(1<<20, 1<<20)
	dir, l := made(t, o)
	save(t, l, 3, entriesOf(1, 10, 1))
	size := uint64(0)
	if err := filepath.Walk(walDir(dir), func(path string, info os.FileInfo, err error) error { return err }); err != nil {
		t.Fatal(err)
	}
	save(t, l, 3, []raftpb.Entry{{Index: 11, Term: 1, Data: bytes.Repeat([]byte("x"), 3000)}})
	l.Close()
	segments, _ := listSegments(walDir(dir))
	content, err := os.ReadFile(segments[0].path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.LastIndex(content, []byte("xxxx"))
	for size = 0; size < 2048; size++ { // the last sectors never reached the disk
		content[at-int(size)] = 0
	}
	if err := os.WriteFile(segments[0].path, content, 0600); err != nil {
		t.Fatal(err)
	}
	l = opened(t, dir, o)
	defer l.Close()
	holds(t, l, 1, 10, always(1), 1<<20)
}

func TestDamageInTheMiddleIsReported(t *testing.T) {
	o := options(1<<20, 1<<20)
	dir, l := made(t, o)
	save(t, l, 3, entriesOf(1, 10, 1))
	save(t, l, 3, entriesOf(11, 20, 1))
	l.Close()
	segments, _ := listSegments(walDir(dir))
	content, _ := os.ReadFile(segments[0].path)
	at := bytes.Index(content, []byte("entry 5 of"))
	content[at] ^= 0x40
	if err := os.WriteFile(segments[0].path, content, 0600); err != nil {
		t.Fatal(err)
	}
	if l, _, err := Open(dir, o); err == nil {
		l.Close()
		t.Fatal("a flipped bit was not noticed")
	}
}
