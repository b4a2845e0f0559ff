#include "supervisor/control/origin.hpp"

#include <algorithm>
#include <array>
#include <boost/beast/core/string.hpp>

namespace bulkhead::supervisor {

namespace {

using boost::beast::iequals;

/// "host", "host:port", "[v6]" or "[v6]:port" without its port.
std::string_view without_port(std::string_view authority) noexcept {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    return end == std::string_view::npos ? std::string_view{} : authority.substr(0, end + 1);
  }
  return authority.substr(0, authority.find(':'));
}

bool is_loopback(std::string_view host) noexcept {
  if (iequals(host, "localhost") || host == "[::1]") return true;
  if (!host.starts_with("127.")) return false;
  // Digits and dots only: "127.0.0.1.example.com" is a name that anybody can own.
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

}  // namespace

bool is_allowed_origin(std::string_view origin, std::string_view host,
                       const std::vector<std::string>& allowed) noexcept {
  if (std::any_of(allowed.begin(), allowed.end(),
                  [&](const std::string& page) { return iequals(page, origin); })) {
    return true;
  }
  constexpr std::array<std::string_view, 2> kSchemes{"http://", "https://"};
  for (const std::string_view scheme : kSchemes) {
    if (origin.size() <= scheme.size() || !iequals(origin.substr(0, scheme.size()), scheme)) {
      continue;
    }
    const std::string_view page = without_port(origin.substr(scheme.size()));
    if (page.empty() || page.find_first_of("/@?#") != std::string_view::npos) return false;
    return is_loopback(page) || iequals(page, without_port(host));
  }
  return false;  // "null" and what is no page of the web
}

}  // namespace bulkhead::supervisor
