#pragma once

#include <filesystem>

namespace bulkhead::supervisor {

/// What the control channel shows, as PEM files; all empty: it speaks no TLS.
struct TlsFiles {
  std::filesystem::path certificate;  // and those that lead from it to its root
  std::filesystem::path key;          // of the certificate, without a passphrase
  std::filesystem::path client_ca;    // empty: clients need no certificate

  bool operator==(const TlsFiles&) const = default;
};

}  // namespace bulkhead::supervisor
