#include "ipc/fetch_job.hpp"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "common/json_fields.hpp"
#include "common/limits.hpp"
#include "common/redaction.hpp"

namespace bulkhead::ipc {

namespace {

// In the order of the enum.
const std::vector<std::string_view> kFetchKinds{"model", "archive", "unpack"};
constexpr std::int64_t kLongestS = 86400;

}  // namespace

std::string FetchJob::to_json() const {
  nlohmann::json json{{"kind", kFetchKinds[static_cast<std::size_t>(kind)]},
                      {"caFile", ca_file},
                      {"addresses", addresses.to_json()},
                      {"maxBytes", max_bytes},
                      {"timeS", time_s},
                      {"silenceS", silence_s},
                      {"folder", folder}};
  if (url) json["url"] = url->text();
  return json.dump();
}

Result<FetchJob> FetchJob::from_json(const std::string& text) {
  const auto json = parse_json(text, JsonComments::Refused);
  if (!json) return json.error();
  JsonFields fields{*json, ""};
  FetchJob job;
  job.kind = static_cast<Kind>(fields.one_of("kind", kFetchKinds, 0));
  const std::string address = fields.string("url", {}, limits::kPathBytes);
  if ((job.kind == Kind::Unpack) != address.empty()) {
    fields.fail("url", "is of a model and of an archive, and of them alone");
  }
  if (!address.empty()) {
    auto url = ModelUrl::parse(address);
    if (url)
      job.url = std::move(*url);
    else
      fields.fail("url", url.error().message);
  }
  job.ca_file = fields.string("caFile", {}, limits::kPathBytes);
  if (const nlohmann::json* rules = fields.member("addresses")) {
    auto addresses = AddressPolicy::from_json(*rules, "addresses");
    if (addresses)
      job.addresses = std::move(*addresses);
    else
      fields.fail(addresses.error());
  } else {
    fields.fail("addresses", "is missing");
  }
  job.max_bytes = static_cast<std::uint64_t>(
      fields.integer("maxBytes", 0, 1, std::numeric_limits<std::int64_t>::max()));
  job.time_s = static_cast<std::uint32_t>(fields.integer("timeS", 0, 1, kLongestS));
  job.silence_s = static_cast<std::uint32_t>(fields.integer("silenceS", 0, 1, kLongestS));
  job.folder = fields.string("folder", {}, limits::kPathBytes);
  if ((job.kind == Kind::Unpack) != job.folder.starts_with('/')) {
    fields.fail("folder", "is of an archive that is unpacked, and absolute");
  }
  if (job.max_bytes == 0 || job.time_s == 0 || job.silence_s == 0) {
    fields.fail("maxBytes", "timeS or silenceS is missing");
  }
  if (const auto done = fields.finish(); !done) return done.error();
  return job;
}

std::string FetchAnswer::to_json() const {
  nlohmann::json json{{"bytes", bytes}, {"sha256", sha256}};
  if (error) {
    json["error"] = {{"code", static_cast<std::uint16_t>(error->code)},
                     {"message", printable_text(error->message, limits::kReasonBytes)},
                     {"field", printable_text(error->field, limits::kPathBytes)}};
  }
  return json.dump();
}

Result<FetchAnswer> FetchAnswer::from_json(const std::string& text) {
  const auto json = parse_json(text, JsonComments::Refused);
  if (!json) return json.error();
  JsonFields fields{*json, ""};
  FetchAnswer answer;
  answer.bytes = static_cast<std::uint64_t>(
      fields.integer("bytes", 0, 0, std::numeric_limits<std::int64_t>::max()));
  answer.sha256 = fields.string("sha256", {}, limits::kNameChars);
  if (const nlohmann::json* failure = fields.member("error")) {
    JsonFields error{*failure, "error"};
    const auto code = error.integer("code", 0, 1, std::numeric_limits<std::uint16_t>::max());
    std::string message = error.required_string("message", limits::kReasonBytes);
    std::string field = error.string("field", {}, limits::kPathBytes);
    if (const auto done = error.finish(); !done) fields.fail(done.error());
    answer.error = Error{error_code_from(static_cast<std::uint16_t>(code)), std::move(message),
                         std::move(field)};
  } else if (!is_sha256(answer.sha256)) {
    fields.fail("sha256", "is none");
  }
  if (const auto done = fields.finish(); !done) return done.error();
  return answer;
}

}  // namespace bulkhead::ipc
