// Every command's handler; the table (table.cpp) says which words belong to which.
//
// Threads:   any; functions without state.
// Errors:    the reply has them.
#pragma once

#include <optional>

#include "command/command.hpp"
#include "command/key_view.hpp"

namespace kvhost::resp {

// ---- values: string_commands.cpp, set_command.cpp
void run_get(Arguments, KeyView&, ReplyWriter&);
void run_set(Arguments, KeyView&, ReplyWriter&);
void run_setnx(Arguments, KeyView&, ReplyWriter&);
void run_setex(Arguments, KeyView&, ReplyWriter&);
void run_getset(Arguments, KeyView&, ReplyWriter&);
void run_getdel(Arguments, KeyView&, ReplyWriter&);
void run_getex(Arguments, KeyView&, ReplyWriter&);
void run_mget(Arguments, KeyView&, ReplyWriter&);
void run_mset(Arguments, KeyView&, ReplyWriter&);
void run_msetnx(Arguments, KeyView&, ReplyWriter&);
void run_append(Arguments, KeyView&, ReplyWriter&);
void run_strlen(Arguments, KeyView&, ReplyWriter&);
void run_getrange(Arguments, KeyView&, ReplyWriter&);
void run_setrange(Arguments, KeyView&, ReplyWriter&);
void run_lcs(Arguments, KeyView&, ReplyWriter&);
bool direct_set(Arguments, std::vector<kvh_op>&, DirectReply&);
bool direct_setnx(Arguments, std::vector<kvh_op>&, DirectReply&);
bool direct_setex(Arguments, std::vector<kvh_op>&, DirectReply&);
bool direct_mset(Arguments, std::vector<kvh_op>&, DirectReply&);

// ---- counters: counter_commands.cpp
void run_incr(Arguments, KeyView&, ReplyWriter&);
void run_incrbyfloat(Arguments, KeyView&, ReplyWriter&);
bool direct_incr(Arguments, std::vector<kvh_op>&, DirectReply&);

// ---- bits: bit_commands.cpp, bit_search.cpp, bitfield.cpp
void run_setbit(Arguments, KeyView&, ReplyWriter&);
void run_getbit(Arguments, KeyView&, ReplyWriter&);
void run_bitcount(Arguments, KeyView&, ReplyWriter&);
void run_bitpos(Arguments, KeyView&, ReplyWriter&);
void run_bitop(Arguments, KeyView&, ReplyWriter&);
void run_bitfield(Arguments, KeyView&, ReplyWriter&);
void run_bitfield_ro(Arguments, KeyView&, ReplyWriter&);

// ---- keys: key_commands.cpp, expire_commands.cpp, object_commands.cpp
void run_del(Arguments, KeyView&, ReplyWriter&);
void run_exists(Arguments, KeyView&, ReplyWriter&);
void run_type(Arguments, KeyView&, ReplyWriter&);
void run_rename(Arguments, KeyView&, ReplyWriter&);
void run_copy(Arguments, KeyView&, ReplyWriter&);
void run_move(Arguments, KeyView&, ReplyWriter&);
void run_flushdb(Arguments, KeyView&, ReplyWriter&);
void run_flushall(Arguments, KeyView&, ReplyWriter&);
bool direct_del(Arguments, std::vector<kvh_op>&, DirectReply&);
bool direct_flushdb(Arguments, std::vector<kvh_op>&, DirectReply&);
bool direct_flushall(Arguments, std::vector<kvh_op>&, DirectReply&);
void run_expire(Arguments, KeyView&, ReplyWriter&);
void run_ttl(Arguments, KeyView&, ReplyWriter&);
void run_persist(Arguments, KeyView&, ReplyWriter&);
void run_object(Arguments, KeyView&, ReplyWriter&);
void run_memory_usage(Arguments, KeyView&, ReplyWriter&);
void run_debug_object(Arguments, KeyView&, ReplyWriter&);
// COPY and MOVE: the key that lies in another database, if they name one.
struct OtherKey {
  uint32_t space = 0;
  std::string_view key;
};
std::optional<OtherKey> other_key(const Command& command, Arguments arguments);

}  // namespace kvhost::resp
