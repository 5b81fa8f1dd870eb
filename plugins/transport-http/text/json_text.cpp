#include "text/json_text.hpp"

#include "text/base64.hpp"
#include "text/utf8.hpp"

namespace kvhost::http {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  out += "\\u00";
  out.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
  out.push_back(kHex[static_cast<unsigned char>(c) & 15]);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!needs_escape(text[i])) continue;
    out.append(text, plain, i - plain);
    append_escaped(out, text[i]);
    plain = i + 1;
  }
  out.append(text, plain, text.size() - plain);
  out.push_back('"');
}

void append_bytes_member(std::string& out, std::string_view name, std::string_view bytes) {
  out.push_back('"');
  out += name;
  if (is_utf8(bytes)) {
    out += "\":";
    append_json_string(out, bytes);
    return;
  }
  out += "_base64\":\"";
  append_base64(out, bytes);
  out.push_back('"');
}

void append_seconds(std::string& out, uint64_t ms) {
  out += std::to_string(ms / 1000);
  if (ms % 1000 == 0) return;
  std::string decimals = std::to_string(1000 + ms % 1000).substr(1);
  while (decimals.back() == '0') decimals.pop_back();
  out.push_back('.');
  out += decimals;
}

}  // namespace kvhost::http
