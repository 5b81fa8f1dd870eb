/* The place of every slot of every table, frozen. A line that fails says that an old plugin would read
 * the wrong slot: append at the end instead, or make a new interface id. A new slot gets a new line;
 * no line is ever changed. 64-bit targets. */
#include "kvhost/abi/types.h"
#include "kvhost/abi/host.h"
#include "kvhost/abi/plugin.h"
#include "kvhost/abi/store.h"
#include "kvhost/abi/transport.h"
#include "kvhost/abi/journal.h"
#include "kvhost/abi/replication.h"
#include "kvhost/abi/compaction.h"
#include "kvhost/abi/metrics.h"

#define FROZEN(type, member, place) \
  _Static_assert(offsetof(type, member) == (place), #type "." #member " has moved")

FROZEN(kvh_bytes, data, 0);
FROZEN(kvh_bytes, size, 8);

FROZEN(kvh_error, size, 0);
FROZEN(kvh_error, code, 4);
FROZEN(kvh_error, text_size, 8);
FROZEN(kvh_error, reserved, 12);
FROZEN(kvh_error, text, 16);

FROZEN(kvh_done, fn, 0);
FROZEN(kvh_done, ctx, 8);

FROZEN(kvh_bytes_sink, fn, 0);
FROZEN(kvh_bytes_sink, ctx, 8);

FROZEN(kvh_call, size, 0);
FROZEN(kvh_call, space, 4);
FROZEN(kvh_call, read_level, 8);
FROZEN(kvh_call, flags, 12);
FROZEN(kvh_call, session, 16);
FROZEN(kvh_call, deadline_ns, 24);
FROZEN(kvh_call, token, 32);
FROZEN(kvh_call, snapshot, 40);
FROZEN(kvh_call, request_id, 48);
FROZEN(kvh_call, trace, 64);

FROZEN(kvh_host, size, 0);
FROZEN(kvh_host, abi_major, 4);
FROZEN(kvh_host, abi_minor, 8);
FROZEN(kvh_host, reserved, 12);
FROZEN(kvh_host, self, 16);
FROZEN(kvh_host, service, 24);

FROZEN(kvh_log, size, 0);
FROZEN(kvh_log, reserved, 4);
FROZEN(kvh_log, self, 8);
FROZEN(kvh_log, enabled, 16);
FROZEN(kvh_log, write, 24);

FROZEN(kvh_value, size, 0);
FROZEN(kvh_value, type, 4);
FROZEN(kvh_value, line, 8);
FROZEN(kvh_value, is_set, 12);
FROZEN(kvh_value, integer, 16);
FROZEN(kvh_value, number, 24);
FROZEN(kvh_value, string, 32);

FROZEN(kvh_config, size, 0);
FROZEN(kvh_config, reserved, 4);
FROZEN(kvh_config, self, 8);
FROZEN(kvh_config, get, 16);
FROZEN(kvh_config, fail, 24);

FROZEN(kvh_node, size, 0);
FROZEN(kvh_node, io_threads, 4);
FROZEN(kvh_node, node_id, 8);
FROZEN(kvh_node, host_version, 24);
FROZEN(kvh_node, data_dir, 40);
FROZEN(kvh_node, max_key_bytes, 56);
FROZEN(kvh_node, max_value_bytes, 64);
FROZEN(kvh_node, max_batch_bytes, 72);
FROZEN(kvh_node, request_timeout_ns, 80);
FROZEN(kvh_node, allow_insecure, 88);
FROZEN(kvh_node, reserved, 92);

FROZEN(kvh_timer, size, 0);
FROZEN(kvh_timer, reserved, 4);
FROZEN(kvh_timer, self, 8);
FROZEN(kvh_timer, after, 16);
FROZEN(kvh_timer, cancel, 24);

FROZEN(kvh_executor, size, 0);
FROZEN(kvh_executor, reserved, 4);
FROZEN(kvh_executor, self, 8);
FROZEN(kvh_executor, post, 16);

FROZEN(kvh_family_info, size, 0);
FROZEN(kvh_family_info, type, 4);
FROZEN(kvh_family_info, name, 8);
FROZEN(kvh_family_info, help, 24);
FROZEN(kvh_family_info, label_names, 40);
FROZEN(kvh_family_info, label_count, 48);
FROZEN(kvh_family_info, buckets, 56);
FROZEN(kvh_family_info, bucket_count, 64);

FROZEN(kvh_metrics, size, 0);
FROZEN(kvh_metrics, reserved, 4);
FROZEN(kvh_metrics, self, 8);
FROZEN(kvh_metrics, family, 16);
FROZEN(kvh_metrics, series, 24);
FROZEN(kvh_metrics, add, 32);
FROZEN(kvh_metrics, set, 40);
FROZEN(kvh_metrics, observe, 48);
FROZEN(kvh_metrics, retire, 56);

FROZEN(kvh_option, size, 0);
FROZEN(kvh_option, type, 4);
FROZEN(kvh_option, flags, 8);
FROZEN(kvh_option, reserved, 12);
FROZEN(kvh_option, path, 16);
FROZEN(kvh_option, unit, 32);
FROZEN(kvh_option, default_value, 48);
FROZEN(kvh_option, min, 64);
FROZEN(kvh_option, max, 80);
FROZEN(kvh_option, choices, 96);
FROZEN(kvh_option, choice_count, 104);
FROZEN(kvh_option, doc, 112);
FROZEN(kvh_option, nested, 128);
FROZEN(kvh_option, nested_count, 136);
FROZEN(kvh_option, nested_stride, 144);

FROZEN(kvh_component, size, 0);
FROZEN(kvh_component, flags, 4);
FROZEN(kvh_component, kind, 8);
FROZEN(kvh_component, name, 24);
FROZEN(kvh_component, doc, 40);
FROZEN(kvh_component, options, 56);
FROZEN(kvh_component, option_count, 64);
FROZEN(kvh_component, option_stride, 72);
FROZEN(kvh_component, table, 80);
FROZEN(kvh_component, create, 88);
FROZEN(kvh_component, destroy, 96);
FROZEN(kvh_component, start, 104);
FROZEN(kvh_component, drain, 112);
FROZEN(kvh_component, stop, 120);
FROZEN(kvh_component, reconfigure, 128);

FROZEN(kvh_plugin, size, 0);
FROZEN(kvh_plugin, abi_major, 4);
FROZEN(kvh_plugin, abi_minor_required, 8);
FROZEN(kvh_plugin, reserved, 12);
FROZEN(kvh_plugin, id, 16);
FROZEN(kvh_plugin, name, 32);
FROZEN(kvh_plugin, version, 48);
FROZEN(kvh_plugin, vendor, 64);
FROZEN(kvh_plugin, license, 80);
FROZEN(kvh_plugin, components, 96);
FROZEN(kvh_plugin, component_count, 104);
FROZEN(kvh_plugin, component_stride, 112);

FROZEN(kvh_entry, size, 0);
FROZEN(kvh_entry, lookup, 4);
FROZEN(kvh_entry, key, 8);
FROZEN(kvh_entry, value, 24);
FROZEN(kvh_entry, version, 40);
FROZEN(kvh_entry, expires_at_ms, 48);
FROZEN(kvh_entry, ttl_ms, 56);

FROZEN(kvh_entry_sink, fn, 0);
FROZEN(kvh_entry_sink, ctx, 8);

FROZEN(kvh_op, type, 0);
FROZEN(kvh_op, flags, 4);
FROZEN(kvh_op, key, 8);
FROZEN(kvh_op, value, 24);
FROZEN(kvh_op, ttl_ms, 40);
FROZEN(kvh_op, expires_at_ms, 48);
FROZEN(kvh_op, by, 56);

FROZEN(kvh_condition, type, 0);
FROZEN(kvh_condition, reserved, 4);
FROZEN(kvh_condition, key, 8);
FROZEN(kvh_condition, version, 24);
FROZEN(kvh_condition, value, 32);

FROZEN(kvh_op_result, existed, 0);
FROZEN(kvh_op_result, reserved, 4);
FROZEN(kvh_op_result, number, 8);
FROZEN(kvh_op_result, version, 16);

FROZEN(kvh_failed_condition, index, 0);
FROZEN(kvh_failed_condition, current_version, 8);

FROZEN(kvh_result, size, 0);
FROZEN(kvh_result, reserved, 4);
FROZEN(kvh_result, version, 8);
FROZEN(kvh_result, index, 16);
FROZEN(kvh_result, now_ms, 24);
FROZEN(kvh_result, items, 32);
FROZEN(kvh_result, item_count, 40);
FROZEN(kvh_result, item_stride, 48);
FROZEN(kvh_result, failed, 56);
FROZEN(kvh_result, failed_count, 64);
FROZEN(kvh_result, failed_stride, 72);

FROZEN(kvh_result_sink, fn, 0);
FROZEN(kvh_result_sink, ctx, 8);

FROZEN(kvh_range, size, 0);
FROZEN(kvh_range, flags, 4);
FROZEN(kvh_range, start, 8);
FROZEN(kvh_range, end, 24);

FROZEN(kvh_session_info, size, 0);
FROZEN(kvh_session_info, reserved, 4);
FROZEN(kvh_session_info, transport, 8);
FROZEN(kvh_session_info, peer, 24);

FROZEN(kvh_watch_event, size, 0);
FROZEN(kvh_watch_event, type, 4);
FROZEN(kvh_watch_event, key, 8);
FROZEN(kvh_watch_event, value, 24);
FROZEN(kvh_watch_event, version, 40);

FROZEN(kvh_watch_sink, fn, 0);
FROZEN(kvh_watch_sink, ctx, 8);

FROZEN(kvh_store, size, 0);
FROZEN(kvh_store, reserved, 4);
FROZEN(kvh_store, self, 8);
FROZEN(kvh_store, session_open, 16);
FROZEN(kvh_store, session_close, 24);
FROZEN(kvh_store, authenticate, 32);
FROZEN(kvh_store, read, 40);
FROZEN(kvh_store, write, 48);
FROZEN(kvh_store, snapshot_open, 56);
FROZEN(kvh_store, snapshot_close, 64);
FROZEN(kvh_store, cursor_open, 72);
FROZEN(kvh_store, cursor_next, 80);
FROZEN(kvh_store, cursor_close, 88);
FROZEN(kvh_store, watch_open, 96);
FROZEN(kvh_store, watch_credit, 104);
FROZEN(kvh_store, watch_close, 112);
FROZEN(kvh_store, command, 120);
FROZEN(kvh_store, info, 128);
FROZEN(kvh_store, cancel, 136);

FROZEN(kvh_transport, size, 0);
FROZEN(kvh_transport, reserved, 4);
FROZEN(kvh_transport, addresses, 8);
FROZEN(kvh_transport, info, 16);

FROZEN(kvh_journal_entry, index, 0);
FROZEN(kvh_journal_entry, term, 8);
FROZEN(kvh_journal_entry, payload, 16);

FROZEN(kvh_journal_sink, fn, 0);
FROZEN(kvh_journal_sink, ctx, 8);

FROZEN(kvh_journal, size, 0);
FROZEN(kvh_journal, reserved, 4);
FROZEN(kvh_journal, self, 8);
FROZEN(kvh_journal, open, 16);
FROZEN(kvh_journal, close, 24);
FROZEN(kvh_journal, append, 32);
FROZEN(kvh_journal, read, 40);
FROZEN(kvh_journal, truncate_before, 48);
FROZEN(kvh_journal, truncate_after, 56);
FROZEN(kvh_journal, put_meta, 64);
FROZEN(kvh_journal, get_meta, 72);
FROZEN(kvh_journal, bounds, 80);

FROZEN(kvh_ordered_batch, now_ms, 0);
FROZEN(kvh_ordered_batch, bytes, 8);

FROZEN(kvh_position, incarnation, 0);
FROZEN(kvh_position, term, 8);
FROZEN(kvh_position, index, 16);

FROZEN(kvh_results_sink, fn, 0);
FROZEN(kvh_results_sink, ctx, 8);

FROZEN(kvh_state_machine, size, 0);
FROZEN(kvh_state_machine, reserved, 4);
FROZEN(kvh_state_machine, self, 8);
FROZEN(kvh_state_machine, apply, 16);
FROZEN(kvh_state_machine, applied, 24);
FROZEN(kvh_state_machine, durable, 32);
FROZEN(kvh_state_machine, on_durable, 40);
FROZEN(kvh_state_machine, role_changed, 48);
FROZEN(kvh_state_machine, now_ms, 56);
FROZEN(kvh_state_machine, checkpoint_open, 64);
FROZEN(kvh_state_machine, checkpoint_read, 72);
FROZEN(kvh_state_machine, checkpoint_close, 80);
FROZEN(kvh_state_machine, install_begin, 88);
FROZEN(kvh_state_machine, install_write, 96);
FROZEN(kvh_state_machine, install_commit, 104);
FROZEN(kvh_state_machine, install_abort, 112);
FROZEN(kvh_state_machine, digest, 120);
FROZEN(kvh_state_machine, install_wanted, 128);
FROZEN(kvh_state_machine, last_version, 136);

FROZEN(kvh_barrier, size, 0);
FROZEN(kvh_barrier, reserved, 4);
FROZEN(kvh_barrier, index, 8);
FROZEN(kvh_barrier, now_ms, 16);

FROZEN(kvh_barrier_sink, fn, 0);
FROZEN(kvh_barrier_sink, ctx, 8);

FROZEN(kvh_replication, size, 0);
FROZEN(kvh_replication, reserved, 4);
FROZEN(kvh_replication, traits, 8);
FROZEN(kvh_replication, attach, 16);
FROZEN(kvh_replication, propose, 24);
FROZEN(kvh_replication, read_barrier, 32);
FROZEN(kvh_replication, leader_hint, 40);
FROZEN(kvh_replication, status, 48);
FROZEN(kvh_replication, command, 56);

FROZEN(kvh_file, id, 0);
FROZEN(kvh_file, identity, 8);
FROZEN(kvh_file, bytes, 24);
FROZEN(kvh_file, smallest_key, 32);
FROZEN(kvh_file, largest_key, 48);
FROZEN(kvh_file, min_sequence, 64);
FROZEN(kvh_file, max_sequence, 72);
FROZEN(kvh_file, entries, 80);
FROZEN(kvh_file, tombstones, 88);
FROZEN(kvh_file, range_deletes, 96);
FROZEN(kvh_file, ttl_entries, 104);
FROZEN(kvh_file, min_expires_at_ms, 112);
FROZEN(kvh_file, max_expires_at_ms, 120);
FROZEN(kvh_file, created_at_ms, 128);
FROZEN(kvh_file, estimated_garbage_bytes, 136);
FROZEN(kvh_file, read_touches, 144);
FROZEN(kvh_file, flags, 152);
FROZEN(kvh_file, reserved, 156);

FROZEN(kvh_run, id, 0);
FROZEN(kvh_run, level, 8);
FROZEN(kvh_run, reserved, 12);
FROZEN(kvh_run, bytes, 16);
FROZEN(kvh_run, files, 24);
FROZEN(kvh_run, file_count, 32);
FROZEN(kvh_run, file_stride, 40);

FROZEN(kvh_tree, size, 0);
FROZEN(kvh_tree, max_workers, 4);
FROZEN(kvh_tree, idle_workers, 8);
FROZEN(kvh_tree, reserved, 12);
FROZEN(kvh_tree, now_ms, 16);
FROZEN(kvh_tree, runs, 24);
FROZEN(kvh_tree, run_count, 32);
FROZEN(kvh_tree, run_stride, 40);
FROZEN(kvh_tree, snapshots, 48);
FROZEN(kvh_tree, snapshot_count, 56);
FROZEN(kvh_tree, last_sequence, 64);
FROZEN(kvh_tree, memtable_bytes, 72);
FROZEN(kvh_tree, write_bytes_per_s, 80);
FROZEN(kvh_tree, total_bytes, 88);
FROZEN(kvh_tree, free_bytes, 96);
FROZEN(kvh_tree, policy_state, 104);

FROZEN(kvh_event, type, 0);
FROZEN(kvh_event, reserved, 4);
FROZEN(kvh_event, file_id, 8);
FROZEN(kvh_event, start, 16);
FROZEN(kvh_event, end, 32);

FROZEN(kvh_job, size, 0);
FROZEN(kvh_job, type, 4);
FROZEN(kvh_job, inputs, 8);
FROZEN(kvh_job, input_count, 16);
FROZEN(kvh_job, clip_start, 24);
FROZEN(kvh_job, clip_end, 40);
FROZEN(kvh_job, target_level, 56);
FROZEN(kvh_job, priority, 60);
FROZEN(kvh_job, target_run, 64);
FROZEN(kvh_job, split_file_bytes, 72);
FROZEN(kvh_job, split_overlap_bytes, 80);
FROZEN(kvh_job, split_window_ms, 88);
FROZEN(kvh_job, codec, 96);
FROZEN(kvh_job, bits_per_key, 100);
FROZEN(kvh_job, blob_threshold, 104);
FROZEN(kvh_job, policy_state, 112);
FROZEN(kvh_job, reason, 128);

FROZEN(kvh_job_sink, fn, 0);
FROZEN(kvh_job_sink, ctx, 8);

FROZEN(kvh_pressure, size, 0);
FROZEN(kvh_pressure, reserved, 4);
FROZEN(kvh_pressure, pending_bytes, 8);
FROZEN(kvh_pressure, urgency, 16);

FROZEN(kvh_job_report, size, 0);
FROZEN(kvh_job_report, status, 4);
FROZEN(kvh_job_report, type, 8);
FROZEN(kvh_job_report, reserved, 12);
FROZEN(kvh_job_report, bytes_read, 16);
FROZEN(kvh_job_report, bytes_written, 24);
FROZEN(kvh_job_report, entries_in, 32);
FROZEN(kvh_job_report, entries_out, 40);
FROZEN(kvh_job_report, duration_ns, 48);
FROZEN(kvh_job_report, message, 56);

FROZEN(kvh_compaction, size, 0);
FROZEN(kvh_compaction, reserved, 4);
FROZEN(kvh_compaction, plan, 8);
FROZEN(kvh_compaction, pressure, 16);
FROZEN(kvh_compaction, job_done, 24);

FROZEN(kvh_sample, size, 0);
FROZEN(kvh_sample, reserved, 4);
FROZEN(kvh_sample, label_values, 8);
FROZEN(kvh_sample, value, 16);
FROZEN(kvh_sample, bucket_counts, 24);
FROZEN(kvh_sample, bucket_count, 32);
FROZEN(kvh_sample, count, 40);
FROZEN(kvh_sample, sum, 48);

FROZEN(kvh_family, size, 0);
FROZEN(kvh_family, reserved, 4);
FROZEN(kvh_family, info, 8);
FROZEN(kvh_family, samples, 80);
FROZEN(kvh_family, sample_count, 88);
FROZEN(kvh_family, sample_stride, 96);

FROZEN(kvh_family_sink, fn, 0);
FROZEN(kvh_family_sink, ctx, 8);

FROZEN(kvh_registry, size, 0);
FROZEN(kvh_registry, reserved, 4);
FROZEN(kvh_registry, self, 8);
FROZEN(kvh_registry, collect, 16);

FROZEN(kvh_exporter, size, 0);
FROZEN(kvh_exporter, reserved, 4);
FROZEN(kvh_exporter, attach, 8);
FROZEN(kvh_exporter, addresses, 16);
