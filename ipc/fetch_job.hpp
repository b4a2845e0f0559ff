#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/address_policy.hpp"
#include "common/model_url.hpp"
#include "common/result.hpp"

namespace bulkhead::ipc {

/// Descriptors that bulkhead-model-fetch finds open, besides 0, 1 and 2 as a worker has them.
enum FetchFd : int {
  kFetchSocketFd = 3,  // SOCK_SEQPACKET: one job comes, one answer goes
  kFetchFileFd = 4,    // of a URL: the file to write and read; of an archive: the file to read
};

/// One thing to do for bulkhead-model-fetch, which does it and ends.
struct FetchJob {
  enum class Kind {
    Model,    // `url` into the file, which must come out as an ONNX model
    Archive,  // `url` into the file, whatever it is
    Unpack,   // the file, a bundle, into `folder`
  };

  Kind kind = Kind::Model;
  std::optional<ModelUrl> url{};  // not of Unpack
  std::string ca_file{};          // absolute; empty: whom the system trusts
  AddressPolicy addresses{};      // that a server may have
  std::uint64_t max_bytes = 0;    // of the file
  std::uint32_t time_s = 0;       // for all of it
  std::uint32_t silence_s = 0;    // without noteworthy progress
  std::string folder{};           // of Unpack: absolute, there, and empty

  [[nodiscard]] std::string to_json() const;
  static Result<FetchJob> from_json(const std::string& text);
};

/// How it went. Comes from a process that has read hostile bytes: validated like a stranger's.
struct FetchAnswer {
  std::uint64_t bytes = 0;       // of the file
  std::string sha256{};          // of the file
  std::optional<Error> error{};  // present: neither of the others

  [[nodiscard]] std::string to_json() const;
  static Result<FetchAnswer> from_json(const std::string& text);
};

}  // namespace bulkhead::ipc
