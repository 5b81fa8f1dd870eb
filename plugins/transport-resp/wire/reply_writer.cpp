#include "wire/reply_writer.hpp"

namespace kvhost::resp {

void ReplyWriter::error(std::string_view text) {
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
  out_.push_back('-');
  const std::size_t start = out_.size();
  out_.append(text);
  for (std::size_t i = start; i < out_.size(); ++i) {
    if (out_[i] == '\r' || out_[i] == '\n') out_[i] = ' ';
  }
  out_.append("\r\n");
}

void ReplyWriter::error(const Status& status) {
  if (status.code() == StatusCode::UNAUTHENTICATED) return error("NOAUTH Authentication required.");
  error(std::string(status.info().resp_prefix) + " " + status.message());
}

void ReplyWriter::verbatim(std::string_view text) {
  if (protocol_ < 3) return bulk(text);
  header('=', static_cast<int64_t>(text.size() + 4));
  out_.append("txt:");
  out_.append(text);
  out_.append("\r\n");
}

void ReplyWriter::number(std::string_view decimal) {
  if (protocol_ < 3) return bulk(decimal);
  line(',', decimal);
}

void ReplyWriter::big_number(std::string_view digits) {
  if (protocol_ < 3) return bulk(digits);
  line('(', digits);
}

void ReplyWriter::boolean(bool value) {
  if (protocol_ < 3) return integer(value ? 1 : 0);
  out_.append(value ? "#t\r\n" : "#f\r\n");
}

}  // namespace kvhost::resp
