#include "verify_report.hpp"

#include "text.hpp"

namespace kvhost::kvctl {

namespace json = boost::json;

Status show_report(Invocation& call, const engine::VerifyReport& report, const std::string& what) {
  json::object facts{{"whole", report.is_whole()},
                     {"manifest_records", report.manifest_records},
                     {"tables", report.tables},
                     {"table_bytes", report.table_bytes},
                     {"records", report.records},
                     {"range_tombstones", report.range_tombstones},
                     {"log_records", report.log_records},
                     {"torn_log_bytes", report.torn_log_bytes},
                     {"last_sequence", report.last_sequence}};
  if (call.format == Format::kJson) {
    json::array damage;
    for (const auto& one : report.damage) {
      damage.push_back(json::object{{"file", one.file}, {"problem", one.problem}});
    }
    facts["damage"] = std::move(damage);
    json::array notes;
    for (const auto& note : report.notes) notes.emplace_back(note);
    facts["notes"] = std::move(notes);
    call.streams.out << json::serialize(facts) << '\n';
  } else {
    call.streams.out << flat_text(facts);
    for (const auto& one : report.damage) {
      call.streams.out << "damaged: " << one.file << "\n  " << printable(one.problem) << '\n';
    }
    for (const auto& note : report.notes) call.streams.out << "note: " << printable(note) << '\n';
  }
  if (report.is_whole()) return {};
  return {StatusCode::CORRUPTION, what + ": " + std::to_string(report.damage.size()) +
                                      (report.damage.size() == 1 ? " finding" : " findings")};
}

}  // namespace kvhost::kvctl
