// The part of the Redis protocol, version 2, that GET and SET need.
#include <charconv>
#include <stdexcept>

#include "codec.hpp"

namespace kvbench {
namespace {

class RespCodec final : public Codec {
 public:
  void encode_get(std::string_view key, std::string& out) override {
    out += "*2\r\n$3\r\nGET\r\n";
    append_bulk(key, out);
  }
  void encode_put(std::string_view key, std::string_view value, std::string& out) override {
    out += "*3\r\n$3\r\nSET\r\n";
    append_bulk(key, out);
    append_bulk(value, out);
  }
  bool decode(std::string_view& in, Answer& answer) override {
    const std::size_t end = in.find("\r\n");
    if (end == std::string_view::npos) return false;
    if (end == 0) throw std::runtime_error("an empty line is no RESP reply");
    const std::string_view line = in.substr(1, end - 1);
    const std::string_view rest = in.substr(end + 2);
    answer.kind = Answer::Kind::kDone;
    switch (in[0]) {
      case '-':
        answer.kind = Answer::Kind::kRefused;
        [[fallthrough]];
      case '+':
      case ':':
        answer.text = line;
        break;
      case '$':
        return decode_bulk(line, rest, in, answer);
      default:
        throw std::runtime_error("no RESP reply to GET or SET begins with \"" +
                                 std::string(in.substr(0, 20)) + "\"");
    }
    in = rest;
    return true;
  }

 private:
  static void append_bulk(std::string_view bytes, std::string& out) {
    out += "$" + std::to_string(bytes.size()) + "\r\n";
    out += bytes;
    out += "\r\n";
  }
  static bool decode_bulk(std::string_view line, std::string_view rest, std::string_view& in,
                          Answer& answer) {
    int64_t length = 0;
    const auto parsed = std::from_chars(line.data(), line.data() + line.size(), length);
    if (parsed.ec != std::errc() || parsed.ptr != line.data() + line.size() || length < -1) {
      throw std::runtime_error("\"" + std::string(line) + "\" is no length of a RESP string");
    }
    if (length == -1) {
      answer.kind = Answer::Kind::kAbsent;
      answer.text.clear();
      in = rest;
      return true;
    }
    const auto size = static_cast<std::size_t>(length);
    if (rest.size() < size + 2) return false;
    answer.text = rest.substr(0, size);
    in = rest.substr(size + 2);
    return true;
  }
};

}  // namespace

std::unique_ptr<Codec> make_resp_codec() { return std::make_unique<RespCodec>(); }

}  // namespace kvbench
