/* The one table of status codes. Code, documents and every protocol read it from here.
 *
 * A code's number and name never change once released; new codes are appended. The columns:
 *   number, NAME, text name, retryable, HTTP status, RESP prefix, kvctl exit, kvhost exit, meaning, remedy
 *
 *   retryable     1: the same request may be sent again as it is and may then succeed
 *   HTTP status   only 4xx, 503 and 507 promise that a write had no effect
 *   kvhost exit   the process's exit code when this stops it from starting
 *
 * Reference page: docs/reference/errors.md (generated).
 */
#ifndef KVHOST_ABI_STATUS_H
#define KVHOST_ABI_STATUS_H

#include <stdint.h>

/* clang-format off */
#define KVH_STATUS_TABLE(X) \
  X( 0, OK,                  "ok",                  0, 200, "OK",         0,  0, "The request was carried out.", "Nothing to do.") \
  X( 1, KEY_ABSENT,          "key-absent",          0, 404, "ERR",        3,  1, "The key does not exist or has expired.", "Check the key; an expired key is absent from that moment.") \
  X( 2, INVALID_ARGUMENT,    "invalid-argument",    0, 400, "ERR",        1, 64, "A part of the request is malformed or out of bounds.", "Correct the part that the detail names.") \
  X( 3, CONDITION_FAILED,    "condition-failed",    0, 412, "ERR",        6,  1, "A condition of the batch did not hold; nothing was written.", "Read the key again and decide anew.") \
  X( 4, NOT_A_NUMBER,        "not-a-number",        0, 409, "ERR",        1,  1, "The stored value is no 64-bit decimal integer, or the sum would overflow.", "Increment only keys that hold integers.") \
  X( 5, TOO_LARGE,           "too-large",           0, 413, "ERR",        1,  1, "A key, value or request is larger than this node accepts.", "Send less, or raise [engine] max_key_size or max_value_size.") \
  X( 6, UNAUTHENTICATED,     "unauthenticated",     0, 401, "NOAUTH",     1,  1, "The request needs valid credentials.", "Authenticate first.") \
  X( 7, FORBIDDEN,           "forbidden",           0, 403, "NOPERM",     1,  1, "The caller may not do this.", "Ask the operator for the right.") \
  X( 8, NOT_SUPPORTED,       "not-supported",       0, 400, "ERR",        1, 78, "This node, plugin or version cannot do what was asked.", "See the detail for what can be used instead.") \
  X( 9, UNKNOWN_ROUTE,       "unknown-route",       0, 404, "ERR",        1,  1, "No such route or command.", "See the protocol's documentation for the names it knows.") \
  X(10, METHOD_NOT_ALLOWED,  "method-not-allowed",  0, 405, "ERR",        1,  1, "The route exists, but not for this method.", "Use one of the methods that the Allow header lists.") \
  X(11, REQUEST_TIMEOUT,     "request-timeout",     1, 408, "ERR",        4,  1, "The client was too slow in sending its request; nothing was executed.", "Send the request faster.") \
  X(12, CONFLICT,            "conflict",            0, 409, "ERR",        1,  1, "The thing to be made exists already, or another one is under way.", "Choose another name, or wait.") \
  X(13, COMPACTED,           "compacted",           0, 410, "ERR",        1,  1, "The requested part of the history is gone.", "Start again from a fresh scan.") \
  X(14, URI_TOO_LONG,        "uri-too-long",        0, 414, "ERR",        1,  1, "The request line is longer than a percent-encoded largest key.", "Use a shorter key.") \
  X(15, OVERLOADED,          "overloaded",          1, 429, "ERR",        1,  1, "A limit on concurrent work was reached; nothing was executed.", "Retry after a pause, with fewer requests in flight.") \
  X(16, HEADERS_TOO_LARGE,   "headers-too-large",   0, 431, "ERR",        1,  1, "The request's headers are larger than this node accepts.", "Send fewer or shorter headers.") \
  X(17, NOT_LEADER,          "not-leader",          1, 503, "READONLY",   7,  1, "This node is not the leader and does not forward; nothing was executed.", "Send the request to the leader that the detail names.") \
  X(18, NO_QUORUM,           "no-quorum",           1, 503, "NOREPLICAS", 7,  1, "Too few nodes can be reached; nothing was executed.", "Restore the connection to a majority of nodes.") \
  X(19, STALLED,             "stalled",             1, 503, "ERR",        1,  1, "Writes are held back until compaction has caught up; nothing was executed.", "Retry after a pause; see the status for the compaction debt.") \
  X(20, STARTING,            "starting",            1, 503, "LOADING",    2,  1, "The node is not ready yet; nothing was executed.", "Retry after a pause.") \
  X(21, DRAINING,            "draining",            1, 503, "ERR",        2,  1, "The node is shutting down; nothing was executed.", "Send the request to another node.") \
  X(22, OUTCOME_UNKNOWN,     "outcome-unknown",     0, 504, "TIMEOUT",    4,  1, "The deadline passed while the write was under way; it may or may not take effect.", "Read the key, or retry with the same request id.") \
  X(23, DEADLINE_EXCEEDED,   "deadline-exceeded",   1, 503, "TIMEOUT",    4,  1, "The deadline passed before the request was executed; it had no effect.", "Retry, with a longer deadline if this repeats.") \
  X(24, NO_SPACE,            "no-space",            1, 507, "OOM",        5, 74, "The disk is full; writes are refused, reads go on.", "Free space on the data directory's file system; writes resume by themselves.") \
  X(25, IO_ERROR,            "io-error",            0, 500, "ERR",        5, 74, "The operating system reported a failed read, write or sync.", "Check the disk and the kernel log.") \
  X(26, CORRUPTION,          "corruption",          0, 500, "ERR",        5, 65, "Stored bytes are damaged.", "Restore the named file from a backup or another node, or run: kvctl repair DATA_DIR") \
  X(27, READ_ONLY,           "read-only",           0, 503, "MISCONF",    5,  1, "Writes are refused after an earlier failure; nothing was executed.", "Mend the cause that the detail names, then run: kvctl resume") \
  X(28, CANCELLED,           "cancelled",           0, 503, "ERR",        1,  1, "The caller withdrew the request before it was executed.", "Nothing to do.") \
  X(29, OUT_OF_MEMORY,       "out-of-memory",       1, 503, "OOM",        1, 71, "Memory for this request could not be had; nothing was executed.", "Send smaller requests, or give the node more memory.") \
  X(30, CONFIG_ERROR,        "config-error",        0, 400, "ERR",        1, 78, "The configuration is wrong.", "Correct the file at the place named.") \
  X(31, PLUGIN_ERROR,        "plugin-error",        0, 500, "ERR",        1, 70, "A plugin failed.", "See the node's log for the plugin's own words.") \
  X(32, PLUGIN_INCOMPATIBLE, "plugin-incompatible", 0, 400, "ERR",        1, 78, "A plugin cannot be loaded by this host.", "Use a plugin built for what this host offers.") \
  X(33, ADDRESS_IN_USE,      "address-in-use",      0, 400, "ERR",        1, 69, "The address to listen on is taken.", "Stop the other program, or choose another address (port 0 picks a free one).") \
  X(34, LOCKED,              "locked",              0, 409, "ERR",        1, 75, "The data directory is in use by another process.", "Stop the other process, or use another data_dir.") \
  X(35, FORMAT_UNSUPPORTED,  "format-unsupported",  0, 400, "ERR",        1, 65, "A file has a format version that this program does not know.", "Open it with the program version that wrote it.") \
  X(36, CONNECTION_FAILED,   "connection-failed",   1, 503, "ERR",        2,  1, "The node could not be reached; nothing was sent.", "Check that the node runs and the endpoint is right.") \
  X(37, PROTOCOL_ERROR,      "protocol-error",      0, 400, "ERR",        1,  1, "Bytes on the connection do not follow the protocol.", "Check that client and server speak the same protocol and version.") \
  X(38, INTERNAL,            "internal",            0, 500, "ERR",        1, 70, "A fault in the program itself.", "Report it with the node's log.")
/* clang-format on */

enum {
#define KVH_STATUS_ENUM(number, NAME, text, retryable, http, resp, ctl_exit, host_exit, meaning, \
                        remedy)                                                                  \
  KVH_##NAME = number,
  KVH_STATUS_TABLE(KVH_STATUS_ENUM)
#undef KVH_STATUS_ENUM
};

#endif /* KVHOST_ABI_STATUS_H */
