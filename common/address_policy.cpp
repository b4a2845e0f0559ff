#include "common/address_policy.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/limits.hpp"

namespace bulkhead {

namespace {

const AddressBlock* block_with(const std::vector<AddressBlock>& blocks, const IpAddress& address) {
  const auto found = std::ranges::find_if(
      blocks, [&](const AddressBlock& block) { return block.contains(address); });
  return found == blocks.end() ? nullptr : &*found;
}

}  // namespace

std::vector<AddressBlock> default_denied_blocks() {
  std::vector<AddressBlock> blocks;
  for (const std::string_view text :
       {"0.0.0.0/8", "100.100.100.200/32", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "::/128",
        "fd00:ec2::254/128", "fe80::/10", "ff00::/8"}) {
    blocks.push_back(AddressBlock::parse(text).value());
  }
  return blocks;
}

std::optional<std::string> AddressPolicy::denial(const IpAddress& address,
                                                 std::uint16_t port) const {
  const auto embedded = address.embedded_v4();
  const bool is_here = address.is_this_machine() || (embedded && embedded->is_this_machine());
  if (control_port != 0 && port == control_port && is_here) {
    return address.text() + " port " + std::to_string(port) +
           " is the supervisor's own; give the camera's address";
  }
  if (block_with(allow, address) != nullptr) return std::nullopt;
  const auto sentence = [](const std::string& what, const AddressBlock& rule) {
    return what + " is denied by " + rule.text() +
           " of sources.deny; give another, or put it into sources.allow of the configuration";
  };
  if (const auto* rule = block_with(deny, address)) return sentence(address.text(), *rule);
  if (!embedded || block_with(allow, *embedded) != nullptr) return std::nullopt;
  if (const auto* rule = block_with(deny, *embedded)) {
    return sentence(address.text() + " leads to " + embedded->text() + ", which", *rule);
  }
  return std::nullopt;
}

nlohmann::json AddressPolicy::to_json() const {
  return {{"deny", texts_of(deny)}, {"allow", texts_of(allow)}, {"controlPort", control_port}};
}

Result<AddressPolicy> AddressPolicy::from_json(const nlohmann::json& json,
                                               const std::string& path) {
  JsonFields fields{json, path};
  for (const char* key : {"deny", "allow", "controlPort"}) {
    if (fields.member(key) == nullptr) fields.fail(key, "is missing");
  }
  AddressPolicy policy;
  policy.deny = read_blocks(fields, "deny");
  policy.allow = read_blocks(fields, "allow");
  policy.control_port = static_cast<std::uint16_t>(fields.integer("controlPort", 0, 0, UINT16_MAX));
  if (const auto done = fields.finish(); !done) return done.error();
  return policy;
}

std::vector<AddressBlock> read_blocks(JsonFields& fields, std::string_view key) {
  std::vector<AddressBlock> blocks;
  for (const std::string& text :
       fields.strings(key, limits::kAddressBlocks, limits::kAddressBlockBytes)) {
    auto block = AddressBlock::parse(text);
    if (!block) {
      fields.fail(std::string{key} + "[" + std::to_string(blocks.size()) + "]",
                  block.error().message);
      return {};
    }
    blocks.push_back(*block);
  }
  return blocks;
}

std::vector<std::string> texts_of(const std::vector<AddressBlock>& blocks) {
  std::vector<std::string> texts;
  texts.reserve(blocks.size());
  for (const AddressBlock& block : blocks) texts.push_back(block.text());
  return texts;
}

}  // namespace bulkhead
