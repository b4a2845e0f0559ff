#include "common/model_url.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "common/ip_address.hpp"
#include "common/limits.hpp"
#include "common/pipeline_spec.hpp"

namespace bulkhead {

namespace {

constexpr std::string_view kScheme = "https://";
constexpr std::string_view kPin = "#sha256=";
constexpr std::size_t kSha256Digits = 64;
constexpr std::size_t kLongestHost = 253;  // of a name in DNS

Error bad_url(std::string message) { return {ErrorCode::InvalidParams, std::move(message), {}}; }

std::string lower_case(std::string_view text) {
  std::string lower{text};
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool is_host_name(std::string_view host) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  };
  return !host.empty() && host.size() <= kLongestHost && host.front() != '.' &&
         host.front() != '-' && std::ranges::all_of(host, allowed);
}

/// `authority` without its port, which must be a number.
std::optional<std::string_view> take_port(std::string_view authority, std::uint16_t& port) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon == std::string_view::npos) return authority;
  const char* const end = authority.data() + authority.size();
  const auto [rest, bad] = std::from_chars(authority.data() + colon + 1, end, port);
  if (bad != std::errc{} || rest != end || port == 0) return std::nullopt;
  return authority.substr(0, colon);
}

Result<> read_authority(std::string_view authority, ModelUrl& url) {
  if (authority.find('@') != std::string_view::npos) {
    return bad_url("takes no user or password; put the file where it needs none");
  }
  const auto host = take_port(authority, url.port);
  if (!host) return bad_url("has a wrong port; give a number from 1 to 65535");
  if (host->starts_with('[')) {
    const auto inside = host->substr(1, host->size() - std::min<std::size_t>(host->size(), 2));
    const auto address = IpAddress::parse(inside);
    if (!host->ends_with(']') || !address || inside.find(':') == std::string_view::npos ||
        inside.find('%') != std::string_view::npos) {
      return bad_url("has a wrong IPv6 address between its brackets");
    }
    url.host = lower_case(inside);
    return {};
  }
  url.host = lower_case(*host);
  if (!is_host_name(url.host)) return bad_url("has no host that could be asked");
  return {};
}

}  // namespace

bool is_model_url(std::string_view model) noexcept {
  return model.find("://") != std::string_view::npos;
}

bool is_sha256(std::string_view text) noexcept {
  return text.size() == kSha256Digits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Result<ModelUrl> ModelUrl::parse(std::string_view text) {
  if (text.size() > limits::kPathBytes) {
    return bad_url("is longer than " + std::to_string(limits::kPathBytes) + " bytes");
  }
  if (!lower_case(text.substr(0, kScheme.size())).starts_with(kScheme)) {
    return bad_url("is no https address; models are fetched over https only");
  }
  const auto printable = [](char c) { return c > ' ' && c < 0x7f && c != '\\' && c != '"'; };
  if (!std::ranges::all_of(text, printable)) {
    return bad_url("holds a character that no address has; write it as %XX");
  }
  const std::size_t pin = text.find('#');
  const std::string_view fragment =
      pin == std::string_view::npos ? std::string_view{} : text.substr(pin);
  ModelUrl url;
  if (fragment.starts_with(kPin)) url.sha256 = lower_case(fragment.substr(kPin.size()));
  if (!is_sha256(url.sha256)) {
    return bad_url(
        "does not say which content is meant; end it with #sha256= and the 64 digits that "
        "sha256sum prints of the file");
  }
  const std::string_view rest = text.substr(kScheme.size(), pin - kScheme.size());
  const std::size_t slash = std::min(rest.find_first_of("/?"), rest.size());
  if (auto read = read_authority(rest.substr(0, slash), url); !read) return read.error();
  url.target = rest.substr(slash);
  if (!url.target.starts_with('/')) url.target.insert(0, 1, '/');
  return url;
}

std::string ModelUrl::location() const {
  const bool brackets = host.find(':') != std::string::npos;
  std::string text{kScheme};
  text += brackets ? "[" + host + "]" : host;
  if (constexpr std::uint16_t kHttpsPort = 443; port != kHttpsPort) {
    text += ":" + std::to_string(port);
  }
  return text + target;
}

std::string read_model(JsonFields& fields) {
  std::string model = fields.required_string("model", limits::kPathBytes);
  if (!is_model_url(model)) return model;
  const auto url = ModelUrl::parse(model);
  if (url) return url->text();
  fields.fail("model", url.error().message);
  return {};
}

std::vector<ModelUrl> model_urls_of(const PipelineSpec& pipeline) {
  std::vector<ModelUrl> urls;
  for (const std::string& model : models_of(pipeline)) {
    if (!is_model_url(model)) continue;
    // One that was never read from JSON is a bug, and is not fetched.
    auto url = ModelUrl::parse(model);
    if (url && std::ranges::find(urls, *url) == urls.end()) urls.push_back(std::move(*url));
  }
  return urls;
}

}  // namespace bulkhead
