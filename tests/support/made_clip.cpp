#include "tests/support/made_clip.hpp"

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <sstream>

#include "worker/source/gst_handles.hpp"

namespace bulkhead::test {

void make_clip(const std::filesystem::path& file, const MadeClip& clip) {
  std::ostringstream text;
  text << "videotestsrc pattern=solid-color foreground-color=" << clip.colour
       << " num-buffers=" << clip.pictures << " ! video/x-raw,format=I420,width=" << clip.width
       << ",height=" << clip.height << ",framerate=" << clip.fps << "/1 ! " << clip.encoder << " ! "
       << clip.container << " ! filesink location=\"" << file.string() << '"';
  worker::GstOwned<GstElement> pipeline{gst_parse_launch(text.str().c_str(), nullptr)};
  ASSERT_TRUE(pipeline) << text.str();
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  const worker::GstOwned<GstBus> bus{gst_element_get_bus(pipeline.get())};
  const worker::GstOwned<GstMessage> ended{
      gst_bus_timed_pop_filtered(bus.get(), 30 * GST_SECOND,
                                 static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR))};
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  ASSERT_TRUE(ended);
  ASSERT_EQ(GST_MESSAGE_TYPE(ended.get()), GST_MESSAGE_EOS) << text.str();
}

}  // namespace bulkhead::test
