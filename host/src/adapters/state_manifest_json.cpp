#include "adapters/state_manifest_json.hpp"

#include <boost/json.hpp>
#include <charconv>
#include <cstdio>

namespace kvhost::host {
namespace {

namespace json = boost::json;

constexpr uint64_t kFormat = 1;
constexpr std::size_t kChecksumDigits = 16;

Status malformed(const std::string& what) {
  return {StatusCode::INVALID_ARGUMENT, "manifest of a checkpoint: " + what};
}

std::string hex(uint64_t value) {
  char text[kChecksumDigits + 1];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

Result<uint64_t> number(const json::object& from, std::string_view name) {
  const json::value* const found = from.if_contains({name.data(), name.size()});
  boost::system::error_code failure;
  const uint64_t value = found == nullptr ? 0 : found->to_number<uint64_t>(failure);
  if (found != nullptr && !failure) return value;
  return malformed("expected a number \"" + std::string(name) + "\"");
}

Result<std::string> text(const json::object& from, std::string_view name) {
  const json::value* const found = from.if_contains({name.data(), name.size()});
  if (found != nullptr && found->is_string()) return std::string(found->get_string());
  return malformed("expected a string \"" + std::string(name) + "\"");
}

Result<engine::StateFile> file_of(const json::value& value) {
  if (!value.is_object()) return malformed("expected objects in \"files\"");
  engine::StateFile file;
  KVHOST_TRY_ASSIGN(file.name, text(value.get_object(), "name"));
  KVHOST_TRY_ASSIGN(file.bytes, number(value.get_object(), "bytes"));
  KVHOST_TRY_ASSIGN(const std::string digits, text(value.get_object(), "checksum"));
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, file.checksum, 16);
  if (error == std::errc() && end == last && digits.size() == kChecksumDigits) return file;
  return malformed("expected a checksum of 16 hex digits for \"" + file.name.substr(0, 100) +
                   "\", found \"" + digits.substr(0, 40) + "\"");
}

}  // namespace

std::string manifest_to_json(const engine::StateManifest& manifest) {
  json::array files;
  for (const auto& file : manifest.files) {
    files.push_back(
        json::object{{"name", file.name}, {"bytes", file.bytes}, {"checksum", hex(file.checksum)}});
  }
  return json::serialize(json::object{{"format", kFormat},
                                      {"strategy", manifest.position.strategy},
                                      {"incarnation", manifest.position.incarnation},
                                      {"term", manifest.position.term},
                                      {"index", manifest.position.index},
                                      {"bytes", manifest.bytes()},
                                      {"files", std::move(files)}});
}

Result<engine::StateManifest> manifest_from_json(std::string_view given) {
  if (given.size() > kMaxManifestBytes) {
    return malformed("expected at most " + std::to_string(kMaxManifestBytes) + " bytes, found " +
                     std::to_string(given.size()));
  }
  boost::system::error_code failure;
  const json::value whole = json::parse({given.data(), given.size()}, failure);
  if (failure || !whole.is_object()) return malformed("expected a JSON object");
  const json::object& object = whole.get_object();
  KVHOST_TRY_ASSIGN(const uint64_t format, number(object, "format"));
  if (format != kFormat) {
    return malformed("expected format 1, found " + std::to_string(format) +
                     "; upgrade the node that is behind");
  }
  engine::StateManifest manifest;
  KVHOST_TRY_ASSIGN(manifest.position.strategy, text(object, "strategy"));
  KVHOST_TRY_ASSIGN(manifest.position.incarnation, number(object, "incarnation"));
  KVHOST_TRY_ASSIGN(manifest.position.term, number(object, "term"));
  KVHOST_TRY_ASSIGN(manifest.position.index, number(object, "index"));
  const json::value* const files = object.if_contains("files");
  if (files == nullptr || !files->is_array() || files->get_array().size() > kMaxManifestFiles) {
    return malformed("expected an array \"files\" of at most " + std::to_string(kMaxManifestFiles));
  }
  for (const json::value& value : files->get_array()) {
    KVHOST_TRY_ASSIGN(auto file, file_of(value));
    manifest.files.push_back(std::move(file));
  }
  return manifest;
}

std::string wanted_to_json(const std::vector<engine::StateReceiver::Wanted>& wanted) {
  json::array list;
  for (const auto& file : wanted) {
    list.push_back(
        json::object{{"name", file.name}, {"offset", file.offset}, {"bytes", file.bytes}});
  }
  return json::serialize(list);
}

}  // namespace kvhost::host
