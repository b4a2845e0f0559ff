#pragma once

namespace bulkhead::worker {

/// Lets handlers of rtspsrc's signal `before-send` see the header Session of a request, which
/// GStreamer else adds only as it writes the request to the socket.
///
/// By an RTSP extension, GStreamer's interface for what a kind of server does otherwise than all:
/// it notes the session of every reply and puts it on the requests that follow, where GStreamer
/// replaces it by its own. To be called once, after GStreamer was started and before the plug-in of
/// rtspsrc is loaded, for that looks for extensions only then. False: it was refused, and no
/// session will be seen.
bool register_rtsp_session_header();

}  // namespace bulkhead::worker
