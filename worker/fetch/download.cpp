#include "worker/fetch/download.hpp"

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/ip_address.hpp"
#include "common/model_limits.hpp"

namespace bulkhead::worker {

namespace {

struct EndEasy {
  void operator()(CURL* easy) const noexcept { ::curl_easy_cleanup(easy); }
};

/// Address and port of what is about to be connected to.
std::optional<std::pair<IpAddress, std::uint16_t>> peer_of(const curl_sockaddr& peer) {
  // An IPv6 address is longer than the member's type; curl has room for it.
  sockaddr_storage whole{};
  std::memcpy(&whole, static_cast<const void*>(&peer.addr),
              std::min<std::size_t>(sizeof whole, peer.addrlen));
  if (peer.family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(whole);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&v4.sin_addr);
    return std::pair{IpAddress::from_network({bytes, sizeof v4.sin_addr}), ntohs(v4.sin_port)};
  }
  if (peer.family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(whole);
    return std::pair{IpAddress::from_network(v6.sin6_addr.s6_addr), ntohs(v6.sin6_port)};
  }
  return std::nullopt;
}

/// One request; what its callbacks find.
class Request {
 public:
  Request(const ipc::FetchJob& job, int file, std::uint64_t offset)
      : job_{job}, file_{file}, bytes_{offset}, easy_{::curl_easy_init()} {
    if (easy_) arrange(offset);
  }

  CURLcode perform() { return easy_ ? ::curl_easy_perform(easy_.get()) : CURLE_OUT_OF_MEMORY; }

  [[nodiscard]] long status() const {
    long status = 0;
    ::curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    return status;
  }
  [[nodiscard]] Error error_of(CURLcode code) const;

 private:
  void arrange(std::uint64_t offset);
  [[nodiscard]] std::string where() const { return "https://" + job_.url->host; }
  [[nodiscard]] Error of_status() const;
  bool append(std::span<const char> bytes);

  static std::size_t on_bytes(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& request = *static_cast<Request*>(self);
    return request.append({bytes, size * count}) ? size * count : 0;
  }
  static curl_socket_t on_connect(void* self, curlsocktype, curl_sockaddr* peer) {
    auto& request = *static_cast<Request*>(self);
    const auto address = peer_of(*peer);
    if (!address) return CURL_SOCKET_BAD;
    if (auto why = request.job_.addresses.denial(address->first, address->second)) {
      request.denial_ = std::move(why);
      return CURL_SOCKET_BAD;
    }
    return ::socket(peer->family, peer->socktype | SOCK_CLOEXEC, peer->protocol);
  }

  const ipc::FetchJob& job_;
  const int file_;
  std::uint64_t bytes_;  // in the file
  std::unique_ptr<CURL, EndEasy> easy_;
  std::array<char, CURL_ERROR_SIZE> text_{};
  std::optional<std::string> denial_;
  std::optional<Error> write_error_;
};

void Request::arrange(std::uint64_t offset) {
  CURL* const easy = easy_.get();
  const auto left = static_cast<curl_off_t>(job_.max_bytes - offset);
  ::curl_easy_setopt(easy, CURLOPT_URL, job_.url->location().c_str());
  ::curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
  ::curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
  ::curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
  ::curl_easy_setopt(easy, CURLOPT_MAXREDIRS, limits::kFetchRedirects);
  ::curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  ::curl_easy_setopt(easy, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  ::curl_easy_setopt(easy, CURLOPT_PROXY, "");
  ::curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
  ::curl_easy_setopt(easy, CURLOPT_USERAGENT, "bulkhead");
  ::curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT,
                     long{std::chrono::seconds{limits::kFetchConnectTime}.count()});
  ::curl_easy_setopt(easy, CURLOPT_TIMEOUT, static_cast<long>(job_.time_s));
  ::curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, limits::kFetchBytesPerSecond);
  ::curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(job_.silence_s));
  ::curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, left);
  ::curl_easy_setopt(easy, CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(offset));
  ::curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, text_.data());
  ::curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Request::on_bytes);
  ::curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  ::curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &Request::on_connect);
  ::curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  if (!job_.ca_file.empty()) {
    ::curl_easy_setopt(easy, CURLOPT_CAINFO, job_.ca_file.c_str());
    ::curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
}

bool Request::append(std::span<const char> bytes) {
  if (bytes.size() > job_.max_bytes - bytes_) {
    write_error_ = Error{ErrorCode::LimitReached,
                         where() + " sends more than the " + std::to_string(job_.max_bytes) +
                             " bytes that are allowed",
                         {}};
    return false;
  }
  bytes_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      write_error_ = errno_error(ErrorCode::Io, "cannot write what is fetched");
      return false;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

Error Request::of_status() const {
  const std::string what = where() + " answers with status " + std::to_string(status());
  switch (status()) {
    case 404:
    case 410:
      return {ErrorCode::NotFound, what + "; there is no such file", {}};
    case 401:
    case 403:
      return {
          ErrorCode::PermissionDenied, what + "; put the file where nobody needs to log in", {}};
    default:
      return {ErrorCode::Unavailable, what, {}};
  }
}

Error Request::error_of(CURLcode code) const {
  if (denial_) return {ErrorCode::AddressDenied, *denial_, {}};
  if (write_error_) return *write_error_;
  const std::string text = text_.front() != '\0' ? text_.data() : ::curl_easy_strerror(code);
  switch (code) {
    case CURLE_HTTP_RETURNED_ERROR:
      return of_status();
    case CURLE_FILESIZE_EXCEEDED:
      return {ErrorCode::LimitReached,
              where() + " has more than the " + std::to_string(job_.max_bytes) +
                  " bytes that are allowed",
              {}};
    case CURLE_OPERATION_TIMEDOUT:
      return {ErrorCode::Timeout, where() + " is too slow: " + text, {}};
    case CURLE_PEER_FAILED_VERIFICATION:
      return {ErrorCode::ConnectFailed,
              where() + " has a certificate that is not trusted: " + text +
                  "; name who vouches for it in models.ca_file",
              {}};
    case CURLE_TOO_MANY_REDIRECTS:
      return {ErrorCode::NotFound, where() + " redirects without end: " + text, {}};
    case CURLE_UNSUPPORTED_PROTOCOL:
      return {ErrorCode::AddressDenied,
              where() + " redirects to an address that is not https: " + text,
              {}};
    case CURLE_OUT_OF_MEMORY:
      return {ErrorCode::OutOfMemory, "no memory left to fetch with", {}};
    default:
      return {ErrorCode::ConnectFailed, where() + ": " + text, {}};
  }
}

}  // namespace

Result<> download(const ipc::FetchJob& job, int file) {
  auto offset = static_cast<std::uint64_t>(std::max<off_t>(::lseek(file, 0, SEEK_END), 0));
  if (offset >= job.max_bytes) offset = 0;
  for (;;) {
    if (offset == 0 && (::ftruncate(file, 0) != 0 || ::lseek(file, 0, SEEK_SET) != 0)) {
      return errno_error(ErrorCode::Io, "cannot empty the file to fetch into");
    }
    Request request{job, file, offset};
    const CURLcode code = request.perform();
    // A server that gives no parts gives the whole.
    if (code == CURLE_RANGE_ERROR && offset > 0) {
      offset = 0;
      continue;
    }
    if (code != CURLE_OK) return request.error_of(code);
    return {};
  }
}

}  // namespace bulkhead::worker
