// As little of HTTP as the clients of these tests need: PUT, GET and DELETE of a key, over one
// connection, with a limit on each answer.
//
// Threads:   one.
// Errors:    an answer without a status: nothing came back; `was_sent` says whether anything went
// out.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace kvhost::testing {

struct HttpAnswer {
  int status = 0;  // 0: none came
  bool was_sent = false;
  std::string body;
};

class HttpPort {
 public:
  HttpPort(std::string host, uint16_t port, std::chrono::milliseconds patience)
      : host_(std::move(host)), port_(port), patience_(patience) {}
  ~HttpPort() { disconnect(); }
  HttpPort(const HttpPort&) = delete;
  HttpPort& operator=(const HttpPort&) = delete;

  // With a value and raw bytes both ways.
  HttpAnswer ask(const std::string& method, const std::string& key, const std::string& value = "");

 private:
  bool connect();
  void disconnect();
  bool receive(HttpAnswer& answer);

  const std::string host_;
  const uint16_t port_;
  const std::chrono::milliseconds patience_;
  int socket_ = -1;
};

}  // namespace kvhost::testing
