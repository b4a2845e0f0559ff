#include "supervisor/control/credentials.hpp"

#include <algorithm>
#include <array>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/field.hpp>
#include <string>
#include <vector>

#include "common/limits.hpp"
#include "common/percent_encoding.hpp"

namespace bulkhead::supervisor {

namespace {

namespace http = boost::beast::http;

constexpr std::array<std::string_view, 5> kSecretKeys{"token", "access_token", "ticket", "bearer",
                                                      "authorization"};

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t");
  if (from == text.npos) return {};
  return text.substr(from, text.find_last_not_of(" \t") + 1 - from);
}

bool query_has_secret(std::string_view target) {
  const std::size_t mark = target.find('?');
  std::string_view rest = mark == target.npos ? std::string_view{} : target.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::string_view key = pair.substr(0, pair.find('='));
    const auto decoded = percent_decoded(key);
    const std::string_view name = decoded ? std::string_view{*decoded} : key;
    const bool is_secret =
        std::any_of(kSecretKeys.begin(), kSecretKeys.end(),
                    [&](std::string_view known) { return boost::beast::iequals(name, known); });
    if (is_secret) return true;
  }
  return false;
}

std::vector<std::string_view> protocols(const http::fields& fields) {
  std::vector<std::string_view> names;
  const auto [first, last] = fields.equal_range(http::field::sec_websocket_protocol);
  for (auto field = first; field != last; ++field) {
    std::string_view rest{field->value().data(), field->value().size()};
    while (!rest.empty()) {
      const std::string_view name = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), name.size() + 1));
      names.push_back(trimmed(name));
    }
  }
  return names;
}

LoginRefusal bad_request(std::string reason) {
  return {.status = 400, .reason = std::move(reason), .retry_after_s = 0};
}

}  // namespace

boost::system::result<Credentials, LoginRefusal> read_credentials(const http::fields& fields,
                                                                  std::string_view target) {
  if (query_has_secret(target)) {
    return bad_request(
        "credentials in an address end up in logs; give Authorization: Bearer, or a ticket in "
        "Sec-WebSocket-Protocol");
  }
  Credentials shown;
  if (const auto count = fields.count(http::field::authorization); count > 1) {
    return bad_request("there is more than one Authorization");
  } else if (count == 1) {
    constexpr std::string_view kScheme = "bearer ";
    const auto value = fields[http::field::authorization];
    const std::string_view text = trimmed({value.data(), value.size()});
    if (!boost::beast::iequals(text.substr(0, kScheme.size()), kScheme)) {
      return LoginRefusal{.status = 401, .reason = "only Authorization: Bearer TOKEN is known"};
    }
    shown.token = trimmed(text.substr(kScheme.size()));
    if (shown.token->size() > limits::kCredentialHeaderBytes) {
      return LoginRefusal{.status = 401, .reason = "this is longer than any token"};
    }
  }
  for (const std::string_view name : protocols(fields)) {
    if (!name.starts_with(kTicketProtocolPrefix)) continue;
    if (shown.ticket || shown.token) return bad_request("there is more than one credential");
    shown.ticket = name.substr(kTicketProtocolPrefix.size());
  }
  if (shown.ticket && !offers_protocol(fields)) {
    return bad_request("a ticket needs the protocol bulkhead.v1 beside it, to be answered with");
  }
  return shown;
}

bool offers_protocol(const http::fields& fields) {
  const auto names = protocols(fields);
  return std::find(names.begin(), names.end(), kWebSocketProtocol) != names.end();
}

}  // namespace bulkhead::supervisor
