#pragma once

#include <array>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "common/result.hpp"
#include "supervisor/transport/tls_files.hpp"

namespace spdlog {
class logger;
}

namespace bulkhead::supervisor {

/// TLS 1.2 or 1.3 as OpenSSL's own defaults have it, without compression and renegotiation. With
/// `client_ca` a client without a certificate of theirs does not get through the handshake.
/// InvalidParams names the key of the configuration, the file and what is wrong with it: absent, no
/// PEM, a key that everybody may read or that is not the certificate's.
Result<std::shared_ptr<boost::asio::ssl::context>> make_tls_context(const TlsFiles& files);

/// What the control channel shows to who connects: certificates are renewed every few weeks, and
/// neither a restart nor a signal should be needed for that.
///
/// Owned by the control channel, used by the loop's thread. The files are looked at when somebody
/// connects, at most once in `look`; changed ones that can be used count from
/// then on; others are tried again at each look, the log tells of them once, and what was last good
/// stays.
class ServerTls {
 public:
  static Result<ServerTls> load(TlsFiles files, std::chrono::milliseconds look,
                                std::shared_ptr<spdlog::logger> log);

  /// For a connection that is new now.
  [[nodiscard]] const std::shared_ptr<boost::asio::ssl::context>& context();

 private:
  using Clock = std::chrono::steady_clock;

  /// By which a file is told from what stood there before: last change of any kind, size, inode.
  using Mark = std::array<std::int64_t, 3>;
  using Marks = std::array<Mark, 3>;

  ServerTls(TlsFiles files, std::chrono::milliseconds look, std::shared_ptr<spdlog::logger> log)
      : files_{std::move(files)}, look_{look}, log_{std::move(log)} {}

  [[nodiscard]] Marks marks() const;
  Result<void> read();

  TlsFiles files_;
  std::chrono::milliseconds look_;
  std::shared_ptr<spdlog::logger> log_;
  std::shared_ptr<boost::asio::ssl::context> context_;
  Marks marks_{};
  std::string complaint_;  // why the newest files are of no use; empty: they are in use
  Clock::time_point looked_;
};

}  // namespace bulkhead::supervisor
