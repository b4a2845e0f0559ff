#include "common/model_url.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "common/limits.hpp"
#include "common/pipeline_spec.hpp"

namespace bulkhead {
namespace {

const std::string kDigits = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const std::string kPin = "#sha256=" + kDigits;

std::string refusal(const std::string& text) {
  const auto url = ModelUrl::parse(text);
  EXPECT_FALSE(url) << text;
  return url ? "" : url.error().message;
}

TEST(ModelUrl, NamesAHostAFileAndItsContent) {
  const auto url = ModelUrl::parse("https://Models.example/a/b.onnx?v=2" + kPin);
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "models.example");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->target, "/a/b.onnx?v=2");
  EXPECT_EQ(url->sha256, kDigits);
  EXPECT_EQ(url->location(), "https://models.example/a/b.onnx?v=2");
}

TEST(ModelUrl, ReadsBackAsTheSameHoweverItIsWritten) {
  for (const std::string& text :
       {"https://models.example" + kPin, "HTTPS://MODELS.example:443/" + kPin,
        "https://192.0.2.7:8443/m.onnx" + kPin, "https://[2001:DB8::7]/m.onnx" + kPin,
        "https://[2001:db8::7]:8443?m" + kPin}) {
    const auto url = ModelUrl::parse(text);
    ASSERT_TRUE(url) << text;
    const auto again = ModelUrl::parse(url->text());
    ASSERT_TRUE(again) << url->text();
    EXPECT_EQ(*again, *url);
  }
}

TEST(ModelUrl, IsOfHttpsOnly) {
  for (const char* scheme : {"http://", "ftp://", "file:///", "://", "", "https:/"}) {
    EXPECT_NE(refusal(scheme + ("a/m" + kPin)).find("https only"), std::string::npos) << scheme;
  }
}

TEST(ModelUrl, WithoutAWholePinIsRefusedAndSaysHowToMakeOne) {
  for (const std::string& pin : {std::string{}, std::string{"#sha256="}, std::string{"#md5=0"},
                                 kPin.substr(0, kPin.size() - 1), kPin + "0", kPin + "#x",
                                 "#sha256=" + std::string(64, 'g')}) {
    EXPECT_NE(refusal("https://a/m" + pin).find("sha256sum"), std::string::npos) << pin;
  }
}

TEST(ModelUrl, TakesNoCredentialsNoWrongPortAndNoHostThatIsNone) {
  EXPECT_NE(refusal("https://user:secret@a/m" + kPin).find("user"), std::string::npos);
  for (const char* host : {"a:0", "a:65536", "a:", "a:1x", "a:b:1", "", ":443", "-a", "a b", "[::1",
                           "[]", "[", "[1.2.3.4]", "[fe80::1%eth0]", "a\\b", "\"", "ä"}) {
    refusal("https://" + std::string{host} + "/m" + kPin);
  }
}

TEST(ModelUrl, HasALimitOfLength) {
  const std::string frame = "https://a/" + kPin;
  const std::string longest(limits::kPathBytes - frame.size(), 'x');
  EXPECT_TRUE(ModelUrl::parse("https://a/" + longest + kPin));
  refusal("https://a/x" + longest + kPin);
}

TEST(ModelUrl, OfAPipelineIsCheckedWhereItStandsAndListedOnce) {
  const auto pipeline = [](const std::string& model) {
    const nlohmann::json stage{{"type", "classify"}, {"attribute", "a"}, {"model", model}};
    return PipelineSpec::from_json(
        {{"name", "p"}, {"stages", {{{"type", "detect"}, {"model", model}, {"stages", {stage}}}}}},
        "pipeline");
  };
  const auto spec = pipeline("https://A/m.onnx" + kPin);
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->detect.model, "https://a/m.onnx" + kPin);
  EXPECT_EQ(model_urls_of(*spec).size(), 1U);
  EXPECT_TRUE(model_urls_of(*pipeline("yolo11n")).empty());
  const auto wrong = pipeline("http://a/m.onnx" + kPin);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().field, "pipeline.stages[0].model");
}

}  // namespace
}  // namespace bulkhead
