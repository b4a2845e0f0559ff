#include "worker/source/stream_error.hpp"

#include <gtest/gtest.h>

namespace bulkhead::worker {
namespace {

StreamFailure with_status(unsigned status) {
  return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, "text", status};
}

StreamFailure resource(int code) { return {GST_RESOURCE_ERROR, code, "text", 0}; }

StreamFailure stream(int code) { return {GST_STREAM_ERROR, code, "text", 0}; }

TEST(StreamErrorTest, TheStatusOfTheCameraDecidesFirst) {
  EXPECT_EQ(classify(with_status(401), {}).code, ErrorCode::AuthFailed);
  EXPECT_EQ(classify(with_status(403), {}).code, ErrorCode::AuthFailed);
  EXPECT_EQ(classify(with_status(404), {}).code, ErrorCode::NotFound);
  EXPECT_EQ(classify(with_status(453), {}).code, ErrorCode::LimitReached);
  EXPECT_EQ(classify(with_status(503), {}).code, ErrorCode::LimitReached);
  EXPECT_EQ(classify(with_status(461), {}).code, ErrorCode::ConnectFailed);
  EXPECT_EQ(classify(with_status(500), {}).code, ErrorCode::ConnectFailed);
}

TEST(StreamErrorTest, WithoutAStatusTheKindOfFailureDecides) {
  EXPECT_EQ(classify(resource(GST_RESOURCE_ERROR_OPEN_READ_WRITE), {}).code,
            ErrorCode::ConnectFailed);
  EXPECT_EQ(classify(resource(GST_RESOURCE_ERROR_READ), {}).code, ErrorCode::ConnectFailed);
  EXPECT_EQ(classify(resource(GST_RESOURCE_ERROR_NOT_AUTHORIZED), {}).code, ErrorCode::AuthFailed);
  EXPECT_EQ(classify(resource(GST_RESOURCE_ERROR_NOT_FOUND), {}).code, ErrorCode::NotFound);
  EXPECT_EQ(classify(stream(GST_STREAM_ERROR_DECODE), {}).code, ErrorCode::DecodeError);
  EXPECT_EQ(classify(stream(GST_STREAM_ERROR_TYPE_NOT_FOUND), {}).code,
            ErrorCode::UnsupportedCodec);
}

TEST(StreamErrorTest, AnOfferWithoutUsableVideoExplainsTheFailure) {
  const StreamFailure failure = stream(GST_STREAM_ERROR_CODEC_NOT_FOUND);
  const StreamOffer only_sound{.is_known = true};
  const StreamOffer jpeg{.is_known = true, .has_video = true, .other_codecs = "JPEG"};
  const StreamOffer usable{.is_known = true, .has_video = true, .has_usable = true};
  EXPECT_EQ(classify(failure, only_sound).code, ErrorCode::NoVideo);
  EXPECT_EQ(classify(failure, jpeg).code, ErrorCode::UnsupportedCodec);
  EXPECT_NE(classify(failure, jpeg).message.find("JPEG"), std::string::npos);
  EXPECT_EQ(classify(stream(GST_STREAM_ERROR_DECODE), usable).code, ErrorCode::DecodeError);
}

}  // namespace
}  // namespace bulkhead::worker
