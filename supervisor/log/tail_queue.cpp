#include "supervisor/log/tail_queue.hpp"

namespace bulkhead::supervisor {

void TailQueue::push(std::string line) {
  bytes_ += line.size();
  lines_.push_back(std::move(line));
  while (lines_.size() > most_.lines || bytes_ > most_.bytes) {
    (void)pop();
    ++lost_;
  }
}

std::vector<std::string> TailQueue::take(std::size_t bytes) {
  std::vector<std::string> taken;
  std::size_t taken_bytes = 0;
  while (!lines_.empty() && (taken.empty() || taken_bytes + lines_.front().size() <= bytes)) {
    taken_bytes += lines_.front().size();
    taken.push_back(pop());
  }
  return taken;
}

std::string TailQueue::pop() {
  std::string line = std::move(lines_.front());
  lines_.pop_front();
  bytes_ -= line.size();
  return line;
}

}  // namespace bulkhead::supervisor
