#include "worker/source/rtsp_source.hpp"

#include <gst/rtsp/gstrtspmessage.h>
#include <gst/rtsp/gstrtsptransport.h>

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/ip_address.hpp"
#include "worker/source/address_guard.hpp"
#include "worker/source/camera_clock.hpp"
#include "worker/source/gst_handles.hpp"
#include "worker/source/picture_tap.hpp"
#include "worker/source/pipeline_run.hpp"
#include "worker/source/short_fragment.hpp"
#include "worker/source/stream_error.hpp"

namespace bulkhead::worker {

namespace {

constexpr const char* kUserAgent = "Bulkhead/" BULKHEAD_VERSION;

/// The elements for one codec, by the name it has in RTP.
struct Decoding {
  std::string_view encoding;
  const char* elements;
};

// One thread a decoder: more would add a frame of delay each, and cameras share the cores anyway.
constexpr Decoding kDecodings[] = {
    {"H264",
     "rtph264depay name=entry ! h264parse name=parse ! "
     "avdec_h264 name=decode max-threads=1 output-corrupt=false"},
    {"H265",
     "rtph265depay name=entry ! h265parse name=parse ! "
     "avdec_h265 name=decode max-threads=1 output-corrupt=false"},
};

const Decoding* decoding_for(std::string_view encoding) {
  for (const Decoding& decoding : kDecodings) {
    if (decoding.encoding == encoding) return &decoding;
  }
  return nullptr;
}

std::string_view text_of(const GstStructure* structure, const char* field) {
  const gchar* text = gst_structure_get_string(structure, field);
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  std::size_t at = 0;
  while (!from.empty() && (at = text.find(from, at)) != std::string::npos) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
  return text;
}

/// Of an absolute URL; of what cameras give in its place nothing, but where it is a path.
std::string path_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) {
    const std::size_t path = url.find('/', scheme + 3);
    return std::string{path == std::string_view::npos ? std::string_view{} : url.substr(path)};
  }
  return std::string{url.starts_with('/') ? url : std::string_view{}};
}

/// The end of an attempt that found no address it may connect to.
Error address_denied(const std::string& why, const RtspUrl& url) {
  const std::string name = IpAddress::parse(url.host) ? std::string{} : url.host + ": ";
  return {ErrorCode::AddressDenied, name + why, "rtspUrl"};
}

/// Named by the request that makes the camera play, whose URL is that of all its streams.
std::optional<RtspSession> session_of(GstRTSPMessage* request) {
  GstRTSPMethod method = GST_RTSP_INVALID;
  const gchar* url = nullptr;
  gst_rtsp_message_parse_request(request, &method, &url, nullptr);
  gchar* header = nullptr;
  gst_rtsp_message_get_header(request, GST_RTSP_HDR_SESSION, &header, 0);
  if (method != GST_RTSP_PLAY || url == nullptr || header == nullptr) return std::nullopt;
  const std::string_view id{header};
  RtspSession session{.id = std::string{id.substr(0, id.find(';'))}, .path = path_of(url)};
  // One that no request of ours can name is nobody's to end.
  return check(session) ? std::optional{std::move(session)} : std::nullopt;
}

/// What the callbacks of one connection share. Their threads are GStreamer's own.
class Connection {
 public:
  Connection(std::string location, std::shared_ptr<PictureTap> tap,
             std::shared_ptr<CameraClock> clock, const FrameOutlet& outlet)
      : location_{std::move(location)},
        tap_{std::move(tap)},
        clock_{std::move(clock)},
        outlet_{&outlet} {}

  /// Whether to set up this stream: the first that can be decoded.
  bool select(const GstCaps* caps) {
    const GstStructure* stream = gst_caps_get_structure(caps, 0);
    const std::string_view encoding = text_of(stream, "encoding-name");
    const std::lock_guard lock{mutex_};
    offer_.is_known = true;
    if (text_of(stream, "media") != "video") return false;
    offer_.has_video = true;
    if (decoding_for(encoding) == nullptr) {
      if (!offer_.other_codecs.empty()) offer_.other_codecs += ", ";
      offer_.other_codecs += encoding.empty() ? "video of no known codec" : encoding;
      return false;
    }
    return !std::exchange(offer_.has_usable, true);
  }

  void add_stream(GstElement* source, GstPad* pad) {
    if (const Result<> added = try_add_stream(source, pad); !added) {
      post_error(source, added.error());
    }
  }

  /// Requests go to the address the operator gave, and to no other a camera redirects us to: it
  /// would be handed the password, or be inside a network that we can reach and it cannot. And a
  /// password is tried once: rtspsrc would go on for eight times while the camera makes up new
  /// challenges, which is enough to be locked out.
  bool allows_request(GstElement* source, GstRTSPMessage* request) {
    gchar* raw = nullptr;
    g_object_get(source, "location", &raw, nullptr);
    const GstOwned<gchar> now{raw};
    if (!now || location_ != now.get()) {
      post_error(source, {ErrorCode::ConnectFailed,
                          "The camera redirects to another address; enter that address instead",
                          "rtspUrl"});
      return false;
    }
    if (count_repeats(request) <= kRepeats) {
      tell_session(request);
      return true;
    }
    post_error(source, {ErrorCode::AuthFailed, "The camera refuses user and password; check them",
                        "rtspUrl"});
    return false;
  }

