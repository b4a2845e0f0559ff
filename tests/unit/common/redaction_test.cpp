#include "common/redaction.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace bulkhead {
namespace {

using namespace std::string_view_literals;

TEST(Redactor, ASecretIsHiddenWhereverItStands) {
  Redactor redactor;
  redactor.add("s3cret");
  EXPECT_EQ(redactor.redact("s3cret"), "***");
  EXPECT_EQ(redactor.redact("as3crets3cretb"), "a******b");
  EXPECT_EQ(redactor.redact("nothing here"), "nothing here");
  EXPECT_EQ(redactor.redact(""), "");
}

TEST(Redactor, PercentEncodedFormsAreHiddenInEitherCaseAndInPart) {
  Redactor redactor;
  redactor.add("p@ss:wörd");
  EXPECT_EQ(redactor.redact("rtsp://u:p%40ss%3Aw%C3%B6rd@h/"), "rtsp://u:***@h/");
  EXPECT_EQ(redactor.redact("rtsp://u:p%40ss:w%c3%b6rd@h/"), "rtsp://u:***@h/");
  EXPECT_EQ(redactor.redact("%70%40%73%73%3a%77%c3%b6%72%64"), "***");
}

TEST(Redactor, ASecretWithAPercentSignIsHiddenPlainAndEncoded) {
  Redactor redactor;
  redactor.add("100%41");
  EXPECT_EQ(redactor.redact("a 100%41 b"), "a *** b");
  EXPECT_EQ(redactor.redact("a 100%2541 b"), "a *** b");
}

TEST(Redactor, TheFormInsideAJsonStringIsHidden) {
  Redactor redactor;
  redactor.add(R"(a"b\c/d)");
  EXPECT_EQ(redactor.redact(R"({"password":"a\"b\\c\/d"})"), R"({"password":"***"})");
}

TEST(Redactor, OfTwoSecretsTheLongerIsHiddenWhole) {
  Redactor redactor;
  redactor.add("pass");
  redactor.add("password-2");
  redactor.add("pass");
  EXPECT_EQ(redactor.redact("password-2 pass password"), "*** *** ***word");
}

TEST(Redactor, ASecretUnderThreeBytesIsNotTaken) {
  Redactor redactor;
  redactor.add("");
  redactor.add("ab");
  EXPECT_EQ(redactor.redact("abc ab"), "abc ab");
  redactor.add("abc");
  EXPECT_EQ(redactor.redact("abc ab"), "*** ab");
}

TEST(Redactor, SecretsMayBeAddedWhileOthersRedact) {
  Redactor redactor;
  redactor.add("first-secret");
  std::jthread adding{[&] {
    for (int i = 0; i < 200; ++i) redactor.add("secret-" + std::to_string(i));
  }};
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(redactor.redact("a first-secret b"), "a *** b");
  }
}

TEST(PrintableText, PlainTextStaysAsItIs) {
  EXPECT_EQ(printable_text("straße 1 – €", 100), "straße 1 – €");
  EXPECT_EQ(printable_text("", 100), "");
}

TEST(PrintableText, NoControlCharacterCanForgeALine) {
  EXPECT_EQ(printable_text("a\r\nb\x1B[31m\x7F\0c"sv, 100), R"(a\x0d\x0ab\x1b[31m\x7f\x00c)");
  EXPECT_EQ(printable_text("a\u0085\u2028\u2029b", 100), R"(a\xc2\x85\xe2\x80\xa8\xe2\x80\xa9b)");
}

TEST(PrintableText, InvalidUtf8BecomesQuestionMarks) {
  EXPECT_EQ(printable_text("a\xFF\xC3", 100), "a??");
}

TEST(PrintableText, TextOfExactlyTheLimitIsWholeAndOneByteMoreIsCut) {
  EXPECT_EQ(printable_text("12345678", 8), "12345678");
  EXPECT_EQ(printable_text("123456789", 8), "12345…");
}

TEST(PrintableText, TheCutNeverSplitsACharacterOrAnEscape) {
  EXPECT_EQ(printable_text("aaaaäbbb", 8), "aaaa…");
  EXPECT_EQ(printable_text("aa\n\nbbbb", 9), "aa\\x0a…");
  EXPECT_EQ(printable_text("aaaa", 2), "");
}

TEST(PrintableText, TheResultNeverPassesTheLimit) {
  for (std::size_t limit = 0; limit < 40; ++limit) {
    EXPECT_LE(printable_text("äöü\n\r\xFF€€ the rest of a long line", limit).size(), limit);
  }
}

}  // namespace
}  // namespace bulkhead
