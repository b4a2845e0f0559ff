#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

namespace bulkhead::supervisor {

/// Lets the event loop wait for a descriptor that someone else owns and closes later than this
/// object ends. Throws boost::system::system_error when the loop cannot watch the descriptor.
class DescriptorWait {
 public:
  DescriptorWait(boost::asio::io_context& loop, int fd) : descriptor_{loop, fd} {}
  DescriptorWait(const DescriptorWait&) = delete;
  DescriptorWait& operator=(const DescriptorWait&) = delete;
  ~DescriptorWait() { descriptor_.release(); }

  /// Calls `handler(error_code)` once when the descriptor is readable, or with operation_aborted
  /// when this object ends.
  template <class Handler>
  void async_readable(Handler handler) {
    descriptor_.async_wait(boost::asio::posix::descriptor_base::wait_read, std::move(handler));
  }

 private:
  boost::asio::posix::stream_descriptor descriptor_;
};

}  // namespace bulkhead::supervisor
