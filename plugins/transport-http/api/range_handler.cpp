// GET /v1/kv: one page as JSON, or all rows as a stream of JSON lines.
#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "api/admission.hpp"
#include "api/handlers.hpp"
#include "api/range_query.hpp"
#include "session/store_call.hpp"
#include "text/json_text.hpp"
#include "text/range_cursor.hpp"

namespace kvhost::http {
namespace {

constexpr uint64_t kFetchRows = 1000;
constexpr uint64_t kFetchBytes = 128 << 10;
// A page ends when its rows come to this, however many were asked for.
constexpr uint64_t kMaxPageBytes = 64 << 20;

// Rows of one call to the store, each as JSON text.
struct Row {
  std::string key;
  std::string text;
};
template <bool KeysOnly>
struct Rows {
  std::vector<Row> rows;

  void add(const EntryView& entry) {
    Row& row = rows.emplace_back(Row{std::string(entry.key), "{"});
    append_bytes_member(row.text, "key", entry.key);
    if constexpr (!KeysOnly) {
      row.text += ',';
      append_bytes_member(row.text, "value", entry.value);
    }
    row.text += ",\"version\":" + std::to_string(entry.version);
    if (entry.ttl_ms != 0) {
      row.text += ",\"ttl\":";
      append_seconds(row.text, entry.ttl_ms);
    }
    row.text += '}';
  }
};

// A cursor of the store that closes itself; dropped with the session, which takes its cursors
// along.
class OpenCursor {
 public:
  OpenCursor(Store store, uint64_t session, uint64_t id)
      : store_(store), session_(session), id_(id) {}
  OpenCursor(const OpenCursor&) = delete;
  OpenCursor& operator=(const OpenCursor&) = delete;
  ~OpenCursor() { store_.close_cursor(session_, id_); }
  uint64_t id() const { return id_; }

 private:
  const Store store_;
  const uint64_t session_;
  const uint64_t id_;
};

// then(exchange, status, rows)
template <typename Then>
void fetch(const ExchangePtr& exchange, const OpenCursor& cursor, bool keys_only, uint64_t rows,
           Then then) {
  const auto unwrap = [then = std::move(then)](const ExchangePtr& done, Status status,
                                               auto fetched) { then(done, status, fetched.rows); };
  if (keys_only) {
    store_next_rows<Rows<true>>(exchange, cursor.id(), rows, kFetchBytes, unwrap);
  } else {
    store_next_rows<Rows<false>>(exchange, cursor.id(), rows, kFetchBytes, unwrap);
  }
}

Result<std::shared_ptr<OpenCursor>> open_cursor(const Exchange& exchange, const RangeQuery& query) {
  RangeRequest range;
  range.start = query.start;
  if (query.end) range.end = *query.end;
  range.reverse = query.reverse;
  range.keys_only = query.keys_only;
  const Store& store = exchange.service().store;
  KVHOST_TRY_ASSIGN(const uint64_t id, store.open_cursor(exchange.call(), range));
  return std::make_shared<OpenCursor>(store, exchange.call().session, id);
}

// ---- one page

class Page : public std::enable_shared_from_this<Page> {
 public:
  Page(RangeQuery query, std::shared_ptr<OpenCursor> cursor)
      : query_(std::move(query)),
        limit_(query_.limit.value_or(kDefaultRangeLimit)),
        cursor_(std::move(cursor)) {}

  void go_on(const ExchangePtr& exchange) {
    // One row above the limit tells whether there is a next page.
    const uint64_t wanted = std::min(kFetchRows, limit_ + 1 - count_);
    fetch(exchange, *cursor_, query_.keys_only, wanted,
          [self = shared_from_this()](const ExchangePtr& done, const Status& status,
                                      const std::vector<Row>& rows) {
            if (!status.is_ok()) return done->fail(status);
            self->take(done, rows);
          });
  }

