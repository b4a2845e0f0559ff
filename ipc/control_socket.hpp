#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "common/result.hpp"
#include "common/unique_fd.hpp"

namespace bulkhead::ipc {

/// First message of a worker, as soon as main() runs.
struct Hello {
  std::uint32_t layout_version = 0;
  std::int32_t pid = 0;
};

/// A connected SOCK_SEQPACKET pair: one message a packet, end of file when the peer dies. Carries
/// the start of a worker's life only (hello, start message); results and commands use the rings.
/// The start message is JSON because it is long, rare and holds the session's secrets, which must
/// not appear in argv or environment; its schema is `StartMessage`.
class ControlSocket {
 public:
  explicit ControlSocket(UniqueFd fd) noexcept : fd_{std::move(fd)} {}

  /// Both ends: first the supervisor's (close-on-exec, nonblocking), then the worker's.
  static Result<std::pair<ControlSocket, UniqueFd>> create_pair();

  [[nodiscard]] Result<void> send_hello(const Hello& hello);
  [[nodiscard]] Result<void> send_start(const std::string& json);

  /// Nothing when no packet is there yet (the supervisor waits on fd() in its loop);
  /// ProtocolError for a packet that is no hello; Unavailable on end of file.
  [[nodiscard]] Result<std::optional<Hello>> try_receive_hello();

  /// Worker: waits for the start message, however long: a spare has none for days. Unavailable when
  /// the supervisor is gone.
  [[nodiscard]] Result<std::string> receive_start();

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  UniqueFd fd_;
};

}  // namespace bulkhead::ipc
