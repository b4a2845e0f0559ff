#pragma once

#include <gst/gst.h>

#include <optional>
#include <string>

#include "common/address_policy.hpp"

namespace bulkhead::worker {

/// Holds this process to `policy` from now on: no connection is begun to an address that it denies,
/// whoever named that address: the operator, a name server, a camera that redirects.
///
/// Judged is the address that is about to be connected to, not the name, so a name server that
/// answers otherwise the next time gains nothing; of several addresses the denied ones are passed
/// over. Seen at GSocketClient, by which GStreamer makes all its connections, and which it shows to
/// nobody: hence for the whole process, which has one camera. Any thread; a later call replaces the
/// policy. Until the first call nothing is denied.
void guard_addresses(AddressPolicy policy);

/// Why the latest connection did not come about, where all it could have gone to is denied: a
/// sentence for the operator. Told once; empty: that was not the reason. Any thread.
[[nodiscard]] std::optional<std::string> take_denial();

/// Has this rtspsrc send no packets over UDP to a host that a camera names (`source` of its
/// Transport) unless it is an address that the policy allows. They are left out with a warning, and
/// the stream goes on: a camera gets no reports then, but nobody else gets any either.
void guard_packets(GstElement* rtspsrc);

}  // namespace bulkhead::worker
