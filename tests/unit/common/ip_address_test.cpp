#include "common/ip_address.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

namespace bulkhead {
namespace {

IpAddress address(const std::string& text) {
  const auto parsed = IpAddress::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(IpAddress::from_network(std::array<std::uint8_t, 4>{}));
}

AddressBlock block(const std::string& text) { return AddressBlock::parse(text).value(); }

TEST(IpAddressTest, IsReadAndWrittenInItsUsualForm) {
  for (const auto& [given, written] : {std::pair{"192.0.2.7", "192.0.2.7"},
                                       {"2001:DB8:0:0::7", "2001:db8::7"},
                                       {"fe80::1%eth0", "fe80::1"},
                                       {"::ffff:192.0.2.7", "192.0.2.7"},
                                       {"::ffff:c000:207", "192.0.2.7"}}) {
    EXPECT_EQ(address(given).text(), written);
  }
}

TEST(IpAddressTest, AnythingElseIsNone) {
  for (const char* text :
       {"", "localhost", "192.0.2", "192.0.2.7.", "192.0.2.256", "010.0.0.1", "0x7f.0.0.1", "127.1",
        "2130706433", "192.0.2.7%eth0", ":", "::1::", "[::1]", "12345::", " 127.0.0.1"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(IpAddressTest, ComesFromTheKernelInFourOrSixteenBytes) {
  EXPECT_EQ(IpAddress::from_network(std::array<std::uint8_t, 4>{192, 0, 2, 7}),
            address("192.0.2.7"));
  EXPECT_EQ(IpAddress::from_network(
                std::array<std::uint8_t, 16>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 7}),
            address("192.0.2.7"));
}

TEST(IpAddressTest, KnowsWhatLeadsToThisMachine) {
  for (const char* text : {"127.0.0.1", "127.8.9.10", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(address(text).is_this_machine()) << text;
  }
  for (const char* text : {"128.0.0.1", "0.0.0.1", "::2", "::1:0:0:1", "1::1", "fe80::1"}) {
    EXPECT_FALSE(address(text).is_this_machine()) << text;
  }
}

TEST(IpAddressTest, AnIpv4AddressIsFoundInsideOfWhatIsTranslatedToIt) {
  for (const char* text : {"2002:a9fe:a9fe::", "2002:a9fe:a9fe:1::9", "64:ff9b::a9fe:a9fe",
                           "64:ff9b::169.254.169.254", "::169.254.169.254"}) {
    EXPECT_EQ(address(text).embedded_v4(), address("169.254.169.254")) << text;
  }
  for (const char* text : {"169.254.169.254", "::1", "::", "2001:db8::1", "64:ff9b:1::1"}) {
    EXPECT_FALSE(address(text).embedded_v4()) << text;
  }
}

TEST(AddressBlockTest, HoldsWhatBeginsAsItDoes) {
  EXPECT_TRUE(block("169.254.0.0/16").contains(address("169.254.0.0")));
  EXPECT_TRUE(block("169.254.0.0/16").contains(address("169.254.255.255")));
  EXPECT_FALSE(block("169.254.0.0/16").contains(address("169.253.255.255")));
  EXPECT_FALSE(block("169.254.0.0/16").contains(address("169.255.0.0")));
  EXPECT_TRUE(block("224.0.0.0/4").contains(address("239.255.255.255")));
  EXPECT_FALSE(block("224.0.0.0/4").contains(address("240.0.0.0")));
  EXPECT_TRUE(block("fe80::/10").contains(address("febf::1")));
  EXPECT_FALSE(block("fe80::/10").contains(address("fec0::1")));
  EXPECT_TRUE(block("0.0.0.0/0").contains(address("255.255.255.255")));
}

TEST(AddressBlockTest, WithoutALengthItIsOneAddress) {
  EXPECT_EQ(block("10.0.0.1"), block("10.0.0.1/32"));
  EXPECT_EQ(block("::1"), block("::1/128"));
  EXPECT_FALSE(block("10.0.0.1").contains(address("10.0.0.0")));
}

TEST(AddressBlockTest, IsOfOneFamilyHoweverItIsWritten) {
  EXPECT_FALSE(block("::/0").contains(address("10.0.0.1")));
  EXPECT_FALSE(block("0.0.0.0/0").contains(address("fd00::1")));
  EXPECT_TRUE(block("10.0.0.0/8").contains(address("::ffff:10.0.0.1")));
  EXPECT_EQ(block("::ffff:10.0.0.0/104"), block("10.0.0.0/8"));
}

TEST(AddressBlockTest, IsWrittenWithItsLength) {
  for (const char* text : {"10.0.0.0/8", "10.0.0.1/32", "0.0.0.0/0", "::/0", "fd00:ec2::254/128"}) {
    EXPECT_EQ(block(text).text(), text);
  }
}

TEST(AddressBlockTest, AnythingElseIsRefusedWithTheRemedy) {
  for (const auto& [text, remedy] : {std::pair{"gateway", "10.0.0.0/8 or fe80::/10"},
                                     {"10.0.0/8", "10.0.0.0/8 or fe80::/10"},
                                     {"fe80::1%eth0", "10.0.0.0/8 or fe80::/10"},
                                     {"10.0.0.0/", "from 0 to 32"},
                                     {"10.0.0.0/33", "from 0 to 32"},
                                     {"10.0.0.0/-1", "from 0 to 32"},
                                     {"10.0.0.0/8x", "from 0 to 32"},
                                     {"fe80::/129", "from 0 to 128"},
                                     {"::ffff:0:0/90", "10.0.0.0/8"},
                                     {"10.1.2.3/8", "write 10.0.0.0/8"},
                                     {"fe80::1/64", "write fe80::/64"}}) {
    const auto parsed = AddressBlock::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::InvalidParams);
    EXPECT_NE(parsed.error().message.find(remedy), std::string::npos) << parsed.error().message;
  }
}

}  // namespace
}  // namespace bulkhead
