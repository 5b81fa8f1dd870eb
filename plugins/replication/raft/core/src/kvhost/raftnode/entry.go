package raftnode

import (
	"encoding/binary"

	"go.etcd.io/etcd/raft/raftpb"
)

// An entry's data begins with a header, all little-endian:
//
//	byte 0 format (1) · 1 zero · 2–3 part · 4–5 parts · 6–7 zero · 8–15 term in which it was proposed
//	16–23 raft id of the proposing node · 24–31 its number there · 32–39 now_ms
//
// The batch follows. One longer than partBytes becomes several entries, because etcd's wal reads no
// record above 10 MiB. They follow each other in the log; the batch is applied at the first one's
// index, the others' indexes carry an empty batch.
//
// An entry counts only in the term that it was proposed in. So when an entry of a later term is
// applied, no proposal of an earlier term can come to life any more, and its node may propose it
// again without risk of carrying it out twice.
const (
	headerBytes = 40
	partBytes   = 4 << 20
)

type header struct {
	part, parts uint16
	term        uint64
	origin      uint64
	seq         uint64
	nowMs       uint64
}

func (h header) put(data []byte) {
	data[0], data[1], data[6], data[7] = 1, 0, 0, 0
	binary.LittleEndian.PutUint16(data[2:], h.part)
	binary.LittleEndian.PutUint16(data[4:], h.parts)
	binary.LittleEndian.PutUint64(data[8:], h.term)
	binary.LittleEndian.PutUint64(data[16:], h.origin)
	binary.LittleEndian.PutUint64(data[24:], h.seq)
	binary.LittleEndian.PutUint64(data[32:], h.nowMs)
}

func readHeader(data []byte) (h header, ok bool) {
	if len(data) < headerBytes || data[0] != 1 {
		return h, false
	}
	h.part = binary.LittleEndian.Uint16(data[2:])
	h.parts = binary.LittleEndian.Uint16(data[4:])
	h.term = binary.LittleEndian.Uint64(data[8:])
	h.origin = binary.LittleEndian.Uint64(data[16:])
	h.seq = binary.LittleEndian.Uint64(data[24:])
	h.nowMs = binary.LittleEndian.Uint64(data[32:])
	return h, h.parts > 0 && h.part < h.parts
}

func stampEntry(data []byte, nowMs uint64) { binary.LittleEndian.PutUint64(data[32:], nowMs) }

// splitBatch makes the entries of a batch. `framed` is the batch behind headerBytes of room.
func splitBatch(framed []byte, origin, seq uint64) [][]byte {
	batch := len(framed) - headerBytes
	if batch <= partBytes {
		header{parts: 1, origin: origin, seq: seq}.put(framed)
		return [][]byte{framed}
	}
	parts := (batch + partBytes - 1) / partBytes
	all := make([][]byte, 0, parts)
	for part := 0; part < parts; part++ {
		from := headerBytes + part*partBytes
		to := from + partBytes
		if to > len(framed) {
			to = len(framed)
		}
		data := make([]byte, headerBytes, headerBytes+to-from)
		header{part: uint16(part), parts: uint16(parts), origin: origin, seq: seq}.put(data)
		all = append(all, append(data, framed[from:to]...))
	}
	return all
}

// ordered is what one index of the log means to the state machine.
type ordered struct {
	term   uint64
	nowMs  uint64
	origin uint64
	seq    uint64
	batch  [][]byte // pieces; none: only the position moves
}

func (o *ordered) size() int {
	sum := 0
	for _, piece := range o.batch {
		sum += len(piece)
	}
	return sum
}

// assembler turns committed entries into ordered batches, one per index, in order. It holds back the
// entries of a batch whose last part has not come.
type assembler struct {
	held []ordered
	open header
}

// add returns what is complete now, oldest first.
func (a *assembler) add(e *raftpb.Entry) []ordered {
	nothing := ordered{term: e.Term}
	h, ok := readHeader(e.Data)
	if e.Type != raftpb.EntryNormal || !ok || h.term != e.Term {
		return append(a.giveUp(), nothing)
	}
	body := e.Data[headerBytes:]
	if len(a.held) > 0 {
		fits := h.origin == a.open.origin && h.seq == a.open.seq && h.term == a.open.term &&
			h.parts == a.open.parts && int(h.part) == len(a.held)
		if !fits {
			return append(a.giveUp(), a.begin(h, body, e.Term)...)
		}
		a.held[0].batch = append(a.held[0].batch, body)
		a.held = append(a.held, nothing)
		if h.part+1 < h.parts {
			return nil
		}
		all := a.held
		all[0].origin, all[0].seq, all[0].nowMs = h.origin, h.seq, h.nowMs
		a.held = nil
		return all
	}
	return a.begin(h, body, e.Term)
}

func (a *assembler) begin(h header, body []byte, term uint64) []ordered {
	if h.parts == 1 {
		return []ordered{{term: term, nowMs: h.nowMs, origin: h.origin, seq: h.seq, batch: [][]byte{body}}}
	}
	if h.part != 0 { // its beginning was cut off, and was applied before
		return []ordered{{term: term}}
	}
	a.open = h
	a.held = []ordered{{term: term, batch: [][]byte{body}}}
	return nil
}

// giveUp releases the indexes of a batch whose rest will never come.
func (a *assembler) giveUp() []ordered {
	all := a.held
	a.held = nil
	if len(all) > 0 {
		all[0].batch = nil
	}
	return all
}

// encodeBatch appends a batch as Host.Apply takes it: now_ms, seq (0: not of this node), length, bytes.
func encodeBatch(frames []byte, o *ordered, seq uint64) []byte {
	var head [24]byte
	binary.LittleEndian.PutUint64(head[0:], o.nowMs)
	binary.LittleEndian.PutUint64(head[8:], seq)
	binary.LittleEndian.PutUint64(head[16:], uint64(o.size()))
	frames = append(frames, head[:]...)
	for _, piece := range o.batch {
		frames = append(frames, piece...)
	}
	return frames
}
