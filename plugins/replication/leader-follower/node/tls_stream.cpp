// TLS between peers: one authority of the cluster's own, and a certificate per node that names its
// id as common name or as a DNS name.
#include <openssl/x509v3.h>

#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "node/stream.hpp"

namespace kvhost::leader_follower {
namespace {

namespace ssl = boost::asio::ssl;

bool is_plain_text(const boost::system::error_code& failure) {
  if (failure.category() != boost::asio::error::get_ssl_category()) return false;
  const int reason = ERR_GET_REASON(static_cast<unsigned long>(failure.value()));
  return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
         reason == SSL_R_PACKET_LENGTH_TOO_LONG;
}

// "CN=node1, DNS:node1"
std::string names_of(const X509* certificate) {
  std::string text = "no name";
  char common_name[256];
  if (X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, common_name,
                                sizeof(common_name)) >= 0) {
    text = "CN=" + std::string(common_name);
  }
  auto* const others = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(others); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(others, i);
    if (name->type != GEN_DNS) continue;
    text += ", DNS:";
    text.append(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  GENERAL_NAMES_free(others);
  return text;
}

class TlsStream final : public Stream, public std::enable_shared_from_this<TlsStream> {
 public:
  TlsStream(Socket socket, std::shared_ptr<ssl::context> context)
      : context_(std::move(context)), stream_(std::move(socket), *context_) {}

  void shake_hands(bool is_client, std::function<void(Status)> done) override {
    stream_.async_handshake(
        is_client ? ssl::stream_base::client : ssl::stream_base::server,
        [self = shared_from_this(), done = std::move(done)](boost::system::error_code failure) {
          if (!failure) return done({});
          done({StatusCode::UNAUTHENTICATED,
                "TLS: " + (is_plain_text(failure) ? std::string("the peer does not speak TLS")
                                                  : failure.message())});
        });
  }
  void read_some(boost::asio::mutable_buffer room, Handler done) override {
    stream_.async_read_some(
        room, [self = shared_from_this(), done = std::move(done)](
                  boost::system::error_code failure, std::size_t bytes) { done(failure, bytes); });
  }
  void write(boost::asio::const_buffer bytes, Handler done) override {
    boost::asio::async_write(
        stream_, bytes,
        [self = shared_from_this(), done = std::move(done)](
            boost::system::error_code failure, std::size_t count) { done(failure, count); });
  }
  void close() override {
    boost::system::error_code ignored;
    stream_.lowest_layer().close(ignored);
  }
  Status check_identity(const std::string& node_id) const override {
    X509* const certificate =
        SSL_get1_peer_certificate(const_cast<TlsStream*>(this)->stream_.native_handle());
    if (certificate == nullptr) {
      return {StatusCode::UNAUTHENTICATED, "TLS: the peer showed no certificate"};
    }
    const int matches = X509_check_host(certificate, node_id.data(), node_id.size(),
                                        X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr);
    const std::string names = names_of(certificate);
    X509_free(certificate);
    if (matches == 1) return {};
    return {StatusCode::UNAUTHENTICATED,
            "TLS: the peer says it is \"" + node_id + "\", but its certificate names " + names};
  }

 private:
  std::shared_ptr<ssl::context> context_;
  ssl::stream<Socket> stream_;
};

}  // namespace

std::shared_ptr<Stream> tls_stream(Stream::Socket socket,
                                   const std::shared_ptr<ssl::context>& context) {
  return std::make_shared<TlsStream>(std::move(socket), context);
}

Result<std::shared_ptr<ssl::context>> tls_context(const TlsFiles& files) {
  const auto context = std::make_shared<ssl::context>(ssl::context::tls);
  context->set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 |
                       ssl::context::no_sslv3 | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
  context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
  boost::system::error_code failure;
  const auto wrong = [&](const char* option, const std::string& file) {
    return Status(StatusCode::CONFIG_ERROR,
                  std::string(option) + ": " + file + ": " + failure.message());
  };
  context->load_verify_file(files.ca, failure);
  if (failure) return wrong("tls_ca", files.ca);
  context->use_certificate_chain_file(files.certificate, failure);
  if (failure) return wrong("tls_cert", files.certificate);
  context->use_private_key_file(files.key, ssl::context::pem, failure);
  if (failure) return wrong("tls_key", files.key);
  return context;
}

}  // namespace kvhost::leader_follower
