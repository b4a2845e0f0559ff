#include "worker/source/address_guard.hpp"

#include <gio/gio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "common/mutex.hpp"
#include "worker/source/gst_handles.hpp"

namespace bulkhead::worker {

namespace {

struct ObjectRelease {
  void operator()(gpointer object) const { g_object_unref(object); }
};

class AddressGuard {
 public:
  void hold_to(AddressPolicy policy) {
    const MutexLock lock{mutex_};
    if (!policy_) hook();
    policy_ = std::move(policy);
  }

  void begin_connect() {
    const MutexLock lock{mutex_};
    reached_ = false;
    denial_.reset();
  }

  /// `address` null: not one of the internet.
  bool admits(GInetSocketAddress* address) {
    const MutexLock lock{mutex_};
    auto why = policy_ ? denial_of(address) : std::nullopt;
    if (!why) {
      reached_ = true;
      denial_.reset();
      return true;
    }
    if (!reached_) denial_ = std::move(why);
    return false;
  }

  /// Why no packet may be sent to this host.
  std::optional<std::string> denial_of_host(std::string_view host) {
    const MutexLock lock{mutex_};
    if (!policy_) return std::nullopt;
    const auto address = IpAddress::parse(host);
    if (!address) return "it is a name, which could lead anywhere";
    constexpr std::uint16_t kNoPort = 0;
    return policy_->denial(*address, kNoPort);
  }

  std::optional<std::string> take_denial() {
    const MutexLock lock{mutex_};
    return std::exchange(denial_, std::nullopt);
  }

 private:
  static void hook();

  std::optional<std::string> denial_of(GInetSocketAddress* address) BULKHEAD_REQUIRES(mutex_) {
    if (address == nullptr) return "what is to be connected to is no address of the internet";
    GInetAddress* inet = g_inet_socket_address_get_address(address);
    const std::span<const std::uint8_t> bytes{g_inet_address_to_bytes(inet),
                                              g_inet_address_get_native_size(inet)};
    return policy_->denial(IpAddress::from_network(bytes), g_inet_socket_address_get_port(address));
  }

  Mutex mutex_;
  std::optional<AddressPolicy> policy_ BULKHEAD_GUARDED_BY(mutex_);
  bool reached_ BULKHEAD_GUARDED_BY(mutex_) = false;  // an address of the latest connection
  std::optional<std::string> denial_ BULKHEAD_GUARDED_BY(mutex_);  // of it, as long as none was
};

/// Never destroyed: threads of a pipeline that was abandoned may still connect.
AddressGuard& guard() {
  static auto* const the_guard = new AddressGuard;
  return *the_guard;
}

// Of GSocketClient's signal `event`: client, event, what was asked for, stream.
gboolean on_socket_event(GSignalInvocationHint*, guint, const GValue* values, gpointer) {
  constexpr gboolean kGoOn = TRUE;
  const auto event = static_cast<GSocketClientEvent>(g_value_get_enum(&values[1]));
  if (event == G_SOCKET_CLIENT_RESOLVING) guard().begin_connect();
  if (event != G_SOCKET_CLIENT_CONNECTING) return kGoOn;
  auto* connection = G_SOCKET_CONNECTION(g_value_get_object(&values[3]));
  const std::unique_ptr<GSocketAddress, ObjectRelease> remote{
      g_socket_connection_get_remote_address(connection, nullptr)};
  const bool is_inet = remote && G_IS_INET_SOCKET_ADDRESS(remote.get());
  if (!guard().admits(is_inet ? G_INET_SOCKET_ADDRESS(remote.get()) : nullptr)) {
    // What is closed cannot connect; the client then tries the next address, where there is one.
    g_socket_close(g_socket_connection_get_socket(connection), nullptr);
  }
  return kGoOn;
}

void AddressGuard::hook() {
  g_type_class_ref(G_TYPE_SOCKET_CLIENT);  // which brings its signals
  g_signal_add_emission_hook(g_signal_lookup("event", G_TYPE_SOCKET_CLIENT), 0, on_socket_event,
                             nullptr, nullptr);
}

// Before it has sent anything: rtspsrc links and starts it later.
void on_element(GstBin*, GstElement* element, gpointer) {
  GstElementFactory* factory = gst_element_get_factory(element);
  if (factory == nullptr || std::string_view{GST_OBJECT_NAME(factory)} != "udpsink") return;
  gchar* raw = nullptr;
  g_object_get(element, "host", &raw, nullptr);
  const GstOwned<gchar> host{raw};
  const auto why = guard().denial_of_host(host ? host.get() : "");
  if (!why) return;
  g_signal_emit_by_name(element, "clear");
  GST_WARNING("no packets are sent to %s, which the camera names for them: %s", host.get(),
              why->c_str());
}

}  // namespace

void guard_addresses(AddressPolicy policy) { guard().hold_to(std::move(policy)); }

std::optional<std::string> take_denial() { return guard().take_denial(); }

void guard_packets(GstElement* rtspsrc) {
  g_signal_connect(rtspsrc, "element-added", G_CALLBACK(on_element), nullptr);
}

}  // namespace bulkhead::worker
