#include "kvhost/client/client.hpp"

#include <utility>

#include "client_impl.hpp"
#include "kvhost/detail/boundary.hpp"

namespace kvhost::client {

namespace {

// Views the range.
tcp::RangeMessage view_of(const Range& range) {
  tcp::RangeMessage message;
  message.start = range.start;
  if (range.end) message.end = *range.end;
  if (!range.end) message.flags |= KVH_RANGE_TO_END;
  if (range.reverse) message.flags |= KVH_RANGE_REVERSE;
  if (range.keys_only) message.flags |= KVH_RANGE_KEYS_ONLY;
  return message;
}

// Where the page after one that ends with `last` begins.
Range after(const Range& range, const std::string& last) {
  Range next = range;
  if (range.reverse) {
    next.end = last;
  } else {
    next.start = last + '\0';
  }
  return next;
}

}  // namespace

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::connect(ClientOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  const auto channel = impl->endpoints.channel();
  if (!channel) return channel.error();
  return Client(std::move(impl));
}

// ---- reads

Result<std::optional<Entry>> Client::get(std::string_view key, const CallOptions& options) {
  auto entry = impl_->call(
      options, Effect::kRead,
      [&](auto& encoder, uint64_t id, const auto& context) {
        encoder.read(id, context, {&key, 1});
      },
      to_entry);
  if (entry && *entry) (*entry)->key = key;
  return entry;
}

Result<std::vector<std::optional<Entry>>> Client::multi_get(std::span<const std::string> keys,
                                                            const CallOptions& options) {
  if (keys.empty()) return std::vector<std::optional<Entry>>();
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  auto entries = impl_->call(
      options, Effect::kRead,
      [&](auto& encoder, uint64_t id, const auto& context) { encoder.read(id, context, views); },
      to_entries);
  if (!entries) return entries;
  if (entries->size() != keys.size()) {
    return Status(StatusCode::PROTOCOL_ERROR, "asked for " + std::to_string(keys.size()) +
                                                  " keys, the reply has " +
                                                  std::to_string(entries->size()));
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if ((*entries)[i]) (*entries)[i]->key = keys[i];
  }
  return entries;
}

Result<ScanPage> Client::scan(const Range& range, const ScanOptions& options) {
  KVHOST_TRY_ASSIGN(auto rows, impl_->call(
                                   options, Effect::kRead,
                                   [&](auto& encoder, uint64_t id, const auto& context) {
                                     encoder.scan(id, context, view_of(range), options.max_rows,
                                                  options.max_bytes);
                                   },
                                   to_rows));
  ScanPage page;
  if (rows.more && !rows.rows.empty()) page.next = after(range, rows.rows.back().key);
  page.rows = std::move(rows.rows);
  return page;
}

Result<Cursor> Client::open_cursor(const Range& range, const CallOptions& options) {
  std::shared_ptr<Channel> channel;
  KVHOST_TRY_ASSIGN(const auto id, impl_->call(
                                       options, Effect::kRead,
                                       [&](auto& encoder, uint64_t request, const auto& context) {
                                         encoder.cursor_open(request, context, view_of(range));
                                       },
                                       to_handle, &channel));
  return Cursor(channel, id, options.timeout.value_or(impl_->endpoints.options().request_timeout));
}

Result<uint64_t> Client::open_snapshot(const CallOptions& options) {
  return impl_->call(
      options, Effect::kRead,
      [](auto& encoder, uint64_t id, const auto& context) { encoder.snapshot_open(id, context); },
      to_handle);
}

Status Client::close_snapshot(uint64_t snapshot) {
  return impl_
      ->call(
          {}, Effect::kRead,
          [&](auto& encoder, uint64_t id, const auto&) { encoder.snapshot_close(id, snapshot); },
          to_text)
      .status();
}

// ---- writes

Result<WriteResult> Client::write(const WriteBatch& batch, const CallOptions& options) {
  if (batch.empty()) return Status(StatusCode::INVALID_ARGUMENT, "the batch has no operation");
  const auto raw = Impl::raw(batch);
  return impl_->call(
      options, Effect::kWrite,
      [&](auto& encoder, uint64_t id, const auto& context) {
        encoder.write(id, context, raw.ops, raw.conditions);
      },
      to_write_result);
}

Result<uint64_t> Client::put(std::string_view key, std::string_view value,
                             const PutOptions& options) {
  return to_version(write(WriteBatch().put(key, value, options.ttl), options));
}

Result<EraseResult> Client::erase(std::string_view key, const EraseOptions& options) {
  const auto result = write(WriteBatch().erase(key, options.want_existed), options);
  KVHOST_TRY_ASSIGN(const auto version, to_version(result));
  return EraseResult{version, !result->items.empty() && result->items[0].existed};
}

Result<IncrementResult> Client::increment(std::string_view key, int64_t by,
                                          const CallOptions& options) {
  const auto result = write(WriteBatch().increment(key, by), options);
  KVHOST_TRY_ASSIGN(const auto version, to_version(result));
  if (result->items.size() != 1) {
    return Status(StatusCode::PROTOCOL_ERROR, "the reply to an increment has no sum");
  }
  return IncrementResult{result->items[0].number, version};
}

// ---- the node

Result<std::string> Client::command(std::string_view name, std::string_view arguments,
                                    const CallOptions& options) {
  return impl_->call(
      options, Effect::kWrite,
      [&](auto& encoder, uint64_t id, const auto& context) {
        encoder.command(id, context, name, arguments);
      },
      to_text);
}

Result<std::string> Client::info(std::string_view section, const CallOptions& options) {
  return impl_->call(
      options, Effect::kRead,
      [&](auto& encoder, uint64_t id, const auto&) { encoder.info(id, section); }, to_text);
}

Status Client::ping(const CallOptions& options) {
  return impl_
      ->call(
          options, Effect::kRead,
          [](auto& encoder, uint64_t id, const auto&) { encoder.ping(id, "ping"); }, to_text)
      .status();
}

Result<NodeFacts> Client::node() {
  KVHOST_TRY_ASSIGN(const auto channel, impl_->endpoints.channel());
  return channel->facts();
}

// ---- asynchronous calls

void Client::async_get(std::string_view key, const CallOptions& options, OnEntry done) {
  impl_->call_async(
      options, Effect::kRead,
      [&](auto& encoder, uint64_t id, const auto& context) {
        encoder.read(id, context, {&key, 1});
      },
      to_entry, std::move(done));
}

void Client::async_put(std::string_view key, std::string_view value, const PutOptions& options,
                       OnVersion done) {
  kvh_op op{};
  op.type = KVH_OP_PUT;
  op.key = detail::to_bytes(key);
  op.value = detail::to_bytes(value);
  op.ttl_ms = options.ttl.count() > 0 ? static_cast<uint64_t>(options.ttl.count()) : 0;
  impl_->call_async(
      options, Effect::kWrite,
      [&](auto& encoder, uint64_t id, const auto& context) {
        encoder.write(id, context, {&op, 1}, {});
      },
      [](const Result<tcp::Frame>& reply) { return to_version(to_write_result(reply)); },
      std::move(done));
}

void Client::async_erase(std::string_view key, const CallOptions& options, OnVersion done) {
  kvh_op op{};
  op.type = KVH_OP_DELETE;
  op.key = detail::to_bytes(key);
  impl_->call_async(
      options, Effect::kWrite,
      [&](auto& encoder, uint64_t id, const auto& context) {
        encoder.write(id, context, {&op, 1}, {});
      },
      [](const Result<tcp::Frame>& reply) { return to_version(to_write_result(reply)); },
      std::move(done));
}

void Client::async_write(const WriteBatch& batch, const CallOptions& options, OnWrite done) {
  if (batch.empty()) {
    return done(Status(StatusCode::INVALID_ARGUMENT, "the batch has no operation"));
  }
  const auto raw = Impl::raw(batch);
  impl_->call_async(
      options, Effect::kWrite,
      [&](auto& encoder, uint64_t id, const auto& context) {
        encoder.write(id, context, raw.ops, raw.conditions);
      },
      to_write_result, std::move(done));
}

}  // namespace kvhost::client
