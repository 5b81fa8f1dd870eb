// An authority of a test's own, and the certificates that it signs, made by openssl.
//
// Threads:   one.
// Lifetime:  the authority's files go with it; issued ones belong to the test's directory.
#pragma once

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

#include "support/temporary_directory.hpp"

namespace kvhost::testing {

class CertificateAuthority {
 public:
  CertificateAuthority() {
    run("openssl req -x509 " + std::string(kNewKey) + " -days 3650 -subj /CN=authority -keyout " +
        path("ca.key") + " -out " + certificate());
  }
  // The authority's own.
  std::string certificate() const { return path("ca.crt"); }
  // Writes DIRECTORY/peer.crt and peer.key: a certificate for `name`, reached at `ip`.
  void issue(const std::string& directory, const std::string& name, const std::string& ip) const {
    std::ofstream(path("names")) << "subjectAltName = DNS:" << name << ", IP:" << ip << "\n";
    run("openssl req -new " + std::string(kNewKey) + " -subj /CN=" + name + " -keyout " +
        directory + "/peer.key -out " + path("request"));
    run("openssl x509 -req -days 3650 -in " + path("request") + " -CA " + certificate() +
        " -CAkey " + path("ca.key") + " -CAcreateserial -extfile " + path("names") + " -out " +
        directory + "/peer.crt");
  }
  // The options of a node that uses what was issued for its directory.
  std::string options() const {
    return "tls_ca = \"" + certificate() + "\"\ntls_cert = \"peer.crt\"\ntls_key = \"peer.key\"\n";
  }

 private:
  static constexpr const char* kNewKey = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

  std::string path(const std::string& file) const { return directory_.path() + "/" + file; }
  static void run(const std::string& command) {
    if (std::system((command + " 2>/dev/null").c_str()) != 0) {
      throw std::runtime_error("failed: " + command);
    }
  }

  engine::testing::TemporaryDirectory directory_;
};

}  // namespace kvhost::testing
