#pragma once

#include <chrono>
#include <cstddef>

#include "common/limits.hpp"
#include "supervisor/stream/outbox.hpp"

namespace bulkhead::supervisor {

/// The bounds of the control channel as one value, so that a test can meet each of them in a
/// moment. Production takes the defaults, all from common/limits.hpp.
struct ControlLimits {
  std::size_t connections = limits::kConnections;
  std::size_t loopback_connections = limits::kLoopbackConnections;
  std::size_t refused_connections = limits::kRefusedConnections;
  std::size_t message_bytes = limits::kJsonBytes;
  std::size_t streams_per_connection = limits::kStreamsPerConnection;
  std::size_t requests_per_connection = limits::kRequestsPerConnection;
  std::size_t reply_bytes = limits::kReplyBytes;
  double commands_per_second = limits::kCommands;
  double handshakes_per_second = limits::kHandshakes;
  std::size_t http_target_bytes = limits::kHttpTargetBytes;
  std::size_t http_header_bytes = limits::kHttpHeaderBytes;
  std::size_t http_body_bytes = limits::kHttpBodyBytes;
  int send_buffer_bytes = limits::kSocketSendBufferBytes;
  std::chrono::milliseconds handshake_time = limits::kHandshakeTime;
  std::chrono::milliseconds certificate_look = limits::kCertificateLook;
  std::chrono::milliseconds write_time = limits::kWriteTime;
  std::chrono::milliseconds slow_write = limits::kSlowWrite;
  std::chrono::milliseconds idle_time = limits::kIdlePing;
  std::chrono::milliseconds close_time = limits::kCloseTime;
  OutboxLimits outbox;
};

}  // namespace bulkhead::supervisor
