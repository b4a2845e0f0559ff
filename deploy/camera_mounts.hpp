#pragma once

#include <gst/rtsp-server/rtsp-server.h>

#include <string>
#include <vector>

#include "deploy/camera_clip.hpp"

namespace bulkhead::deploy {

/// Clips played one after the other, then from the first again, for ever.
using Playlist = std::vector<CameraClip>;

/// One stream of the demo camera, seen by all its clients alike: it begins with the first client
/// and ends with the last. Times go on from round to round, so that a client sees no end.
/// `with_sound` adds an audio stream, which a client may leave alone.
GstRTSPMediaFactory* clip_mount(Playlist playlist, bool with_sound);

/// A stream that a detector cannot use: pictures as JPEG.
GstRTSPMediaFactory* jpeg_mount();

/// A stream without pictures.
GstRTSPMediaFactory* sound_mount();

}  // namespace bulkhead::deploy
