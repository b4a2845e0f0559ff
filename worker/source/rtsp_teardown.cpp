#include "worker/source/rtsp_teardown.hpp"

#include <gst/rtsp/gstrtspconnection.h>
#include <gst/rtsp/gstrtspmessage.h>
#include <pthread.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "common/limits.hpp"
#include "worker/source/address_guard.hpp"

namespace bulkhead::worker {

namespace {

struct RtspRelease {
  void operator()(GstRTSPUrl* url) const { gst_rtsp_url_free(url); }
  void operator()(GstRTSPConnection* connection) const { gst_rtsp_connection_free(connection); }
  void operator()(GstRTSPMessage* message) const { gst_rtsp_message_free(message); }
  void operator()(GstRTSPAuthCredential** offered) const {
    gst_rtsp_auth_credentials_free(offered);
  }
};
template <class T>
using RtspOwned = std::unique_ptr<T, RtspRelease>;
using OfferedCredentials = std::unique_ptr<GstRTSPAuthCredential*, RtspRelease>;

/// Ends all waits of a connection once the limit is over or a stop is requested. GStreamer's own
/// limits are for one read each, a name is looked up without any, and a message that has begun is
/// read to its end whatever is asked, so that a camera could give a byte a second.
class WaitLimit {
 public:
  WaitLimit(GstRTSPConnection* connection, std::chrono::milliseconds limit, std::stop_token stop)
      : connection_{connection},
        stopping_{std::move(stop), [this] { end_waits(); }},
        thread_{[this, limit](const std::stop_token& done) {
          ::pthread_setname_np(::pthread_self(), "wait-limit");
          std::mutex mutex;
          std::condition_variable_any never_notified;
          std::unique_lock lock{mutex};
          never_notified.wait_for(lock, done, limit, [] { return false; });
          if (!done.stop_requested()) end_waits();
        }} {}

  /// From now on there is a socket.
  void connected() {
    const std::lock_guard lock{mutex_};
    socket_ = gst_rtsp_connection_get_read_socket(connection_);
    if (over_) g_socket_shutdown(socket_, TRUE, TRUE, nullptr);
  }

 private:
  void end_waits() {
    gst_rtsp_connection_flush(connection_, TRUE);
    const std::lock_guard lock{mutex_};
    over_ = true;
    if (socket_ != nullptr) g_socket_shutdown(socket_, TRUE, TRUE, nullptr);
  }