  /// Nothing is told any more; whether a session was.
  bool close() {
    const std::lock_guard lock{mutex_};
    outlet_ = nullptr;
    return told_session_;
  }

  StreamOffer offer() const {
    const std::lock_guard lock{mutex_};
    return offer_;
  }

 private:
  // Of one request before the camera plays: the answer to its challenge. Later, keep-alives repeat.
  static constexpr int kRepeats = 1;

  Result<> try_add_stream(GstElement* source, GstPad* pad);

  void tell_session(GstRTSPMessage* request) {
    const auto session = session_of(request);
    const std::lock_guard lock{mutex_};
    if (!session || outlet_ == nullptr) return;
    told_session_ = true;
    outlet_->session_changed(session);
  }

  int count_repeats(GstRTSPMessage* request) {
    GstRTSPMethod method = GST_RTSP_INVALID;
    const gchar* uri = nullptr;
    gst_rtsp_message_parse_request(request, &method, &uri, nullptr);
    const std::lock_guard lock{mutex_};
    std::pair<GstRTSPMethod, std::string> sent{method, uri == nullptr ? "" : uri};
    if (has_stream_ || sent != last_sent_)
      repeats_ = 0;
    else
      ++repeats_;
    last_sent_ = std::move(sent);
    return repeats_;
  }

  const std::string location_;
  const std::shared_ptr<PictureTap> tap_;
  const std::shared_ptr<CameraClock> clock_;
  mutable std::mutex mutex_;
  const FrameOutlet* outlet_;  // null once closed
  bool told_session_ = false;
  StreamOffer offer_;
  bool has_stream_ = false;
  std::pair<GstRTSPMethod, std::string> last_sent_{GST_RTSP_INVALID, {}};
  int repeats_ = 0;
};

Error not_built(const char* what) {
  return {ErrorCode::Internal, std::string{"The pipeline could not be built: "} + what, {}};
}

Result<> Connection::try_add_stream(GstElement* source, GstPad* pad) {
  const bool is_another = [this] {
    const std::lock_guard lock{mutex_};
    return std::exchange(has_stream_, true);
  }();
  if (is_another) {
    return Error{ErrorCode::EndOfStream, "The camera began another stream; connecting again", {}};
  }
  const GstOwned<GstCaps> caps{gst_pad_get_current_caps(pad)};
  const Decoding* decoding =
      caps ? decoding_for(text_of(gst_caps_get_structure(caps.get(), 0), "encoding-name"))
           : nullptr;
  if (decoding == nullptr) return not_built("the stream came without a codec");
  const GstOwned<GstElement> pipeline{GST_ELEMENT(gst_element_get_parent(source))};
  GstElement* raw = gst_parse_bin_from_description(decoding->elements, FALSE, nullptr);
  if (!pipeline || raw == nullptr) return not_built("a decoder is missing");
  gst_bin_add(GST_BIN(pipeline.get()), raw);

  const GstOwned<GstElement> entry{gst_bin_get_by_name(GST_BIN(raw), "entry")};
  const GstOwned<GstElement> parse{gst_bin_get_by_name(GST_BIN(raw), "parse")};
  const GstOwned<GstElement> decode{gst_bin_get_by_name(GST_BIN(raw), "decode")};
  const GstOwned<GstPad> entry_pad{gst_element_get_static_pad(entry.get(), "sink")};
  const GstOwned<GstPad> parsed_pad{gst_element_get_static_pad(parse.get(), "src")};
  const GstOwned<GstPad> decoded_pad{gst_element_get_static_pad(decode.get(), "src")};
  gst_element_add_pad(raw, gst_ghost_pad_new("sink", entry_pad.get()));
  gst_element_add_pad(raw, gst_ghost_pad_new("src", decoded_pad.get()));
  tap_->watch_compressed(parsed_pad.get());
  clock_->watch(pad);
  drop_short_fragments(pad, decoding->encoding);

  Result<GstOwned<GstElement>> sink = tap_->make_sink(PictureTap::Pacing::Live);
  if (!sink) return std::move(sink).error();
  gst_bin_add(GST_BIN(pipeline.get()), sink->get());
  const GstOwned<GstPad> stream_sink{gst_element_get_static_pad(raw, "sink")};
  if (!gst_element_link(raw, sink->get()) || !gst_element_sync_state_with_parent(sink->get()) ||
      !gst_element_sync_state_with_parent(raw) ||
      gst_pad_link(pad, stream_sink.get()) != GST_PAD_LINK_OK) {
    return not_built("the decoder does not take the stream");
  }
  return {};
}