 private:
  void take(const ExchangePtr& exchange, const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      if (count_ == limit_ || body_.size() >= kMaxPageBytes) return finish(exchange, true);
      if (count_++ != 0) body_ += ',';
      body_ += row.text;
      last_key_ = row.key;
    }
    if (rows.empty()) return finish(exchange, false);
    go_on(exchange);
  }
  void finish(const ExchangePtr& exchange, bool more) {
    cursor_.reset();
    Response response;
    response.body = "{\"items\":[" + body_ + ']';
    if (more) response.body += ",\"next_cursor\":\"" + next_cursor() + '"';
    response.body += '}';
    exchange->respond(std::move(response));
  }
  std::string next_cursor() const {
    RangeCursor next;
    next.reverse = query_.reverse;
    next.last_key = last_key_;
    if (!query_.reverse) {
      next.bound = query_.end;
    } else if (!query_.start.empty()) {
      next.bound = query_.start;
    }
    return next.encode();
  }

  const RangeQuery query_;
  const uint64_t limit_;
  std::shared_ptr<OpenCursor> cursor_;
  std::string body_;
  uint64_t count_ = 0;
  std::string last_key_;
};

// ---- all rows

class RowStream : public std::enable_shared_from_this<RowStream> {
 public:
  RowStream(RangeQuery query, std::shared_ptr<OpenCursor> cursor)
      : query_(std::move(query)),
        left_(query_.limit.value_or(std::numeric_limits<uint64_t>::max())),
        cursor_(std::move(cursor)) {}

  void go_on(const ExchangePtr& exchange) {
    fetch(exchange, *cursor_, query_.keys_only, std::min(kFetchRows, left_),
          [self = shared_from_this()](const ExchangePtr& done, const Status& status,
                                      const std::vector<Row>& rows) {
            self->take(done, status, rows);
          });
  }

 private:
  void take(const ExchangePtr& exchange, const Status& status, const std::vector<Row>& rows) {
    if (!status.is_ok()) return fail(exchange, status);
    begin(exchange);
    std::string lines;
    for (const Row& row : rows) (lines += row.text) += '\n';
    exchange->send(lines);
    left_ -= std::min<uint64_t>(left_, rows.size());
    if (rows.empty() || left_ == 0 || exchange->request().is_head()) {
      cursor_.reset();
      return exchange->finish_stream();
    }
    // Kept by the exchange, which must not be kept by it in turn.
    exchange->when_writable([self = shared_from_this(), weak = std::weak_ptr(exchange)] {
      if (const auto strong = weak.lock()) self->go_on(strong);
    });
  }
  void begin(const ExchangePtr& exchange) {
    if (begun_) return;
    begun_ = true;
    Response head;
    head.content_type = kNdjson;
    exchange->begin_stream(std::move(head));
  }
  // Once rows were sent the status cannot change: the last line tells, and the stream breaks off.
  void fail(const ExchangePtr& exchange, const Status& status) {
    if (!begun_) return exchange->fail(status);
    exchange->send("{\"error\":" + problem(status).body + "}\n");
    exchange->break_off();
  }

  const RangeQuery query_;
  uint64_t left_;
  std::shared_ptr<OpenCursor> cursor_;
  bool begun_ = false;
};

}  // namespace

void read_range(const ExchangePtr& exchange) {
  auto query = RangeQuery::parse(exchange->request().target);
  if (!query) return exchange->fail(query.error());
  if (query->is_empty()) query->end = query->start;
  auto cursor = open_cursor(*exchange, *query);
  if (!cursor) return exchange->fail(cursor.error());
  if (accepted_type(exchange->request(), {kNdjson, kJson}) == kNdjson) {
    std::make_shared<RowStream>(std::move(*query), std::move(*cursor))->go_on(exchange);
  } else {
    std::make_shared<Page>(std::move(*query), std::move(*cursor))->go_on(exchange);
  }
}

}  // namespace kvhost::http
