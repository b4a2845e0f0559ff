// Loaded into a worker by isolation.py: from its start on the worker loses 100 MB/s.

#include <chrono>
#include <cstring>
#include <new>
#include <thread>

namespace {

constexpr std::size_t kLostBytes = 1024 * 1024;

void leak() {
  while (void* lost = ::operator new(kLostBytes, std::nothrow)) {
    std::memset(lost, 1, kLostBytes);
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
}

// Before main.
const struct Leaking {
  Leaking() { std::thread{leak}.detach(); }
} kLeaking;

}  // namespace
