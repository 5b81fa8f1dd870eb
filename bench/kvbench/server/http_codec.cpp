// PUT and GET of raw bytes over HTTP/1.1, pipelined; answers are read by Beast.
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <stdexcept>

#include "codec.hpp"

namespace kvbench {
namespace {

namespace http = boost::beast::http;

class HttpCodec final : public Codec {
 public:
  explicit HttpCodec(const std::string& host)
      : after_get_(" HTTP/1.1\r\nHost: " + host + "\r\nAccept: application/octet-stream\r\n\r\n"),
        after_put_(" HTTP/1.1\r\nHost: " + host +
                   "\r\nContent-Type: application/octet-stream\r\nContent-Length: ") {}

  void encode_get(std::string_view key, std::string& out) override {
    // The driver's keys are digits: nothing in them is to be escaped.
    ((out += "GET /") += key) += after_get_;
  }
  void encode_put(std::string_view key, std::string_view value, std::string& out) override {
    ((out += "PUT /") += key) += after_put_;
    ((out += std::to_string(value.size())) += "\r\n\r\n") += value;
  }
  bool decode(std::string_view& in, Answer& answer) override {
    if (!parser_) {
      parser_.emplace();
      parser_->eager(true);
      parser_->body_limit(boost::none);
    }
    boost::beast::error_code failed;
    in.remove_prefix(parser_->put(boost::asio::buffer(in.data(), in.size()), failed));
    if (failed == http::error::need_more) return false;
    if (failed) throw std::runtime_error("not an HTTP response: " + failed.message());
    if (!parser_->is_done()) return false;
    auto response = parser_->release();
    parser_.reset();
    answer.text = std::move(response.body());
    if (response.result() == http::status::ok) {
      answer.kind = Answer::Kind::kDone;
    } else if (response.result() == http::status::not_found) {
      answer.kind = Answer::Kind::kAbsent;
    } else {
      answer.kind = Answer::Kind::kRefused;
      answer.text = std::to_string(response.result_int()) + " " + answer.text;
    }
    return true;
  }

 private:
  std::string after_get_;
  std::string after_put_;
  std::optional<http::response_parser<http::string_body>> parser_;
};

}  // namespace

std::unique_ptr<Codec> make_http_codec(const std::string& host) {
  return std::make_unique<HttpCodec>(host);
}

}  // namespace kvbench
