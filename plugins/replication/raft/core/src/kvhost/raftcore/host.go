package main

/*
#include <stdlib.h>
#include "raft_core.h"

// Go cannot call a pointer to a C function: one small function for each slot.
static void host_log(kvr_host* h, uint32_t level, const char* text, uint64_t size) {
  h->log(h->self, level, text, size);
}
static void host_fatal(kvr_host* h, const char* text, uint64_t size) { h->fatal(h->self, text, size); }
static uint64_t host_waiting_proposals(kvr_host* h) { return h->waiting_proposals(h->self); }
static uint64_t host_take_proposals(kvr_host* h, char* buffer, uint64_t capacity) {
  return h->take_proposals(h->self, buffer, capacity);
}
static void host_finish_proposal(kvr_host* h, uint64_t number, int32_t code, const char* text, uint64_t size) {
  h->finish_proposal(h->self, number, code, text, size);
}
static uint64_t host_take_reads(kvr_host* h, uint32_t leader) { return h->take_reads(h->self, leader); }
static void host_reads_ready(kvr_host* h, uint64_t batch, uint64_t index) { h->reads_ready(h->self, batch, index); }
static void host_reads_failed(kvr_host* h, uint64_t batch, int32_t code, const char* text, uint64_t size) {
  h->reads_failed(h->self, batch, code, text, size);
}
static uint64_t host_expire_reads(kvr_host* h, uint64_t* batches, uint64_t room) {
  return h->expire_reads(h->self, batches, room);
}
static int32_t host_apply(kvr_host* h, kvr_position first, uint64_t count, const char* frames, uint64_t size, kvr_error* e) {
  return h->apply(h->self, first, count, frames, size, e);
}
static void host_applied_to(kvr_host* h, uint64_t index) { h->applied_to(h->self, index); }
static void host_applied(kvr_host* h, kvr_position* out) { h->applied(h->self, out); }
static void host_durable(kvr_host* h, kvr_position* out) { h->durable(h->self, out); }
static uint32_t host_has_data(kvr_host* h) { return h->has_data(h->self); }
static uint64_t host_now_ms(kvr_host* h) { return h->now_ms(h->self); }
static void host_role_changed(kvr_host* h, uint32_t role, const char* text, uint64_t size) {
  h->role_changed(h->self, role, text, size);
}
static uint32_t host_can_checkpoint(kvr_host* h) { return h->can_checkpoint(h->self); }
static int32_t host_checkpoint_open(kvr_host* h, uint64_t* id, kvr_position* at, kvr_buffer* manifest, kvr_error* e) {
  return h->checkpoint_open(h->self, id, at, manifest, e);
}
static int32_t host_checkpoint_read(kvr_host* h, uint64_t id, const char* file, uint64_t file_size, uint64_t offset,
                                    char* buffer, uint64_t capacity, uint64_t* count, kvr_error* e) {
  return h->checkpoint_read(h->self, id, file, file_size, offset, buffer, capacity, count, e);
}
static void host_checkpoint_close(kvr_host* h, uint64_t id) { h->checkpoint_close(h->self, id); }
static int32_t host_install_begin(kvr_host* h, const char* manifest, uint64_t size, uint64_t* id, kvr_error* e) {
  return h->install_begin(h->self, manifest, size, id, e);
}
static int32_t host_install_wanted(kvr_host* h, uint64_t id, kvr_buffer* wanted, kvr_error* e) {
  return h->install_wanted(h->self, id, wanted, e);
}
static int32_t host_install_write(kvr_host* h, uint64_t id, const char* file, uint64_t file_size, uint64_t offset,
                                  const char* bytes, uint64_t size, kvr_error* e) {
  return h->install_write(h->self, id, file, file_size, offset, bytes, size, e);
}
static int32_t host_install_commit(kvr_host* h, uint64_t id, kvr_error* e) { return h->install_commit(h->self, id, e); }
static void host_install_abort(kvr_host* h, uint64_t id) { h->install_abort(h->self, id); }
*/
import "C"

import (
	"unsafe"

	"kvhost/raftnode"
)

// cHost is the plugin as raftnode sees it.
type cHost struct{ host *C.kvr_host }

var _ raftnode.Host = (*cHost)(nil)

// lend gives C the bytes for the time of a call; they hold no pointers.
func lend(bytes []byte) (*C.char, C.uint64_t) {
	if len(bytes) == 0 {
		return nil, 0
	}
	return (*C.char)(unsafe.Pointer(&bytes[0])), C.uint64_t(len(bytes))
}

func told(e *C.kvr_error) error {
	return &raftnode.Error{Code: int(e.code), Text: C.GoStringN(&e.text[0], C.int(e.text_size))}
}

func (h *cHost) Log(level int, text string) {
	data, size := lend([]byte(text))
	C.host_log(h.host, C.uint32_t(level), data, size)
}

func (h *cHost) Fatal(text string) {
	data, size := lend([]byte(text))
	C.host_fatal(h.host, data, size)
}

func (h *cHost) TakeProposals() []byte {
	need := C.host_waiting_proposals(h.host)
	if need == 0 {
		return nil
	}
	buffer := make([]byte, uint64(need))
	data, size := lend(buffer)
	return buffer[:uint64(C.host_take_proposals(h.host, data, size))]
}

