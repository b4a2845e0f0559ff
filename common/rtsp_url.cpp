#include "common/rtsp_url.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "common/limits.hpp"
#include "common/percent_encoding.hpp"
#include "common/redaction.hpp"
#include "common/utf8.hpp"

namespace bulkhead {

namespace {

constexpr std::uint16_t kRtspPort = 554;
constexpr std::uint16_t kRtspsPort = 322;
constexpr std::size_t kHostChars = 253;
constexpr std::size_t kSchemeChars = 16;
constexpr std::string_view kUnreserved =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
constexpr std::string_view kAlnum =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

// Keys under which cameras take credentials in path or query, lower case.
constexpr std::array<std::string_view, 18> kSecretKeys{
    "password", "passwd", "passwort", "pass",     "pwd", "psw",  "loginpas", "token",     "key",
    "apikey",   "auth",   "authkey",  "authinfo", "sig", "sign", "secret",   "signature", "pw"};
constexpr std::array<std::string_view, 4> kUserKeys{"user", "username", "usr", "loginuse"};

Error invalid(std::string message) { return {ErrorCode::InvalidParams, std::move(message), {}}; }

std::string lower(std::string_view text) {
  std::string result{text};
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string percent_encoded_path(std::string_view path) {
  constexpr std::string_view kHexDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : path) {
    if (c == '/' || kUnreserved.find(c) != std::string_view::npos) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kHexDigits[byte / 16U];
    encoded += kHexDigits[byte % 16U];
  }
  return encoded;
}

bool is_ipv6(std::string_view text) {
  const std::string address{text.substr(0, text.find('%'))};  // what follows is a zone
  const std::string_view zone = text.substr(address.size());
  in6_addr parsed{};
  if (::inet_pton(AF_INET6, address.c_str(), &parsed) != 1) return false;
  return zone.empty() ||
         (zone.size() > 1 && zone.find_first_not_of(kUnreserved, 1) == std::string_view::npos);
}

/// IPv4 as C libraries also read it: in fewer than four numbers, octal or hexadecimal. Whoever
/// writes an address so hides it, and GLib would look it up as a name that nobody has.
bool is_odd_ipv4(const std::string& text) {
  in_addr odd{};
  in_addr plain{};
  return ::inet_aton(text.c_str(), &odd) != 0 && ::inet_pton(AF_INET, text.c_str(), &plain) != 1;
}

bool may_be_host_name(std::string_view text) {
  return !text.empty() && text.size() <= kHostChars && kAlnum.find(text[0]) != text.npos &&
         text.find_first_not_of(kUnreserved) == text.npos;
}

/// One credential inside a path or query: where its value lies.
struct SecretSpan {
  std::size_t begin;
  std::size_t end;
  bool is_user;
};

template <class Keys>
std::size_t match_key(std::string_view text, const Keys& keys) {
  for (const std::string_view key : keys) {
    if (text.size() > key.size() && text[key.size()] == '=' &&
        lower(text.substr(0, key.size())) == key) {
      return key.size() + 1;
    }
  }
  return 0;
}

/// Length of "key=" where one of `keys` starts at `i`, behind a separator; else 0.
template <class Keys>
std::size_t key_length_at(std::string_view path, std::size_t i, const Keys& keys) {
  if (i > 0 && kAlnum.find(path[i - 1]) != std::string_view::npos) return 0;
  return match_key(path.substr(i), keys);
}

/// Finds `key=value` anywhere behind a separator, not only in a query: some cameras take
/// `/user=admin&password=…` or `/user=admin_password=…_channel=1` as a path. A value reaches to
/// the next '&' or ';', so it may hide too much but never too little.
std::vector<SecretSpan> find_secrets(std::string_view path) {
  std::vector<SecretSpan> found;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const std::size_t user_key = key_length_at(path, i, kUserKeys);
    const std::size_t secret_key = key_length_at(path, i, kSecretKeys);
    if (user_key + secret_key == 0) continue;
    const std::size_t begin = i + user_key + secret_key;
    std::size_t end = std::min(path.find_first_of("&;", begin), path.size());
    for (std::size_t j = begin + 1; user_key != 0 && j < end; ++j) {
      if (key_length_at(path, j, kSecretKeys) != 0) end = j - 1;
    }
    found.push_back({begin, end, user_key != 0});
    i = end;
  }
  return found;
}

Result<RtspUrl> parse_file(std::string_view rest) {
  if (rest.starts_with("localhost/")) rest.remove_prefix(std::string_view{"localhost"}.size());
  if (!rest.starts_with('/'))
    return invalid("not an absolute path; write file:///path/to/clip.mp4");
  auto path = percent_decoded(rest);
  if (!path) return invalid("'%' is not followed by two hex digits; write '%' itself as %25");
  if (has_control_character(*path) || !is_utf8(*path)) {
    return invalid("the path holds control characters or no UTF-8; rename the clip");
  }
  RtspUrl url;
  url.scheme = "file";
  url.port = 0;
  url.path = std::move(*path);
  return url;
}

Result<void> parse_credentials(std::string_view text, RtspUrl& url) {
  const std::size_t colon = text.find(':');
  auto user = percent_decoded(text.substr(0, colon));
  auto password = percent_decoded(colon == text.npos ? std::string_view{} : text.substr(colon + 1));
  if (!user || !password) {
    return invalid("'%' in the credentials is not followed by two hex digits; write it as %25");
  }
  if (has_control_character(*user) || has_control_character(*password) || !is_utf8(*user) ||
      !is_utf8(*password)) {
    return invalid("the credentials hold control characters or no UTF-8; remove them");
  }
  url.user = std::move(*user);
  url.password = std::move(*password);
  return {};
}

// Host and port are not echoed: a '/' in a password makes half of it look like a port.
Result<void> parse_host(std::string_view text, RtspUrl& url) {
  std::string_view host;
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == text.npos) return invalid("'[' without ']'; write IPv6 as rtsp://[::1]:554/path");
    host = text.substr(1, close - 1);
    port = text.substr(close + 1);
    if (!is_ipv6(host)) return invalid("no IPv6 address inside [ ]; write it as rtsp://[::1]/path");
  } else {
    host = text.substr(0, text.find(':'));
    port = text.substr(host.size());
    if (!may_be_host_name(host)) {
      return invalid(
          "no valid host; use a name of letters, digits, '.', '-' and '_' (1 to 253), an IPv4 "
          "address or [IPv6]; write '/', '?' and '@' of a password as %2F, %3F and %40");
    }
  }
  url.host = lower(host);
  if (is_odd_ipv4(url.host)) {
    return invalid(
        "the host is a number; write an IPv4 address as 192.0.2.7, four numbers, decimal");
  }
  url.port = url.scheme == "rtsps" ? kRtspsPort : kRtspPort;
  if (port.empty()) return {};
  const char* const end = port.data() + port.size();
  const auto [parsed, failure] = std::from_chars(port.data() + 1, end, url.port);
  if (port[0] != ':' || port.size() < 2 || parsed != end || failure != std::errc{} ||
      url.port == 0) {
    return invalid(
        "the port is no number from 1 to 65535; write '/', '?' and '@' of a password as %2F, %3F "
        "and %40");
  }
  return {};
}

}  // namespace

