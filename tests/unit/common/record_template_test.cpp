#include "common/record_template.hpp"

#include <gtest/gtest.h>

namespace bulkhead {
namespace {

using Path = std::vector<std::string>;

RecordTemplate parsed(const std::string& text) {
  auto read = RecordTemplate::parse(text);
  EXPECT_TRUE(read) << read.error().message;
  return read ? *read : RecordTemplate{};
}

std::string refusal(const std::string& text) {
  const auto read = RecordTemplate::parse(text);
  EXPECT_FALSE(read) << text;
  if (read) return {};
  EXPECT_EQ(read.error().code, ErrorCode::InvalidParams);
  return read.error().message;
}

TEST(RecordTemplateTest, ATextIsItsLiteralsAndItsPlaceholdersInTheirOrder) {
  const RecordTemplate text = parsed("car {track} of {session}!");
  ASSERT_EQ(text.parts().size(), 5U);
  EXPECT_EQ(std::get<std::string>(text.parts()[0]), "car ");
  EXPECT_EQ(std::get<Placeholder>(text.parts()[1]), (Placeholder{true, {"trackId"}}));
  EXPECT_EQ(std::get<std::string>(text.parts()[2]), " of ");
  EXPECT_EQ(std::get<Placeholder>(text.parts()[3]), (Placeholder{false, {"session"}}));
  EXPECT_EQ(std::get<std::string>(text.parts()[4]), "!");
  EXPECT_EQ(text.text(), "car {track} of {session}!");
  EXPECT_EQ(text.lone_placeholder(), nullptr);
  EXPECT_NE(parsed("{track}").lone_placeholder(), nullptr);
  EXPECT_EQ(parsed("track").lone_placeholder(), nullptr);
}

TEST(RecordTemplateTest, DoubledBracesAreTheBracesThemselves) {
  EXPECT_EQ(std::get<std::string>(parsed("{{}}").parts()[0]), "{}");
  EXPECT_EQ(std::get<std::string>(parsed("{{label}}").parts()[0]), "{label}");
  const RecordTemplate text = parsed("{{{label}}}");
  ASSERT_EQ(text.parts().size(), 3U);
  EXPECT_EQ(std::get<std::string>(text.parts()[0]), "{");
  EXPECT_EQ(std::get<std::string>(text.parts()[2]), "}");
}

TEST(RecordTemplateTest, AnAttributeIsNamedByItsStageAndMayHaveDots) {
  const auto path = [](const std::string& text) { return parsed(text).lone_placeholder()->path; };
  EXPECT_EQ(path("{attribute.brand}"), (Path{"attributes", "brand", "label"}));
  EXPECT_EQ(path("{attribute.brand.confidence}"), (Path{"attributes", "brand", "confidence"}));
  EXPECT_EQ(path("{attribute.a.b}"), (Path{"attributes", "a.b", "label"}));
}

TEST(RecordTemplateTest, AnUnknownPlaceholderIsRefusedWithTheNearestOneOrAllThereAre) {
  EXPECT_NE(refusal("{lable}").find("{lable}, which is no placeholder; did you mean \"label\"?"),
            std::string::npos)
      << refusal("{lable}");
  EXPECT_NE(refusal("{attribute.}").find("attribute.NAME"), std::string::npos);
  EXPECT_NE(refusal("{attribute..confidence}").find("attribute.NAME"), std::string::npos);
  EXPECT_NE(refusal("{}").find("use one of: attribute.NAME, session"), std::string::npos);
  EXPECT_NE(refusal("{Label}").find("did you mean \"label\"?"), std::string::npos);
}

TEST(RecordTemplateTest, ABraceThatIsNotClosedOrClosesNothingIsRefusedWithWhatToWrite) {
  for (const char* text : {"{", "a{label", "{{{", "{label} {"}) {
    EXPECT_NE(refusal(text).find("not closed; write {{"), std::string::npos) << text;
  }
  for (const char* text : {"}", "label}", "}}}", "{label} }"}) {
    EXPECT_NE(refusal(text).find("closes nothing; write }}"), std::string::npos) << text;
  }
  EXPECT_NE(refusal(R"({"brand": "{label}"})").find("write {{"), std::string::npos);
}

}  // namespace
}  // namespace bulkhead