func (h *cHost) FinishProposal(seq uint64, code int, text string) {
	data, size := lend([]byte(text))
	C.host_finish_proposal(h.host, C.uint64_t(seq), C.int32_t(code), data, size)
}

func (h *cHost) TakeReads(leaderLevel bool) uint64 {
	leader := C.uint32_t(0)
	if leaderLevel {
		leader = 1
	}
	return uint64(C.host_take_reads(h.host, leader))
}

func (h *cHost) ReadsReady(batch, index uint64) {
	C.host_reads_ready(h.host, C.uint64_t(batch), C.uint64_t(index))
}

func (h *cHost) ReadsFailed(batch uint64, code int, text string) {
	data, size := lend([]byte(text))
	C.host_reads_failed(h.host, C.uint64_t(batch), C.int32_t(code), data, size)
}

func (h *cHost) ExpireReads() []uint64 {
	var batches [64]C.uint64_t
	count := int(C.host_expire_reads(h.host, &batches[0], C.uint64_t(len(batches))))
	empty := make([]uint64, 0, count)
	for i := 0; i < count; i++ {
		empty = append(empty, uint64(batches[i]))
	}
	return empty
}

func (h *cHost) Apply(incarnation, term, first uint64, count int, frames []byte) error {
	data, size := lend(frames)
	var e C.kvr_error
	at := C.kvr_position{incarnation: C.uint64_t(incarnation), term: C.uint64_t(term), index: C.uint64_t(first)}
	if C.host_apply(h.host, at, C.uint64_t(count), data, size, &e) != 0 {
		return told(&e)
	}
	return nil
}

func (h *cHost) AppliedTo(index uint64) { C.host_applied_to(h.host, C.uint64_t(index)) }

func position(at *C.kvr_position) raftnode.Position {
	return raftnode.Position{Incarnation: uint64(at.incarnation), Term: uint64(at.term), Index: uint64(at.index)}
}

func (h *cHost) Applied() raftnode.Position {
	var at C.kvr_position
	C.host_applied(h.host, &at)
	return position(&at)
}

func (h *cHost) Durable() raftnode.Position {
	var at C.kvr_position
	C.host_durable(h.host, &at)
	return position(&at)
}

func (h *cHost) HasData() bool { return C.host_has_data(h.host) != 0 }
func (h *cHost) NowMs() uint64 { return uint64(C.host_now_ms(h.host)) }

func (h *cHost) RoleChanged(role int, leaderAdvertise string) {
	data, size := lend([]byte(leaderAdvertise))
	C.host_role_changed(h.host, C.uint32_t(role), data, size)
}

func (h *cHost) CanCheckpoint() bool { return C.host_can_checkpoint(h.host) != 0 }

func (h *cHost) CheckpointOpen() (uint64, raftnode.Position, []byte, error) {
	var id C.uint64_t
	var at C.kvr_position
	var manifest C.kvr_buffer
	var e C.kvr_error
	if C.host_checkpoint_open(h.host, &id, &at, &manifest, &e) != 0 {
		return 0, raftnode.Position{}, nil, told(&e)
	}
	defer C.free(unsafe.Pointer(manifest.data))
	return uint64(id), position(&at), bytesOf(manifest.data, manifest.size), nil
}

func (h *cHost) CheckpointRead(id uint64, file string, offset uint64, buffer []byte) (int, error) {
	name, nameSize := lend([]byte(file))
	into, room := lend(buffer)
	var count C.uint64_t
	var e C.kvr_error
	if C.host_checkpoint_read(h.host, C.uint64_t(id), name, nameSize, C.uint64_t(offset), into, room, &count, &e) != 0 {
		return 0, told(&e)
	}
	return int(count), nil
}

func (h *cHost) CheckpointClose(id uint64) { C.host_checkpoint_close(h.host, C.uint64_t(id)) }

func (h *cHost) InstallBegin(manifest []byte) (uint64, error) {
	data, size := lend(manifest)
	var id C.uint64_t
	var e C.kvr_error
	if C.host_install_begin(h.host, data, size, &id, &e) != 0 {
		return 0, told(&e)
	}
	return uint64(id), nil
}

func (h *cHost) InstallWanted(id uint64) ([]byte, error) {
	var wanted C.kvr_buffer
	var e C.kvr_error
	if C.host_install_wanted(h.host, C.uint64_t(id), &wanted, &e) != 0 {
		return nil, told(&e)
	}
	if wanted.data == nil {
		return nil, nil
	}
	defer C.free(unsafe.Pointer(wanted.data))
	return bytesOf(wanted.data, wanted.size), nil
}

func (h *cHost) InstallWrite(id uint64, file string, offset uint64, bytes []byte) error {
	name, nameSize := lend([]byte(file))
	data, size := lend(bytes)
	var e C.kvr_error
	if C.host_install_write(h.host, C.uint64_t(id), name, nameSize, C.uint64_t(offset), data, size, &e) != 0 {
		return told(&e)
	}
	return nil
}

func (h *cHost) InstallCommit(id uint64) error {
	var e C.kvr_error
	if C.host_install_commit(h.host, C.uint64_t(id), &e) != 0 {
		return told(&e)
	}
	return nil
}

func (h *cHost) InstallAbort(id uint64) { C.host_install_abort(h.host, C.uint64_t(id)) }
