#pragma once

#include <gst/gst.h>

#include <memory>

/// Owners for what GStreamer hands out by reference count. Used by the source folder alone.
namespace bulkhead::worker {

struct GstRelease {
  void operator()(GstElement* element) const { gst_object_unref(element); }
  void operator()(GstBus* bus) const { gst_object_unref(bus); }
  void operator()(GstPad* pad) const { gst_object_unref(pad); }
  void operator()(GstCaps* caps) const { gst_caps_unref(caps); }
  void operator()(GstMessage* message) const { gst_message_unref(message); }
  void operator()(GstSample* sample) const { gst_sample_unref(sample); }
  void operator()(GError* error) const { g_error_free(error); }
  void operator()(gchar* text) const { g_free(text); }
};

template <class T>
using GstOwned = std::unique_ptr<T, GstRelease>;

/// Connects a signal whose handler gets a shared `state`: it lives as long as the object may call,
/// also when a pipeline that does not stop had to be abandoned.
template <class State>
void connect_signal(gpointer object, const char* signal, GCallback handler,
                    const std::shared_ptr<State>& state) {
  g_signal_connect_data(
      object, signal, handler, new std::shared_ptr<State>{state},
      [](gpointer held, GClosure*) { delete static_cast<std::shared_ptr<State>*>(held); },
      GConnectFlags{});
}

/// The state inside a handler of `connect_signal`.
template <class State>
State& signal_state(gpointer held) {
  return **static_cast<std::shared_ptr<State>*>(held);
}

}  // namespace bulkhead::worker
