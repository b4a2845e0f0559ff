#pragma once

#include <string>
#include <vector>

#include "common/clock.hpp"
#include "worker/sink/sink.hpp"

namespace bulkhead::test {

/// A time of day that every server knows.
inline constexpr std::int64_t kRecordTimeNs = 1'767'614'400'123'456'000;  // 2026-01-05T12:00:00Z

inline worker::SinkRecord sink_record(Generation generation, Sequence sequence) {
  worker::SinkRecord record;
  record.generation = generation;
  record.sequence = sequence;
  record.time_ns = kRecordTimeNs + static_cast<std::int64_t>(sequence) * kNsPerMs;
  record.json = R"({"v":1,"sequence":)" + std::to_string(sequence) +
                R"(,"objects":[{"label":"car","trackId":7,"confidence":0.5}]})";
  return record;
}

/// Records `first` to `last` of one generation.
inline std::vector<worker::SinkRecord> sink_records(Generation generation, Sequence first,
                                                    Sequence last) {
  std::vector<worker::SinkRecord> records;
  for (Sequence sequence = first; sequence <= last; ++sequence) {
    records.push_back(sink_record(generation, sequence));
  }
  return records;
}

}  // namespace bulkhead::test
