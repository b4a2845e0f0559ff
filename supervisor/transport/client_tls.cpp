#include "supervisor/transport/client_tls.hpp"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <boost/asio/ip/address.hpp>

#include "supervisor/transport/tls_context.hpp"

namespace bulkhead::cli {

namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

Error unusable(const char* option, const std::string& file, const error_code& why) {
  return {ErrorCode::InvalidParams,
          std::string{option} + ": cannot use " + file + ": " + why.message(), option};
}

}  // namespace

Result<std::shared_ptr<ssl::context>> make_tls_context(const TlsFiles& files) {
  auto made = new_tls_context(ssl::context::tls_client);
  if (!made) return made;
  auto& context = *made;
  error_code error;
  if (files.ca.empty()) {
    context->set_default_verify_paths(error);
  } else {
    context->load_verify_file(files.ca, error);
  }
  if (error) return unusable("--ca-file", files.ca, error);
  context->set_verify_mode(ssl::verify_peer, error);
  if (!files.certificate.empty()) {
    context->use_certificate_chain_file(files.certificate, error);
    if (error) return unusable("--cert-file", files.certificate, error);
    context->use_private_key_file(files.key, ssl::context::pem, error);
    if (error) return unusable("--key-file", files.key, error);
    if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
      return Error{ErrorCode::InvalidParams,
                   "--key-file: " + files.key + " is not the key of --cert-file", "--key-file"};
    }
  }
  return made;
}

Result<TransportStream::Tls*> secure_client(TransportStream& stream, ssl::context& context,
                                            const std::string& host) {
  auto tls = stream.secure(context);
  if (!tls) return tls;
  SSL* const native = (*tls)->native_handle();
  SSL_set_hostflags(native,
                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  error_code no_address;
  boost::asio::ip::make_address(host, no_address);
  X509_VERIFY_PARAM* const expected = SSL_get0_param(native);
  // Server Name Indication is for names alone (RFC 6066 §3).
  const bool is_asked =
      no_address ? X509_VERIFY_PARAM_set1_host(expected, host.data(), host.size()) == 1 &&
                       SSL_set_tlsext_host_name(native, host.c_str()) == 1
                 : X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1;
  if (is_asked) return tls;
  return Error{ErrorCode::InvalidParams, "TLS cannot ask for the host " + host, "--url"};
}

std::string distrust_of(TransportStream::Tls& tls) {
  const long verdict = SSL_get_verify_result(tls.native_handle());
  return verdict == X509_V_OK ? std::string{} : X509_verify_cert_error_string(verdict);
}

}  // namespace bulkhead::cli
