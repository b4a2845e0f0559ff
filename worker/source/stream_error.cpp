#include "worker/source/stream_error.hpp"

#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>

#include "worker/source/gst_handles.hpp"

namespace bulkhead::worker {

namespace {

Error error_for_status(unsigned status, const std::string& text) {
  const std::string number = std::to_string(status);
  switch (status) {
    case 401:
    case 403:
    case 407:
      return {ErrorCode::AuthFailed,
              "The camera refuses user and password (RTSP " + number + "); check them", "rtspUrl"};
    case 404:
    case 410:
      return {ErrorCode::NotFound,
              "The camera has no stream of this path (RTSP " + number + "); check the address",
              "rtspUrl"};
    case 453:
    case 503:
      return {
          ErrorCode::LimitReached, "The camera serves no further viewer (RTSP " + number + ")", {}};
    case 461:
      return {ErrorCode::ConnectFailed,
              "The camera does not offer this transport (RTSP 461); try the other one",
              "transport"};
    default:
      return {ErrorCode::ConnectFailed, "The camera answered RTSP " + number + ": " + text, {}};
  }
}

ErrorCode code_for_resource(int code) {
  switch (code) {
    case GST_RESOURCE_ERROR_NOT_FOUND:
      return ErrorCode::NotFound;
    case GST_RESOURCE_ERROR_NOT_AUTHORIZED:
      return ErrorCode::AuthFailed;
    default:
      return ErrorCode::ConnectFailed;
  }
}

ErrorCode code_for_stream(int code) {
  switch (code) {
    case GST_STREAM_ERROR_TYPE_NOT_FOUND:
    case GST_STREAM_ERROR_WRONG_TYPE:
    case GST_STREAM_ERROR_CODEC_NOT_FOUND:
      return ErrorCode::UnsupportedCodec;
    default:
      return ErrorCode::DecodeError;
  }
}

// The useful part of a debug text is its last line; those before name a source file and an object.
std::string last_line(std::string_view text) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const std::size_t line = text.rfind('\n');
  return std::string{line == std::string_view::npos ? std::string_view{} : text.substr(line + 1)};
}

// Where rtspsrc gives the status only inside its text, e.g. "Error (503): Service Unavailable".
unsigned status_in(std::string_view text) {
  constexpr std::string_view kBefore = "Error (";
  constexpr std::size_t kDigits = 3;
  const std::size_t at = text.find(kBefore);
  if (at == std::string_view::npos) return 0;
  const std::string_view digits = text.substr(at + kBefore.size(), kDigits);
  unsigned status = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), status);
  return failure == std::errc{} && end == digits.data() + digits.size() ? status : 0;
}

}  // namespace

StreamFailure stream_failure(GstMessage* error_message) {
  GError* raised = nullptr;
  gchar* raw_debug = nullptr;
  gst_message_parse_error(error_message, &raised, &raw_debug);
  const GstOwned<GError> error{raised};
  const GstOwned<gchar> debug{raw_debug};
  StreamFailure failure{error->domain, error->code, error->message, 0};
  if (debug) {
    if (const std::string reason = last_line(debug.get()); !reason.empty()) {
      failure.text += " " + reason;
    }
  }
  const GstStructure* details = nullptr;
  gst_message_parse_error_details(error_message, &details);
  if (details != nullptr) {
    gst_structure_get_uint(details, "rtsp-status-code", &failure.rtsp_status);
  }
  if (failure.rtsp_status == 0) failure.rtsp_status = status_in(failure.text);
  return failure;
}

Error classify(const StreamFailure& failure, const StreamOffer& offer) {
  if (failure.rtsp_status >= 300) return error_for_status(failure.rtsp_status, failure.text);
  if (offer.is_known && !offer.has_usable) {
    if (!offer.has_video) return {ErrorCode::NoVideo, "The stream has no video", {}};
    return {ErrorCode::UnsupportedCodec,
            "The camera offers " + offer.other_codecs +
                "; only H.264 and H.265 are supported: change its video codec",
            {}};
  }
  if (failure.domain == GST_RESOURCE_ERROR && failure.code == GST_RESOURCE_ERROR_OPEN_READ_WRITE) {
    return {
        ErrorCode::ConnectFailed,
        "The camera cannot be reached: check address and port, and that it is on. " + failure.text,
        "rtspUrl"};
  }
  ErrorCode code = ErrorCode::Internal;
  if (failure.domain == GST_RESOURCE_ERROR) code = code_for_resource(failure.code);
  if (failure.domain == GST_STREAM_ERROR) code = code_for_stream(failure.code);
  if (failure.domain == GST_LIBRARY_ERROR) code = ErrorCode::ConnectFailed;
  return {code, failure.text, {}};
}

}  // namespace bulkhead::worker
