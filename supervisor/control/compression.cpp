#include "supervisor/control/compression.hpp"

#include "common/limits.hpp"

namespace bulkhead::supervisor {

boost::beast::websocket::permessage_deflate compression() {
  constexpr int kWindowBits = 12;
  constexpr int kMemLevel = 4;
  boost::beast::websocket::permessage_deflate option;
  option.server_enable = true;
  option.server_max_window_bits = kWindowBits;
  option.client_max_window_bits = kWindowBits;
  option.server_no_context_takeover = true;
  option.client_no_context_takeover = true;
  option.memLevel = kMemLevel;
  option.msg_size_threshold = limits::kCompressFromBytes;
  return option;
}

}  // namespace bulkhead::supervisor
