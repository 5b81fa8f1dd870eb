package raftlog

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"go.etcd.io/etcd/raft/raftpb"
	"go.etcd.io/etcd/wal/walpb"
)

// Types of records as etcd's wal writes them.
const (
	walEntryType = 2
	walCrcType   = 4
)

var crcTable = crc32.MakeTable(crc32.Castagnoli)

// No record is longer: etcd's wal refuses to read longer ones.
const maxRecordBytes = 10 << 20

// segmentReader reads old entries back from the segments of etcd's wal, which itself reads a log
// only as a whole. An entry that a later leader replaced may stand in a segment beside the one that
// counts; a pair of index and term names one entry, so the caller's terms tell them apart.
//
// It remembers where it stopped: a follower that catches up reads on from there.
type segmentReader struct {
	dir  string
	file *os.File
	in   *bufio.Reader
	seq  uint64
	crc  uint32
	next uint64        // the index that the next read is expected to begin with
	seen *raftpb.Entry // the entry `next`, if it was read already
}

type segmentName struct {
	path  string
	seq   uint64
	index uint64 // no entry below it was written to this segment at its beginning
}

func listSegments(dir string) ([]segmentName, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.wal"))
	if err != nil {
		return nil, err
	}
	var segments []segmentName
	for _, path := range names {
		var s segmentName
		if _, err := fmt.Sscanf(strings.TrimSuffix(filepath.Base(path), ".wal"), "%016x-%016x",
			&s.seq, &s.index); err != nil {
			continue
		}
		s.path = path
		segments = append(segments, s)
	}
	sort.Slice(segments, func(i, j int) bool { return segments[i].seq < segments[j].seq })
	return segments, nil
}

// read returns the entries from lo to below hi, at least one and about maxBytes at most.
func (r *segmentReader) read(lo, hi, maxBytes uint64, termOf func(uint64) uint64) ([]raftpb.Entry, error) {
	if r.file != nil && r.next == lo && (r.seen == nil || r.seen.Term == termOf(lo)) {
		if entries, err := r.readOn(lo, hi, maxBytes, termOf); err == nil {
			return entries, nil
		}
		// What was buffered of a segment still being written may be old: look again.
	}
	if err := r.seek(lo); err != nil {
		return nil, err
	}
	return r.readOn(lo, hi, maxBytes, termOf)
}

func (r *segmentReader) readOn(lo, hi, maxBytes uint64, termOf func(uint64) uint64) ([]raftpb.Entry, error) {
	var entries []raftpb.Entry
	var bytes uint64
	for r.next = lo; r.next < hi; r.next++ {
		if r.seen == nil {
			e, err := r.entry(r.next, termOf(r.next))
			if err != nil {
				r.close()
				return nil, fmt.Errorf("raft log %s: entry %d cannot be read back: %v", r.dir, lo+uint64(len(entries)), err)
			}
			r.seen = &e
		}
		if bytes += uint64(r.seen.Size()); len(entries) > 0 && bytes > maxBytes {
			return entries, nil
		}
		entries = append(entries, *r.seen)
		r.seen = nil
	}
	return entries, nil
}

// entry reads on until the entry appears.
func (r *segmentReader) entry(index, term uint64) (raftpb.Entry, error) {
	var e raftpb.Entry
	for {
		rec, err := r.record()
		if err == io.EOF {
			if err = r.openFollowing(); err == nil {
				continue
			}
		}
		if err != nil {
			return e, err
		}
		if rec.Type != walEntryType {
			continue
		}
		e.Reset()
		if err := e.Unmarshal(rec.Data); err != nil {
			return e, err
		}
		if e.Index == index && e.Term == term {
			return e, nil
		}
	}
}

// seek opens the last segment that can hold the entry's first writing.
func (r *segmentReader) seek(index uint64) error {
	r.close()
	segments, err := listSegments(r.dir)
	if err != nil {
		return err
	}
	found := -1
	for i, s := range segments {
		if s.index <= index {
			found = i
		}
	}
	if found < 0 {
		return fmt.Errorf("raft log %s: no segment holds entry %d", r.dir, index)
	}
	// A segment's name tells the first index after the entries before it. After a truncation the
	// indexes of names can go back; the entry that counts is in or after the last fitting one.
	return r.open(segments[found])
}

func (r *segmentReader) openFollowing() error {
	segments, err := listSegments(r.dir)
	if err != nil {
		return err
	}
	for _, s := range segments {
		if s.seq == r.seq+1 {
			r.file.Close()
			return r.open(s)
		}
	}
	return io.ErrUnexpectedEOF
}

func (r *segmentReader) open(s segmentName) error {
	file, err := os.Open(s.path)
	if err != nil {
		return err
	}
	r.file, r.seq = file, s.seq
	r.in = bufio.NewReaderSize(file, 256<<10)
	return nil
}

func (r *segmentReader) close() {
	if r.file != nil {
		r.file.Close()
	}
	r.file, r.in, r.next, r.seen = nil, nil, 0, nil
}

// record reads one record; io.EOF at the end of what was written.
func (r *segmentReader) record() (walpb.Record, error) {
	var rec walpb.Record
	var head [8]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		if err == io.ErrUnexpectedEOF {
			err = io.EOF
		}
		return rec, err
	}
	field := binary.LittleEndian.Uint64(head[:])
	if field == 0 {
		return rec, io.EOF
	}
	size := field & (1<<56 - 1)
	padding := uint64(0)
	if field>>63 == 1 {
		padding = (field >> 56) & 7
	}
	if size > maxRecordBytes {
		return rec, fmt.Errorf("a record claims %d bytes, at most %d are possible", size, maxRecordBytes)
	}
	data := make([]byte, size+padding)
	if _, err := io.ReadFull(r.in, data); err != nil {
		return rec, err
	}
	if err := rec.Unmarshal(data[:size]); err != nil {
		return rec, err
	}
	if rec.Type == walCrcType {
		r.crc = rec.Crc
		return rec, nil
	}
	if r.crc = crc32.Update(r.crc, crcTable, rec.Data); r.crc != rec.Crc {
		return rec, fmt.Errorf("checksum %08x, the record says %08x", r.crc, rec.Crc)
	}
	return rec, nil
}
