#include "common/address_policy.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "common/limits.hpp"

namespace bulkhead {
namespace {

using nlohmann::json;

constexpr std::uint16_t kRtsp = 554;

std::optional<std::string> denial(const AddressPolicy& policy, const std::string& address,
                                  std::uint16_t port = kRtsp) {
  return policy.denial(IpAddress::parse(address).value(), port);
}

std::vector<AddressBlock> blocks(const std::vector<std::string>& texts) {
  std::vector<AddressBlock> parsed;
  for (const std::string& text : texts) parsed.push_back(AddressBlock::parse(text).value());
  return parsed;
}

TEST(AddressPolicyTest, ByDefaultMetadataServicesAndWhatIsNoHostAreDenied) {
  for (const char* address :
       {"169.254.169.254", "169.254.1.1", "fe80::1", "fd00:ec2::254", "100.100.100.200", "0.0.0.0",
        "::", "224.0.0.1", "239.1.2.3", "255.255.255.255", "240.0.0.1", "ff02::1",
        "::ffff:169.254.169.254", "2002:a9fe:a9fe::1", "64:ff9b::a9fe:a9fe"}) {
    EXPECT_TRUE(denial({}, address)) << address;
  }
}

TEST(AddressPolicyTest, ByDefaultCamerasAreReachedWhereTheyAre) {
  for (const char* address : {"127.0.0.1", "::1", "10.0.0.1", "192.168.1.20", "172.16.0.1",
                              "100.64.0.1", "192.0.2.7", "fd00::1", "2001:db8::1"}) {
    EXPECT_FALSE(denial({}, address)) << address << *denial({}, address);
  }
}

TEST(AddressPolicyTest, TheSentenceNamesAddressRuleAndRemedy) {
  EXPECT_EQ(denial({}, "169.254.169.254"),
            "169.254.169.254 is denied by 169.254.0.0/16 of sources.deny; give another, or put it "
            "into sources.allow of the configuration");
  EXPECT_TRUE(denial({}, "2002:a9fe:a9fe::")
                  .value()
                  .starts_with("2002:a9fe:a9fe:: leads to 169.254.169.254, which is denied by "));
}

TEST(AddressPolicyTest, WhatIsAllowedWinsOverWhatIsDenied) {
  const AddressPolicy policy{.deny = blocks({"0.0.0.0/0", "::/0"}),
                             .allow = blocks({"10.1.0.0/16", "2002::/16", "64:ff9b::/96"})};
  EXPECT_TRUE(denial(policy, "10.2.0.1"));
  EXPECT_FALSE(denial(policy, "10.1.0.1"));
  EXPECT_FALSE(denial(policy, "2002:a02:1::")) << "allowed as it stands";
}

TEST(AddressPolicyTest, ATranslatedAddressIsAllowedWhereItLeadsSomewhereAllowed) {
  const AddressPolicy policy{.deny = blocks({"10.0.0.0/8"}), .allow = blocks({"10.1.0.0/16"})};
  EXPECT_TRUE(denial(policy, "64:ff9b::10.2.0.1"));
  EXPECT_FALSE(denial(policy, "64:ff9b::10.1.0.1"));
}

TEST(AddressPolicyTest, TheSupervisorsOwnPortIsDeniedOnThisMachineWhateverIsAllowed) {
  const AddressPolicy policy{
      .deny = {}, .allow = blocks({"0.0.0.0/0", "::/0"}), .control_port = 8001};
  for (const char* address : {"127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1",
                              "64:ff9b::127.0.0.1"}) {
    EXPECT_TRUE(denial(policy, address, 8001)) << address;
    EXPECT_FALSE(denial(policy, address, 8002)) << address;
  }
  EXPECT_FALSE(denial(policy, "192.0.2.7", 8001)) << "another machine's";
  EXPECT_FALSE(denial({}, "127.0.0.1", 0)) << "no port is known";
}

TEST(AddressPolicyTest, ReadsBackAsItWasWritten) {
  const AddressPolicy policy{
      .deny = blocks({"10.0.0.0/8"}), .allow = blocks({"10.1.2.3", "fd00::/8"}), .control_port = 1};
  EXPECT_EQ(AddressPolicy::from_json(policy.to_json(), "").value(), policy);
}

TEST(AddressPolicyTest, AListIsTakenAtItsLimitAndRefusedPastIt) {
  json given = AddressPolicy{}.to_json();
  given["deny"] = json(limits::kAddressBlocks, "10.0.0.0/8");
  EXPECT_TRUE(AddressPolicy::from_json(given, "addresses"));
  given["deny"].push_back("10.0.0.0/8");
  const auto refused = AddressPolicy::from_json(given, "addresses");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "addresses.deny");
}

TEST(AddressPolicyTest, ABlockThatIsNoneIsNamedByItsPlace) {
  json given = AddressPolicy{}.to_json();
  given["allow"] = {"10.0.0.0/8", "10.0.0.0/99"};
  const auto refused = AddressPolicy::from_json(given, "addresses");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "addresses.allow[1]");
}

}  // namespace
}  // namespace bulkhead
