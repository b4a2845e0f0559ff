#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "common/result.hpp"
#include "supervisor/transport/transport_stream.hpp"

namespace bulkhead::cli {

/// PEM files; empty: whom the system trusts, and no certificate of our own.
struct TlsFiles {
  std::string ca;           // who may vouch for the supervisor
  std::string certificate;  // of ours, for a supervisor that asks for one
  std::string key;

  bool operator==(const TlsFiles&) const = default;
};

/// TLS 1.2 or 1.3 towards a supervisor whose certificate must be valid. InvalidParams names the
/// option and the file.
Result<std::shared_ptr<boost::asio::ssl::context>> make_tls_context(const TlsFiles& files);

/// Puts TLS over a connection to `host`, whose name or address the certificate must be for. The
/// handshake is the caller's.
Result<TransportStream::Tls*> secure_client(TransportStream& stream,
                                            boost::asio::ssl::context& context,
                                            const std::string& host);

/// After a handshake that failed: what was wrong with the supervisor's certificate; empty: nothing.
[[nodiscard]] std::string distrust_of(TransportStream::Tls& tls);

}  // namespace bulkhead::cli
