// The commands that concern the connection and the server; the table says which words are whose.
//
// Threads:   the session's.
#pragma once

#include "command/command.hpp"

namespace kvhost::resp {

// ---- connection_commands.cpp
void session_hello(Session&, Arguments, ReplyWriter&);
void session_auth(Session&, Arguments, ReplyWriter&);
void session_ping(Session&, Arguments, ReplyWriter&);
void session_echo(Session&, Arguments, ReplyWriter&);
void session_select(Session&, Arguments, ReplyWriter&);
void session_quit(Session&, Arguments, ReplyWriter&);
void session_reset(Session&, Arguments, ReplyWriter&);

// ---- client_commands.cpp
void session_client_getname(Session&, Arguments, ReplyWriter&);
void session_client_id(Session&, Arguments, ReplyWriter&);
void session_client_info(Session&, Arguments, ReplyWriter&);
void session_client_kill(Session&, Arguments, ReplyWriter&);
void session_client_list(Session&, Arguments, ReplyWriter&);
void session_client_no_evict(Session&, Arguments, ReplyWriter&);
void session_client_reply(Session&, Arguments, ReplyWriter&);
void session_client_setinfo(Session&, Arguments, ReplyWriter&);
void session_client_setname(Session&, Arguments, ReplyWriter&);

// ---- command_commands.cpp
void session_command(Session&, Arguments, ReplyWriter&);
void session_command_count(Session&, Arguments, ReplyWriter&);
void session_command_docs(Session&, Arguments, ReplyWriter&);
void session_command_getkeys(Session&, Arguments, ReplyWriter&);
void session_command_info(Session&, Arguments, ReplyWriter&);
void session_command_list(Session&, Arguments, ReplyWriter&);

// ---- config_commands.cpp
void session_config_get(Session&, Arguments, ReplyWriter&);
void session_config_set(Session&, Arguments, ReplyWriter&);
void session_config_resetstat(Session&, Arguments, ReplyWriter&);

// ---- server_commands.cpp
void session_help(Session&, Arguments, ReplyWriter&);
void session_function_flush(Session&, Arguments, ReplyWriter&);
void session_monitor(Session&, Arguments, ReplyWriter&);
void session_role(Session&, Arguments, ReplyWriter&);
void session_shutdown(Session&, Arguments, ReplyWriter&);
void session_slowlog_get(Session&, Arguments, ReplyWriter&);
void session_slowlog_len(Session&, Arguments, ReplyWriter&);
void session_slowlog_reset(Session&, Arguments, ReplyWriter&);
void session_time(Session&, Arguments, ReplyWriter&);

// ---- watch_flight.cpp
void start_watch(Session&, const Command&, Arguments);

// ---- timed_commands.cpp
// DEBUG and WAIT.
void start_timed(Session&, const Command&, Arguments);
// A command that is none of keys, inside of a transaction: what would wait answers at once.
void run_in_transaction(Session&, const Command&, Arguments, ReplyWriter&);
// The database that is chosen after the command.
uint32_t database_after(const Command&, Arguments, uint32_t database);

}  // namespace kvhost::resp
