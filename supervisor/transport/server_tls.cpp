#include "supervisor/transport/server_tls.hpp"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <spdlog/logger.h>
#include <sys/stat.h>

#include <boost/asio/ssl/error.hpp>
#include <ctime>
#include <optional>
#include <utility>

#include "common/rotating_log.hpp"
#include "supervisor/transport/tls_context.hpp"

namespace bulkhead::supervisor {

namespace {

namespace fs = std::filesystem;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

Error unusable(const char* field, const fs::path& file, const std::string& why) {
  return {ErrorCode::InvalidParams, "cannot use " + file.string() + ": " + why, field};
}

std::optional<Error> refuse_open_key(const fs::path& key) {
  struct stat found {};
  if (::stat(key.c_str(), &found) != 0 || (found.st_mode & S_IROTH) == 0) return std::nullopt;
  return unusable("listen.tls.key", key, "everybody may read it; chmod o-r it");
}

/// "2027-02-01", or nothing where OpenSSL cannot tell.
std::string last_day(const ssl::context& context, bool& is_over) {
  const X509* certificate =
      SSL_CTX_get0_certificate(const_cast<ssl::context&>(context).native_handle());
  const ASN1_TIME* end = certificate == nullptr ? nullptr : X509_get0_notAfter(certificate);
  std::tm parts{};
  if (end == nullptr || ASN1_TIME_to_tm(end, &parts) != 1) return {};
  is_over = X509_cmp_current_time(end) < 0;
  std::array<char, 16> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts)};
}

}  // namespace

Result<std::shared_ptr<ssl::context>> make_tls_context(const TlsFiles& files) {
  auto made = new_tls_context(ssl::context::tls_server);
  if (!made) return made;
  auto& context = *made;
  SSL_CTX* const native = context->native_handle();
  SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // Who resumes brings a ticket: nothing is kept for who never comes back.
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  // Without it OpenSSL refuses a client that resumes a session where certificates are asked for.
  constexpr std::array<unsigned char, 8> kSessions{'b', 'u', 'l', 'k', 'h', 'e', 'a', 'd'};
  SSL_CTX_set_session_id_context(native, kSessions.data(), kSessions.size());
  error_code error;
  // Who starts a service is not there to be asked.
  context->set_password_callback([](std::size_t, ssl::context::password_purpose) { return ""; },
                                 error);
  context->use_certificate_chain_file(files.certificate.string(), error);
  if (error) return unusable("listen.tls.certificate", files.certificate, error.message());
  if (auto refused = refuse_open_key(files.key)) return *std::move(refused);
  context->use_private_key_file(files.key.string(), ssl::context::pem, error);
  if (error) return unusable("listen.tls.key", files.key, error.message());
  // OpenSSL compares by itself only keys of one kind.
  if (SSL_CTX_check_private_key(native) != 1) {
    return unusable("listen.tls.key", files.key, "it is not the key of listen.tls.certificate");
  }
  if (!files.client_ca.empty()) {
    context->load_verify_file(files.client_ca.string(), error);
    if (error) return unusable("listen.tls.client_ca", files.client_ca, error.message());
    context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, error);
  }
  return made;
}

Result<ServerTls> ServerTls::load(TlsFiles files, std::chrono::milliseconds look,
                                  std::shared_ptr<spdlog::logger> log) {
  ServerTls tls{std::move(files), look, std::move(log)};
  if (const auto read = tls.read(); !read) return read.error();
  return tls;
}

const std::shared_ptr<ssl::context>& ServerTls::context() {
  if (Clock::now() - looked_ < look_) return context_;
  looked_ = Clock::now();
  // After a failure at each look, for not all that mends one shows in the files.
  if (complaint_.empty() && marks() == marks_) return context_;
  if (const auto done = read(); done) {
    complaint_.clear();
  } else if (std::exchange(complaint_, done.error().message) != done.error().message) {
    log_->error("the certificate in use stays, for the new one is no good field={} text=\"{}\"",
                done.error().field, log_value(done.error().message));
  }
  return context_;
}

Result<void> ServerTls::read() {
  looked_ = Clock::now();
  marks_ = marks();  // before reading: what changes meanwhile is read at the next look
  auto context = make_tls_context(files_);
  if (!context) return context.error();
  context_ = *std::move(context);
  bool is_over = false;
  const std::string day = last_day(*context_, is_over);
  log_->log(is_over ? spdlog::level::warn : spdlog::level::info,
            "certificate file={} {}={} client_certificates={}",
            log_value(files_.certificate.string()), is_over ? "expired" : "expires", day,
            files_.client_ca.empty() ? "none" : "required");
  return {};
}

ServerTls::Marks ServerTls::marks() const {
  const auto mark_of = [](const fs::path& file) -> Mark {
    struct stat found {};
    if (file.empty() || ::stat(file.c_str(), &found) != 0) return {};
    return {found.st_ctim.tv_sec * 1'000'000'000 + found.st_ctim.tv_nsec,
            static_cast<std::int64_t>(found.st_size), static_cast<std::int64_t>(found.st_ino)};
  };
  return {mark_of(files_.certificate), mark_of(files_.key), mark_of(files_.client_ca)};
}

}  // namespace bulkhead::supervisor
