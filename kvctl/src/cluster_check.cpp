// cluster check: every replica hashes its records as of one index, and the hashes are compared.
#include <algorithm>
#include <thread>

#include "cluster_view.hpp"
#include "command_table.hpp"
#include "text.hpp"

namespace kvhost::kvctl {

namespace json = boost::json;

namespace {

// Records that expire while the digests are made count as gone on every node.
constexpr uint64_t kExpiryMarginMs = 600'000;
constexpr int kRounds = 6;

struct Digest {
  Status failure;
  std::string text;
  uint64_t records = 0;
};

Digest ask_digest(Member& member, uint64_t index, uint64_t now_ms,
                  std::chrono::milliseconds timeout) {
  client::CallOptions options;
  options.timeout = timeout;
  Digest digest;
  const auto answer = member.client->command(
      "cluster-digest", json::serialize(json::object{{"index", index}, {"now_ms", now_ms}}),
      options);
  if (!answer) {
    digest.failure = answer.error();
    return digest;
  }
  boost::system::error_code failure;
  const json::value value = json::parse(*answer, failure);
  const json::object* const object = value.if_object();
  const json::value* const text = object == nullptr ? nullptr : object->if_contains("digest");
  const json::value* const records = object == nullptr ? nullptr : object->if_contains("records");
  if (failure || text == nullptr || !text->is_string()) {
    digest.failure = Status(StatusCode::PROTOCOL_ERROR, "the node's digest is no JSON object");
    return digest;
  }
  digest.text = std::string(text->get_string());
  if (records != nullptr) digest.records = records->to_number<uint64_t>(failure);
  return digest;
}

std::vector<Digest> ask_all(std::vector<Member>& members, uint64_t index, uint64_t now_ms,
                            std::chrono::milliseconds timeout) {
  std::vector<Digest> digests(members.size());
  std::vector<std::thread> askers;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!members[i].reached()) {
      digests[i].failure = members[i].failure;
      continue;
    }
    askers.emplace_back([&, i] { digests[i] = ask_digest(members[i], index, now_ms, timeout); });
  }
  for (auto& asker : askers) asker.join();
  return digests;
}

bool has(const std::vector<Digest>& digests, StatusCode code) {
  return std::any_of(digests.begin(), digests.end(),
                     [&](const Digest& digest) { return digest.failure.code() == code; });
}

Status verdict(const std::vector<Digest>& digests) {
  std::size_t told = 0;
  const Digest* first = nullptr;
  for (const Digest& digest : digests) {
    if (!digest.failure.is_ok()) continue;
    ++told;
    if (first == nullptr) first = &digest;
    if (digest.text == first->text) continue;
    return {StatusCode::CORRUPTION,
            "the replicas differ; find the one that is wrong (compare with a backup), stop it, "
            "empty its data directory and let it take a checkpoint from the others"};
  }
  if (told == digests.size()) return {};
  return {StatusCode::NO_QUORUM, std::to_string(told) + " of " + std::to_string(digests.size()) +
                                     " endpoints told their digest"};
}

void show(Invocation& call, const std::vector<Member>& members, const std::vector<Digest>& digests,
          uint64_t index) {
  json::array list;
  std::vector<std::vector<std::string>> rows{{"ENDPOINT", "NODE", "INDEX", "RECORDS", "DIGEST"}};
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Digest& digest = digests[i];
    const std::string told = digest.failure.is_ok() ? digest.text : digest.failure.message();
    rows.push_back({members[i].endpoint, members[i].node(), std::to_string(index),
                    std::to_string(digest.records), told});
    json::object one{{"endpoint", members[i].endpoint}, {"node", members[i].node()}};
    if (digest.failure.is_ok()) {
      one["records"] = digest.records;
      one["digest"] = digest.text;
    } else {
      one["error"] = told;
    }
    list.push_back(std::move(one));
  }
  if (call.format == Format::kJson) {
    call.streams.out << json::serialize(json::object{{"index", index}, {"nodes", list}}) << '\n';
  } else {
    call.streams.out << table(rows);
  }
}

}  // namespace

Status run_cluster_check(Invocation& call) {
  auto members = look_at_cluster(call);
  if (best_member(members, {}) == nullptr) {
    return members.empty() ? Status(StatusCode::CONNECTION_FAILED, "no endpoint was given")
                           : members.front().failure;
  }
  const auto timeout = call.has("timeout") ? call.timeout : std::chrono::milliseconds(300'000);
  std::vector<Digest> digests;
  uint64_t index = 0;
  // While writes go on, an index that lies ahead is met by every node in passing; when they stop,
  // the newest one is.
  for (int round = 0; round < kRounds; ++round) {
    uint64_t now_ms = 0;
    index = 0;
    for (const Member& member : members) {
      index = std::max(index, member.applied_index());
      now_ms = std::max(now_ms, member.now_ms());
    }
    if (has(digests, StatusCode::COMPACTED)) index += uint64_t{64} << (3 * round);
    digests = ask_all(members, index, now_ms + kExpiryMarginMs, timeout);
    if (!has(digests, StatusCode::COMPACTED) && !has(digests, StatusCode::DEADLINE_EXCEEDED)) break;
    members = look_at_cluster(call);
  }
  show(call, members, digests, index);
  return verdict(digests);
}

}  // namespace kvhost::kvctl