Result<RtspUrl> RtspUrl::parse(std::string_view text) {
  if (text.size() > limits::kUrlChars) {
    return invalid("has " + std::to_string(text.size()) + " characters; at most " +
                   std::to_string(limits::kUrlChars) + " are accepted");
  }
  if (has_control_character(text) || !is_utf8(text)) {
    return invalid("holds control characters or no UTF-8; remove them");
  }
  const std::size_t mark = text.find("://");
  if (mark == text.npos || mark == 0) {
    return invalid("no scheme; write rtsp://host/path, rtsps://host/path or file:///path");
  }
  RtspUrl url;
  url.scheme = lower(text.substr(0, mark));
  const std::string_view rest = text.substr(mark + 3);
  if (url.scheme == "file") return parse_file(rest);
  if (url.scheme != "rtsp" && url.scheme != "rtsps") {
    const bool plain = mark <= kSchemeChars && url.scheme.find_first_not_of(kAlnum) == text.npos;
    return invalid((plain ? "scheme \"" + url.scheme + "\"" : std::string{"the scheme"}) +
                   " is not supported; use rtsp, rtsps or file");
  }
  if (text.find(' ') != text.npos) return invalid("holds a space; write it as %20");

  const std::size_t slash = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, slash);
  // The last '@' divides, for passwords often hold an unescaped one.
  if (const std::size_t at = authority.rfind('@'); at != authority.npos) {
    if (const auto done = parse_credentials(authority.substr(0, at), url); !done) {
      return done.error();
    }
    authority.remove_prefix(at + 1);
  }
  if (const auto done = parse_host(authority, url); !done) return done.error();
  url.path = rest.substr(slash);
  if (url.path.starts_with('?')) url.path.insert(0, 1, '/');
  return url;
}

std::string RtspUrl::origin() const {
  if (scheme == "file") return "file://";
  const bool ipv6 = host.find(':') != std::string::npos;
  std::string text = scheme + "://" + (ipv6 ? "[" + host + "]" : host);
  // The port of rtsps is always written: not every client takes 322 for its default.
  if (scheme != "rtsp" || port != kRtspPort) text += ":" + std::to_string(port);
  return text;
}

std::string RtspUrl::printable() const {
  std::string text = origin();
  if (scheme == "file") return text + percent_encoded_path(path);
  std::string masked;
  std::size_t done = 0;
  for (const SecretSpan& secret : find_secrets(path)) {
    masked.append(path, done, secret.begin - done);
    masked += kRedacted;
    done = secret.end;
  }
  masked.append(path, done);
  // What stands before an '@' may be the rest of a password that held a '/'.
  if (const std::size_t at = masked.rfind('@'); at != std::string::npos) {
    masked.replace(1, at - 1, kRedacted);
  }
  return text + masked;
}

std::string RtspUrl::location() const {
  return origin() + (scheme == "file" ? percent_encoded_path(path) : path);
}

std::vector<std::string> RtspUrl::secrets() const {
  std::vector<std::string> values;
  if (!password.empty()) values.push_back(password);
  if (scheme == "file") return values;
  for (const SecretSpan& secret : find_secrets(path)) {
    if (secret.is_user || secret.begin == secret.end) continue;
    std::string value = path.substr(secret.begin, secret.end - secret.begin);
    values.push_back(percent_decoded(value).value_or(value));
  }
  return values;
}

}  // namespace bulkhead