  GstRTSPConnection* const connection_;
  std::mutex mutex_;
  GSocket* socket_ = nullptr;  // the connection's; null: none yet
  bool over_ = false;
  const std::stop_callback<std::function<void()>> stopping_;
  const std::jthread thread_;
};

RtspOwned<GstRTSPMessage> new_message() {
  GstRTSPMessage* message = nullptr;
  gst_rtsp_message_new(&message);
  return RtspOwned<GstRTSPMessage>{message};
}

/// The reply to TEARDOWN; null: there was none.
RtspOwned<GstRTSPMessage> ask(GstRTSPConnection* connection, const std::string& url,
                              const std::string& session, gint64 limit_us) {
  GstRTSPMessage* raw = nullptr;
  gst_rtsp_message_new_request(&raw, GST_RTSP_TEARDOWN, url.c_str());
  const RtspOwned<GstRTSPMessage> request{raw};
  gst_rtsp_message_add_header(request.get(), GST_RTSP_HDR_SESSION, session.c_str());
  if (gst_rtsp_connection_send_usec(connection, request.get(), limit_us) != GST_RTSP_OK) return {};
  auto reply = new_message();
  do {
    gst_rtsp_message_unset(reply.get());
    if (gst_rtsp_connection_receive_usec(connection, reply.get(), limit_us) != GST_RTSP_OK)
      return {};
  } while (gst_rtsp_message_get_type(reply.get()) != GST_RTSP_MESSAGE_RESPONSE);
  return reply;
}

GstRTSPStatusCode status_of(GstRTSPMessage* reply) {
  GstRTSPStatusCode status = GST_RTSP_STS_INVALID;
  gst_rtsp_message_parse_response(reply, &status, nullptr, nullptr);
  return status;
}

/// Makes the next request answer the challenge of this reply: by Digest where that is offered.
bool take_challenge(GstRTSPConnection* connection, GstRTSPMessage* reply, const RtspUrl& camera) {
  if (camera.user.empty() && camera.password.empty()) return false;
  const OfferedCredentials offered{
      gst_rtsp_message_parse_auth_credentials(reply, GST_RTSP_HDR_WWW_AUTHENTICATE)};
  const GstRTSPAuthCredential* best = nullptr;
  for (auto** each = offered.get(); each != nullptr && *each != nullptr; ++each) {
    const GstRTSPAuthMethod method = (*each)->scheme;
    if (method == GST_RTSP_AUTH_DIGEST || (method == GST_RTSP_AUTH_BASIC && best == nullptr)) {
      best = *each;
    }
  }
  if (best == nullptr) return false;
  gst_rtsp_connection_clear_auth_params(connection);
  for (auto** each = best->params; each != nullptr && *each != nullptr; ++each) {
    gst_rtsp_connection_set_auth_param(connection, (*each)->name, (*each)->value);
  }
  return gst_rtsp_connection_set_auth(connection, best->scheme, camera.user.c_str(),
                                      camera.password.c_str()) == GST_RTSP_OK;
}

Result<> judge(GstRTSPStatusCode status) {
  if (status == GST_RTSP_STS_OK) return {};
  std::string text = "The camera answered RTSP " + std::to_string(static_cast<int>(status));
  switch (status) {
    case GST_RTSP_STS_UNAUTHORIZED:
    case GST_RTSP_STS_FORBIDDEN:
      return Error{ErrorCode::AuthFailed, std::move(text), "rtspUrl"};
    case GST_RTSP_STS_NOT_FOUND:
    case GST_RTSP_STS_SESSION_NOT_FOUND:
      return Error{ErrorCode::NotFound, std::move(text), {}};
    default:
      return Error{ErrorCode::ConnectFailed, std::move(text), {}};
  }
}

}  // namespace

Result<> end_rtsp_session(const RtspUrl& camera, const RtspSession& session,
                          std::chrono::milliseconds limit, std::stop_token stop) {
  const Error silent{ErrorCode::ConnectFailed,
                     "The camera gave no answer within " + std::to_string(limit.count()) + " ms",
                     {}};
  GstRTSPUrl* parsed = nullptr;
  gst_rtsp_url_parse(camera.location().c_str(), &parsed);
  const RtspOwned<GstRTSPUrl> url{parsed};
  GstRTSPConnection* made = nullptr;
  if (!url || gst_rtsp_connection_create(url.get(), &made) != GST_RTSP_OK) return silent;
  const RtspOwned<GstRTSPConnection> connection{made};
  gst_rtsp_connection_set_content_length_limit(connection.get(), limits::kLeftSessionReplyBytes);

  RtspUrl place = camera;
  place.path = session.path;
  const std::string location = place.location();
  const gint64 limit_us = std::chrono::microseconds{limit}.count();
  WaitLimit waits{connection.get(), limit, std::move(stop)};
  if (gst_rtsp_connection_connect_usec(connection.get(), limit_us) != GST_RTSP_OK) {
    const auto why = take_denial();
    return why ? Error{ErrorCode::AddressDenied, *why, "rtspUrl"} : silent;
  }
  waits.connected();
  auto reply = ask(connection.get(), location, session.id, limit_us);
  if (reply && status_of(reply.get()) == GST_RTSP_STS_UNAUTHORIZED &&
      take_challenge(connection.get(), reply.get(), camera)) {
    reply = ask(connection.get(), location, session.id, limit_us);
  }
  return reply ? judge(status_of(reply.get())) : Result<>{silent};
}

}  // namespace bulkhead::worker
