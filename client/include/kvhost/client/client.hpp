// A client of kvhost's TCP protocol.
//
//   auto client = kvhost::client::Client::connect({});
//   if (!client) return client.error();
//   client->put("greeting", "hello");
//   auto entry = client->get("greeting");   // Result<std::optional<Entry>>
//
// Threads:   any, concurrently. Callbacks of asynchronous calls run on the connection's own thread:
//            they must not block, call synchronous functions or destroy the Client.
// Lifetime:  arguments are copied before a call returns; the destructor completes what is pending.
// Errors:    the status table's codes. CONNECTION_FAILED: nothing was sent, or a read was lost.
//            DEADLINE_EXCEEDED: no effect. OUTCOME_UNKNOWN: a write was sent and no answer came; it
//            may have happened. Synchronous calls try the other endpoints by themselves while they
//            can do so safely and their time allows.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/client/types.hpp"
#include "kvhost/result.hpp"

namespace kvhost::client {

class Channel;

// Rows of one unchanging state, in order. Closed by its destructor.
//
// Threads:   one.
// Errors:    CONNECTION_FAILED when the connection that it was opened on is gone.
class Cursor {
 public:
  Cursor(std::shared_ptr<Channel> channel, uint64_t id, std::chrono::milliseconds timeout);
  Cursor(Cursor&&) noexcept;
  Cursor& operator=(Cursor&&) noexcept;
  ~Cursor();
  // No row: the end.
  Result<std::vector<Entry>> next(uint32_t max_rows = 0, uint32_t max_bytes = 0);

 private:
  void close();
  std::shared_ptr<Channel> channel_;
  uint64_t id_ = 0;
  std::chrono::milliseconds timeout_{};
};

class Client {
 public:
  // Connects to the first endpoint that answers.
  static Result<Client> connect(ClientOptions options);
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  // ---- synchronous calls
  Result<std::optional<Entry>> get(std::string_view key, const CallOptions& options = {});
  // One answer per key, in their order, all from one state.
  Result<std::vector<std::optional<Entry>>> multi_get(std::span<const std::string> keys,
                                                      const CallOptions& options = {});
  // The version written.
  Result<uint64_t> put(std::string_view key, std::string_view value,
                       const PutOptions& options = {});
  Result<EraseResult> erase(std::string_view key, const EraseOptions& options = {});
  Result<IncrementResult> increment(std::string_view key, int64_t by,
                                    const CallOptions& options = {});
  Result<WriteResult> write(const WriteBatch& batch, const CallOptions& options = {});
  // One page; go on with ScanPage::next. Pages are of different states; a Cursor is of one.
  Result<ScanPage> scan(const Range& range, const ScanOptions& options = {});
  Result<Cursor> open_cursor(const Range& range, const CallOptions& options = {});
  // For CallOptions::snapshot. Lives until closed or until the connection is lost.
  Result<uint64_t> open_snapshot(const CallOptions& options = {});
  Status close_snapshot(uint64_t snapshot);
  // An administrator's command; arguments and answer are JSON texts.
  Result<std::string> command(std::string_view name, std::string_view arguments,
                              const CallOptions& options = {});
  // What the node knows of itself, as a JSON text: "status", "health", "stats", "lsm", ….
  Result<std::string> info(std::string_view section, const CallOptions& options = {});
  Status ping(const CallOptions& options = {});
  // Of the connection in use.
  Result<NodeFacts> node();

  // ---- asynchronous calls, pipelined on one connection
  // `done` runs once. Without room for another request the call waits for it; connecting anew
  // happens inside the call. No call is repeated by itself.
  using OnEntry = std::function<void(Result<std::optional<Entry>>)>;
  using OnVersion = std::function<void(Result<uint64_t>)>;
  using OnWrite = std::function<void(Result<WriteResult>)>;
  void async_get(std::string_view key, const CallOptions& options, OnEntry done);
  void async_put(std::string_view key, std::string_view value, const PutOptions& options,
                 OnVersion done);
  // Blind.
  void async_erase(std::string_view key, const CallOptions& options, OnVersion done);
  void async_write(const WriteBatch& batch, const CallOptions& options, OnWrite done);

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kvhost::client
