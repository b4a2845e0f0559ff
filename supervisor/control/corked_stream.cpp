#include "supervisor/control/corked_stream.hpp"

#include <boost/asio/write.hpp>

namespace bulkhead::supervisor {

namespace {

// A buffer that once held a large message is not kept by every idle client.
constexpr std::size_t kKeptBufferBytes = 16 * 1024;

}  // namespace

void CorkedStream::flush() {
  if (is_flushing_ || kept_.empty()) return;
  is_flushing_ = true;
  flush_started_ = Clock::now();
  leaving_.swap(kept_);
  leaving_waiters_.swap(waiters_);
  boost::asio::async_write(next_, boost::asio::buffer(leaving_),
                           [this, owner = owner_.lock()](error_code error, std::size_t bytes) {
                             on_left(error, bytes);
                           });
}

void CorkedStream::on_left(error_code error, std::size_t bytes) {
  const auto took = Clock::now() - flush_started_;
  is_flushing_ = false;
  leaving_.clear();
  if (leaving_.capacity() > kKeptBufferBytes) leaving_.shrink_to_fit();
  // Who waited may write again.
  for (const Waiter& waiter : std::exchange(leaving_waiters_, {})) waiter(error);
  if (error) {
    for (const Waiter& waiter : std::exchange(waiters_, {})) waiter(error);
  } else {
    flush();
  }
  on_flushed_(error, bytes, took);
}

void teardown(boost::beast::role_type role, CorkedStream& stream,
              boost::system::error_code& error) {
  teardown(role, stream.next_layer(), error);
}

}  // namespace bulkhead::supervisor
