#include "tests/support/made_clip.hpp"

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "worker/source/gst_handles.hpp"

namespace bulkhead::test {

namespace {

// gst_start knows decoders only; what makes clips is loaded by file.
void load_encoders() {
  for (const char* plugin : {"videotestsrc", "x264", "x265", "alaw", "audiotestsrc"}) {
    const std::string file = std::string{BULKHEAD_GST_PLUGINS_DIR "/libgst"} + plugin + ".so";
    GstPlugin* loaded = gst_plugin_load_file(file.c_str(), nullptr);
    ASSERT_NE(loaded, nullptr) << file;
    gst_object_unref(loaded);
  }
}

void run_to_end(const std::string& description) {
  load_encoders();
  const worker::GstOwned<GstElement> pipeline{gst_parse_launch(description.c_str(), nullptr)};
  ASSERT_TRUE(pipeline) << description;
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  const worker::GstOwned<GstBus> bus{gst_element_get_bus(pipeline.get())};
  const worker::GstOwned<GstMessage> ended{
      gst_bus_timed_pop_filtered(bus.get(), 30 * GST_SECOND,
                                 static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR))};
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  ASSERT_TRUE(ended);
  ASSERT_EQ(GST_MESSAGE_TYPE(ended.get()), GST_MESSAGE_EOS) << description;
}

}  // namespace

void make_clip(const std::filesystem::path& file, const MadeClip& clip) {
  std::ostringstream text;
  text << "videotestsrc pattern=solid-color foreground-color=" << clip.colour
       << " num-buffers=" << clip.pictures << " ! video/x-raw,format=I420,width=" << clip.width
       << ",height=" << clip.height << ",framerate=" << clip.fps << "/1 ! " << clip.encoder << " ! "
       << clip.container << " ! filesink location=\"" << file.string() << '"';
  run_to_end(text.str());
}

void make_sound(const std::filesystem::path& file) {
  run_to_end("audiotestsrc num-buffers=10 ! avimux ! filesink location=\"" + file.string() + '"');
}

}  // namespace bulkhead::test