struct ConnectionCallbacks {
  static gboolean on_select(GstElement*, guint, GstCaps* caps, gpointer held) {
    return signal_state<Connection>(held).select(caps) ? TRUE : FALSE;
  }
  static void on_pad(GstElement* source, GstPad* pad, gpointer held) {
    signal_state<Connection>(held).add_stream(source, pad);
  }
  static gboolean on_request(GstElement* source, GstRTSPMessage* request, gpointer held) {
    return signal_state<Connection>(held).allows_request(source, request) ? TRUE : FALSE;
  }
};

template <class Unit>
guint64 count_of(std::chrono::milliseconds time) {
  return static_cast<guint64>(std::chrono::duration_cast<Unit>(time).count());
}

void configure(GstElement* source, const RtspUrl& url, Transport transport,
               const SourceLimits& limits) {
  using std::chrono::microseconds;
  using std::chrono::milliseconds;
  using std::chrono::nanoseconds;
  const bool is_tcp = transport == Transport::Tcp;
  const GstRTSPLowerTrans tcp =
      url.scheme == "rtsps" ? GstRTSPLowerTrans(GST_RTSP_LOWER_TRANS_TCP | GST_RTSP_LOWER_TRANS_TLS)
                            : GST_RTSP_LOWER_TRANS_TCP;
  g_object_set(source, "location", url.location().c_str(),             //
               "protocols", is_tcp ? tcp : GST_RTSP_LOWER_TRANS_UDP,   //
               "user-agent", kUserAgent,                               //
               "tcp-timeout", count_of<microseconds>(limits.connect),  //
               "timeout", guint64{0},  // silence of UDP is judged by PipelineRun
               "teardown-timeout", count_of<nanoseconds>(limits::kTeardownReplyTime),  //
               "latency",
               static_cast<guint>((is_tcp ? limits::kJitterTimeTcp : limits::kJitterTimeUdp) /
                                  milliseconds{1}),
               "drop-on-latency", TRUE,     //
               "do-rtsp-keep-alive", TRUE,  //
               "udp-reconnect", FALSE,      // reconnecting is CaptureLoop's
               "do-retransmission", FALSE,  //
               nullptr);
  if (!url.user.empty()) g_object_set(source, "user-id", url.user.c_str(), nullptr);
  if (!url.password.empty()) g_object_set(source, "user-pw", url.password.c_str(), nullptr);
}

}  // namespace

Result<std::unique_ptr<FrameSource>> RtspSource::create(RtspUrl url, Transport transport,
                                                        const SourceLimits& limits) {
  if (url.scheme != "rtsp" && url.scheme != "rtsps") {
    return Error{ErrorCode::InvalidParams, "A camera's address begins with rtsp:// or rtsps://",
                 "rtspUrl"};
  }
  return std::unique_ptr<FrameSource>{new RtspSource{std::move(url), transport, limits}};
}

RtspSource::RtspSource(RtspUrl url, Transport transport, const SourceLimits& limits)
    : url_{std::move(url)}, transport_{transport}, limits_{limits} {}

Result<> RtspSource::run_once(FrameOutlet& outlet, std::stop_token stop) {
  GstElement* source = gst_element_factory_make("rtspsrc", "camera");
  if (source == nullptr) return not_built("rtspsrc is missing");
  GstOwned<GstElement> pipeline{GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new("capture")))};
  gst_bin_add(GST_BIN(pipeline.get()), source);
  configure(source, url_, transport_, limits_);

  guard_packets(source);
  (void)take_denial();  // of another connection than this one

  const auto clock = std::make_shared<CameraClock>();
  clock->follow(source);
  const auto tap = std::make_shared<PictureTap>(outlet, clock);
  const auto connection = std::make_shared<Connection>(url_.location(), tap, clock, outlet);
  connect_signal(source, "select-stream", G_CALLBACK(ConnectionCallbacks::on_select), connection);
  connect_signal(source, "pad-added", G_CALLBACK(ConnectionCallbacks::on_pad), connection);
  connect_signal(source, "before-send", G_CALLBACK(ConnectionCallbacks::on_request), connection);

  const auto judge = [&](GstMessage* message) -> std::optional<Error> {
    switch (GST_MESSAGE_TYPE(message)) {
      case GST_MESSAGE_EOS:
        return Error{ErrorCode::EndOfStream, "The camera ended the stream", {}};
      case GST_MESSAGE_ERROR: {
        if (const auto why = take_denial()) return address_denied(*why, url_);
        Error error = classify(stream_failure(message), connection->offer());
        error.message = replaced(std::move(error.message), url_.location(), url_.printable());
        return error;
      }
      default:
        return std::nullopt;
    }
  };
  PipelineRun run{std::move(pipeline), tap, limits_};
  Result<> ended = run.play(PipelineRun::Begin::Connecting, judge, std::move(stop));
  // A pipeline that did not stop may not have taken its leave of the camera.
  const bool left = ended || ended.error().code != ErrorCode::WorkerHung;
  if (connection->close() && left) outlet.session_changed(std::nullopt);
  return ended;
}

}  // namespace bulkhead::worker
