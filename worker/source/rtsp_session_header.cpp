#include "worker/source/rtsp_session_header.hpp"

#include <gst/gst.h>
#include <gst/rtsp/gstrtspextension.h>
#include <gst/rtsp/gstrtspmessage.h>

#include "worker/source/gst_handles.hpp"

namespace bulkhead::worker {

namespace {

/// One for each rtspsrc, which owns it and calls it from the thread of its requests.
struct SessionHeader {
  GstElement element;
  gchar* session;  // of the latest reply that named one, parameters and all; null: none yet
};

struct SessionHeaderClass {
  GstElementClass element;
};

gpointer parent_class = nullptr;

GstRTSPResult before_send(GstRTSPExtension* extension, GstRTSPMessage* request) {
  const auto* self = reinterpret_cast<SessionHeader*>(extension);
  if (self->session == nullptr) return GST_RTSP_OK;
  gst_rtsp_message_remove_header(request, GST_RTSP_HDR_SESSION, -1);
  return gst_rtsp_message_add_header(request, GST_RTSP_HDR_SESSION, self->session);
}

GstRTSPResult after_send(GstRTSPExtension* extension, GstRTSPMessage*, GstRTSPMessage* reply) {
  auto* self = reinterpret_cast<SessionHeader*>(extension);
  gchar* session = nullptr;
  if (gst_rtsp_message_get_header(reply, GST_RTSP_HDR_SESSION, &session, 0) == GST_RTSP_OK) {
    g_free(self->session);
    self->session = g_strdup(session);
  }
  return GST_RTSP_OK;
}

void finalize(GObject* object) {
  g_free(reinterpret_cast<SessionHeader*>(object)->session);
  G_OBJECT_CLASS(parent_class)->finalize(object);
}

void init_class(gpointer type_class, gpointer) {
  parent_class = g_type_class_peek_parent(type_class);
  G_OBJECT_CLASS(type_class)->finalize = finalize;
  gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(type_class), "Session header",
                                        "Network/Extension/Protocol",
                                        "Shows the session of a request", "Bulkhead");
}

void init_interface(gpointer interface, gpointer) {
  auto* extension = static_cast<GstRTSPExtensionInterface*>(interface);
  extension->before_send = before_send;
  extension->after_send = after_send;
}

}  // namespace

bool register_rtsp_session_header() {
  const GType type = g_type_register_static_simple(GST_TYPE_ELEMENT, "BulkheadSessionHeader",
                                                   sizeof(SessionHeaderClass), init_class,
                                                   sizeof(SessionHeader), nullptr, GTypeFlags{});
  const GInterfaceInfo interface { init_interface, nullptr, nullptr };
  g_type_add_interface_static(type, GST_TYPE_RTSP_EXTENSION, &interface);
  // rtspsrc takes no extension of a lower rank.
  return gst_element_register(nullptr, "bulkheadsessionheader", GST_RANK_MARGINAL, type) != FALSE;
}

}  // namespace bulkhead::worker
