// A Beast body that grows with what arrives and never with what a Content-Length claims.
//
// Threads:   one.
// Errors:    no_buffer_space when the node's budget for bodies is spent.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/optional.hpp>
#include <cstdint>
#include <string>

#include "message/body_budget.hpp"

namespace kvhost::http {

struct BoundedBody {
  struct value_type {
    std::string bytes;
    bool keep = true;  // false: a refused request's body, read only to get past it
    uint64_t seen = 0;
    BodyLease lease;
  };

  class reader {
   public:
    template <bool IsRequest, class Fields>
    reader(boost::beast::http::header<IsRequest, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>&, boost::beast::error_code& ec) { ec = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::beast::error_code& ec) {
      ec = {};
      const std::size_t size = boost::asio::buffer_size(buffers);
      body_.seen += size;
      if (!body_.keep) return size;
      if (!body_.lease.cover(body_.bytes.size() + size)) {
        ec = boost::system::errc::make_error_code(boost::system::errc::no_buffer_space);
        return 0;
      }
      for (auto at = boost::asio::buffer_sequence_begin(buffers);
           at != boost::asio::buffer_sequence_end(buffers); ++at) {
        const boost::asio::const_buffer piece = *at;
        body_.bytes.append(static_cast<const char*>(piece.data()), piece.size());
      }
      return size;
    }
    void finish(boost::beast::error_code& ec) { ec = {}; }

   private:
    value_type& body_;
  };
};

}  // namespace kvhost::http
