// The raft core as a library with a C interface (raft_core.h). Everything of substance is in
// kvhost/raftnode; here calls are translated, and nothing is kept of the other side's memory.
package main

/*
#cgo CFLAGS: -I${SRCDIR}/../../../..
#include <stdlib.h>
#include <string.h>
#include "raft_core.h"
*/
import "C"

import (
	"fmt"
	"runtime/debug"
	"sync"
	"time"
	"unsafe"

	"kvhost/raftnode"
)

func main() {}

var (
	nodesMu  sync.Mutex
	nodes    = map[uint64]*raftnode.Node{}
	nextNode uint64
)

func nodeOf(handle C.uint64_t) *raftnode.Node {
	nodesMu.Lock()
	defer nodesMu.Unlock()
	return nodes[uint64(handle)]
}

// failed fills a kvr_error.
func failed(out *C.kvr_error, err error) C.int32_t {
	known, ok := err.(*raftnode.Error)
	if !ok {
		known = &raftnode.Error{Code: raftnode.CodeInternal, Text: err.Error()}
	}
	text := known.Text
	if len(text) > len(out.text) {
		text = text[:len(out.text)]
	}
	out.code = C.int32_t(known.Code)
	out.text_size = C.uint32_t(len(text))
	for i := 0; i < len(text); i++ {
		out.text[i] = C.char(text[i])
	}
	return out.code
}

// guarded turns a panic on a caller's thread into words.
func guarded(what string, out *C.kvr_error, code *C.int32_t) {
	if cause := recover(); cause != nil {
		err := fmt.Errorf("the raft core panicked in %s: %v\n%s", what, cause, debug.Stack())
		*code = failed(out, err)
	}
}

func bytesOf(data *C.char, size C.uint64_t) []byte {
	return C.GoBytes(unsafe.Pointer(data), C.int(size))
}

func fill(out *C.kvr_buffer, text []byte) {
	out.data, out.size = (*C.char)(C.CBytes(text)), C.uint64_t(len(text))
}

//export kvr_create
func kvr_create(host *C.kvr_host, config *C.char, size C.uint64_t, out *C.kvr_error) (handle C.uint64_t) {
	var code C.int32_t
	defer guarded("create", out, &code)
	node, err := raftnode.New(bytesOf(config, size), &cHost{host})
	if err != nil {
		failed(out, err)
		return 0
	}
	nodesMu.Lock()
	defer nodesMu.Unlock()
	nextNode++
	nodes[nextNode] = node
	return C.uint64_t(nextNode)
}

//export kvr_start
func kvr_start(handle C.uint64_t, out *C.kvr_error) (code C.int32_t) {
	defer guarded("start", out, &code)
	if err := nodeOf(handle).Start(); err != nil {
		return failed(out, err)
	}
	return 0
}

//export kvr_wake
func kvr_wake(handle C.uint64_t) { nodeOf(handle).Wake() }

//export kvr_stop
func kvr_stop(handle C.uint64_t) { nodeOf(handle).Stop() }

//export kvr_destroy
func kvr_destroy(handle C.uint64_t) {
	nodesMu.Lock()
	defer nodesMu.Unlock()
	delete(nodes, uint64(handle))
}

//export kvr_status
func kvr_status(handle C.uint64_t, out *C.kvr_buffer) { fill(out, nodeOf(handle).Status()) }

//export kvr_command
func kvr_command(handle C.uint64_t, name *C.char, nameSize C.uint64_t, arguments *C.char, argumentsSize C.uint64_t,
	patience C.uint64_t, out *C.kvr_buffer, e *C.kvr_error) (code C.int32_t) {
	defer guarded("command", e, &code)
	answer, err := nodeOf(handle).Command(string(bytesOf(name, nameSize)), bytesOf(arguments, argumentsSize),
		time.Duration(patience))
	if err != nil {
		return failed(e, err)
	}
	fill(out, answer)
	return 0
}
