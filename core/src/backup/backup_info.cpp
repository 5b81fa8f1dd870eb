// The file BACKUP: a text of one fact a line, its own checksum last.
#include <charconv>
#include <cstdio>
#include <optional>
#include <set>

#include "base/hash.hpp"
#include "kvhost/engine/backup.hpp"

namespace kvhost::engine {

namespace {

constexpr std::string_view kFirstLine = "kvhost backup 1";
constexpr std::string_view kAnyVersion = "kvhost backup ";
constexpr std::size_t kMaxName = 255;

std::string hex(uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

std::optional<uint64_t> number_in(std::string_view text, int base) {
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number, base);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

// Names of a database's files: at most one directory, nothing hidden, nothing that leads out.
bool is_file_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxName) return false;
  std::size_t slashes = 0;
  char before = '/';
  for (const char c : name) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (c == '/') ++slashes;
    if (!is_plain && c != '.' && c != '/') return false;
    if (before == '/' && (c == '.' || c == '/')) return false;
    before = c;
  }
  return before != '/' && slashes <= 1;
}

// Takes the text apart line by line; the first thing that is wrong stays.
class InfoReader {
 public:
  InfoReader(std::string_view text, const std::string& path) : rest_(text), path_(path) {}

  Result<BackupInfo> read() {
    KVHOST_TRY(check_frame());
    KVHOST_TRY_ASSIGN(info_.name, field("name "));
    KVHOST_TRY(check_backup_name(info_.name).with_context(path_));
    KVHOST_TRY_ASSIGN(info_.created_at_ms, number("created_at_ms "));
    KVHOST_TRY_ASSIGN(info_.last_sequence, number("last_sequence "));
    while (!rest_.empty()) KVHOST_TRY(read_file());
    return std::move(info_);
  }

 private:
  Status wrong(const std::string& expected, std::string_view found) const {
    return {StatusCode::CORRUPTION, path_ + ", line " + std::to_string(line_) + ": expected " +
                                        expected + ", found \"" + std::string(found.substr(0, 60)) +
                                        "\""};
  }

  // The first line and the last, which covers all before it.
  Status check_frame() {
    const std::string_view whole = rest_;
    const std::string_view first = next_line();
    if (first != kFirstLine && first.starts_with(kAnyVersion)) {
      return {StatusCode::FORMAT_UNSUPPORTED,
              path_ + ": expected \"" + std::string(kFirstLine) + "\", found \"" +
                  std::string(first.substr(0, 60)) + "\"; use a newer kvctl"};
    }
    if (first != kFirstLine) return wrong("\"" + std::string(kFirstLine) + "\"", first);
    constexpr std::string_view kLast = "checksum ";
    const std::size_t last_line = kLast.size() + 16 + 1;
    if (rest_.size() < last_line || !rest_.ends_with('\n')) {
      return wrong("a checksum at the end", rest_);
    }
    const std::string_view last = whole.substr(whole.size() - last_line, last_line - 1);
    const std::string_view covered = whole.substr(0, whole.size() - last_line);
    const std::string expected = std::string(kLast) + hex(checksum64(covered));
    if (last != expected) return wrong(expected + " at the end", last);
    rest_.remove_suffix(last_line);
    return Status::ok();
  }

  std::string_view next_line() {
    ++line_;
    const std::size_t end = rest_.find('\n');
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return line;
  }

  Result<std::string> field(std::string_view name) {
    const std::string_view line = next_line();
    if (!line.starts_with(name)) return wrong("\"" + std::string(name) + "…\"", line);
    return std::string(line.substr(name.size()));
  }

  Result<uint64_t> number(std::string_view name) {
    KVHOST_TRY_ASSIGN(const std::string text, field(name));
    const auto parsed = number_in(text, 10);
    if (!parsed) return wrong("a number", text);
    return *parsed;
  }

  // file BYTES CHECKSUM NAME
  Status read_file() {
    KVHOST_TRY_ASSIGN(const std::string text, field("file "));
    const std::size_t first = text.find(' ');
    const std::size_t second = first == std::string::npos ? first : text.find(' ', first + 1);
    if (second == std::string::npos) return wrong("file BYTES CHECKSUM NAME", text);
    const std::string_view view = text;
    const auto bytes = number_in(view.substr(0, first), 10);
    const auto checksum = number_in(view.substr(first + 1, second - first - 1), 16);
    BackupFile file;
    file.name = view.substr(second + 1);
    if (!bytes || !checksum) return wrong("file BYTES CHECKSUM NAME", text);
    if (!is_file_name(file.name)) return wrong("the name of a database's file", file.name);
    if (!names_.insert(file.name).second) return wrong("each file once", file.name);
    file.bytes = *bytes;
    file.checksum = *checksum;
    info_.files.push_back(std::move(file));
    return Status::ok();
  }

  std::string_view rest_;
  const std::string& path_;
  std::size_t line_ = 0;
  std::set<std::string> names_;
  BackupInfo info_;
};

}  // namespace

Status check_backup_name(std::string_view name) {
  if (is_file_name(name) && name.find('/') == std::string_view::npos && !name.ends_with(".tmp")) {
    return Status::ok();
  }
  return {StatusCode::INVALID_ARGUMENT,
          "a backup's name: expected letters, digits, \".\", \"_\" and \"-\", no dot first and no "
          ".tmp last; found \"" +
              std::string(name.substr(0, 100)) + "\""};
}

std::string encode_backup_info(const BackupInfo& info) {
  std::string text = std::string(kFirstLine) + "\nname " + info.name + "\ncreated_at_ms " +
                     std::to_string(info.created_at_ms) + "\nlast_sequence " +
                     std::to_string(info.last_sequence) + "\n";
  for (const BackupFile& file : info.files) {
    text +=
        "file " + std::to_string(file.bytes) + " " + hex(file.checksum) + " " + file.name + "\n";
  }
  return text + "checksum " + hex(checksum64(text)) + "\n";
}

Result<BackupInfo> decode_backup_info(std::string_view text, const std::string& path) {
  return InfoReader(text, path).read();
}

}  // namespace kvhost::engine
