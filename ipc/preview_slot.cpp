#include "ipc/preview_slot.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace bulkhead::ipc {

namespace {

constexpr std::size_t kWordBytes = sizeof(std::uint64_t);
constexpr int kReadTries = 4;

PreviewSlotLayout* slot_layout_of(std::span<std::byte> region) noexcept {
  assert(region.size() > sizeof(PreviewSlotLayout));
  assert(reinterpret_cast<std::uintptr_t>(region.data()) % alignof(PreviewSlotLayout) == 0);
  return reinterpret_cast<PreviewSlotLayout*>(region.data());
}

std::span<std::uint64_t> words_of(std::span<std::byte> region) noexcept {
  const auto picture = region.subspan(sizeof(PreviewSlotLayout));
  return {reinterpret_cast<std::uint64_t*>(picture.data()), picture.size() / kWordBytes};
}

}  // namespace

PreviewSlotWriter::PreviewSlotWriter(std::span<std::byte> region) noexcept
    : layout_{slot_layout_of(region)}, words_{words_of(region)} {}

bool PreviewSlotWriter::write(std::uint64_t frame_id, std::span<const std::byte> jpeg) noexcept {
  if (jpeg.size() > words_.size_bytes()) return false;
  // The odd number is ordered before every later release store.
  layout_->sequence.store(++sequence_, std::memory_order_relaxed);
  layout_->frame_id.store(frame_id, std::memory_order_release);
  layout_->length.store(jpeg.size(), std::memory_order_release);
  for (std::size_t at = 0; at < jpeg.size(); at += kWordBytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, jpeg.data() + at, std::min(kWordBytes, jpeg.size() - at));
    std::atomic_ref{words_[at / kWordBytes]}.store(word, std::memory_order_release);
  }
  layout_->sequence.store(++sequence_, std::memory_order_release);
  return true;
}

PreviewSlotReader::PreviewSlotReader(std::span<std::byte> region) noexcept
    : layout_{slot_layout_of(region)}, words_{words_of(region)} {}

bool PreviewSlotReader::read(std::vector<std::byte>& jpeg, std::uint64_t& frame_id) const {
  for (int attempt = 0; attempt < kReadTries; ++attempt) {
    if (try_read(jpeg, frame_id)) return true;
  }
  return false;
}

bool PreviewSlotReader::try_read(std::vector<std::byte>& jpeg, std::uint64_t& frame_id) const {
  const std::uint64_t before = layout_->sequence.load(std::memory_order_acquire);
  if (before == 0 || before % 2 != 0) return false;
  const std::uint64_t id = layout_->frame_id.load(std::memory_order_acquire);
  const std::uint64_t length = layout_->length.load(std::memory_order_acquire);
  if (length > words_.size_bytes()) return false;
  jpeg.resize(length);
  for (std::size_t at = 0; at < length; at += kWordBytes) {
    const std::uint64_t word =
        std::atomic_ref{words_[at / kWordBytes]}.load(std::memory_order_acquire);
    std::memcpy(jpeg.data() + at, &word, std::min(kWordBytes, jpeg.size() - at));
  }
  // Ordered after the acquire loads above: a word of a newer picture brings its odd number along.
  if (layout_->sequence.load(std::memory_order_relaxed) != before) return false;
  frame_id = id;
  return true;
}

}  // namespace bulkhead::ipc
