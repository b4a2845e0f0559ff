#include "worker/session_secrets.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bulkhead::worker {

namespace {

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view group = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const unsigned byte = k < group.size() ? static_cast<unsigned char>(group[k]) : 0U;
      bits = bits << 8 | byte;
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= group.size() ? kDigits[bits >> (18 - 6 * k) & 0x3FU] : '=';
    }
  }
  return text;
}

}  // namespace

std::vector<std::string> session_secrets(const RtspUrl& url) {
  std::vector<std::string> secrets = url.secrets();
  if (url.user.empty() && url.password.empty()) return secrets;
  secrets.push_back(url.user);
  secrets.push_back(base64(url.user + ":" + url.password));
  return secrets;
}

}  // namespace bulkhead::worker
