// Errors of servers that a test cannot bring about at will, and the places of those it can.

#include <gtest/gtest.h>

#include "common/limits.hpp"
#include "worker/sink/place_error.hpp"
#include "worker/sink/postgres_error.hpp"
#include "worker/sink/redis_error.hpp"

namespace bulkhead::worker {
namespace {

TEST(RedisErrorTest, EachRefusalHasItsCode) {
  for (const auto& [reply, code] : std::initializer_list<std::pair<const char*, ErrorCode>>{
           {"LOADING Redis is loading the dataset in memory", ErrorCode::Unavailable},
           {"MISCONF Redis is configured to save RDB snapshots", ErrorCode::Unavailable},
           {"MASTERDOWN Link with MASTER is down", ErrorCode::Unavailable},
           {"CLUSTERDOWN The cluster is down", ErrorCode::Unavailable},
           {"BUSY Redis is busy running a script", ErrorCode::Unavailable},
           {"MOVED 3999 127.0.0.1:6381", ErrorCode::Unavailable},
           {"OOM command not allowed", ErrorCode::LimitReached},
           {"ERR max number of clients reached", ErrorCode::LimitReached},
           {"ERR invalid password", ErrorCode::AuthFailed},  // Redis 5
           {"ERR Client sent AUTH, but no password is set", ErrorCode::AuthFailed},
           {"NOAUTH Authentication required.", ErrorCode::AuthFailed},
           {"NOPERM this user has no permissions", ErrorCode::PermissionDenied},
           {"ERR DB index is out of range", ErrorCode::InvalidParams},
           {"ERR something new", ErrorCode::Unavailable},
           {"", ErrorCode::Unavailable}}) {
    EXPECT_EQ(redis_error(reply).code, code) << reply;
  }
}

TEST(PostgresErrorTest, EachSqlstateHasItsCodeAndBlamesARecordOnlyForItsData) {
  struct Expected {
    const char* sqlstate;
    ErrorCode of_open;
    bool blames_record;
  };
  for (const Expected& expected : {Expected{"28P01", ErrorCode::AuthFailed, false},
                                   Expected{"28000", ErrorCode::AuthFailed, false},
                                   Expected{"3D000", ErrorCode::NotFound, false},
                                   Expected{"42501", ErrorCode::PermissionDenied, false},
                                   Expected{"42P01", ErrorCode::Unavailable, false},
                                   Expected{"21000", ErrorCode::InvalidParams, true},
                                   Expected{"22P05", ErrorCode::InvalidParams, true},
                                   Expected{"23514", ErrorCode::InvalidParams, true},
                                   Expected{"54001", ErrorCode::InvalidParams, true},
                                   Expected{"53100", ErrorCode::LimitReached, false},
                                   Expected{"53200", ErrorCode::LimitReached, false},
                                   Expected{"53300", ErrorCode::LimitReached, false},
                                   Expected{"57014", ErrorCode::Timeout, false},
                                   Expected{"55P03", ErrorCode::Timeout, false},
                                   Expected{"57P01", ErrorCode::Unavailable, false},
                                   Expected{"57P03", ErrorCode::Unavailable, false},
                                   Expected{"40001", ErrorCode::Unavailable, false},
                                   Expected{"25006", ErrorCode::Unavailable, false},
                                   Expected{"58030", ErrorCode::Unavailable, false},
                                   Expected{"XX000", ErrorCode::Unavailable, false},
                                   Expected{"", ErrorCode::ConnectFailed, false}}) {
    EXPECT_EQ(postgres_error(expected.sqlstate, "text").code, expected.of_open)
        << expected.sqlstate;
    const ErrorCode of_write = postgres_write_error(expected.sqlstate, "text").code;
    EXPECT_EQ(persistence_of(of_write) == Persistence::Permanent, expected.blames_record)
        << expected.sqlstate;
  }
}

TEST(PostgresErrorTest, WhatIsMissingOfATableOfTheOperatorsIsHisAndSaidWithItsSqlstate) {
  for (const char* sqlstate : {"42P01", "3F000", "42703", "42P10"}) {
    const Error of_open = table_error(sqlstate, "text\n");
    EXPECT_EQ(of_open.code, ErrorCode::NotFound) << sqlstate;
    EXPECT_NE(of_open.message.find(std::string{sqlstate} + ": text; "), std::string::npos)
        << of_open.message;
    EXPECT_EQ(table_write_error(sqlstate, "text").code, ErrorCode::Unavailable) << sqlstate;
  }
  EXPECT_EQ(table_error("28P01", "text").code, ErrorCode::AuthFailed);
  EXPECT_EQ(table_write_error("22P02", "text").code, ErrorCode::InvalidParams);
}

TEST(PostgresErrorTest, TheSqlstateIsFoundInAVerboseMessageOfAnyLanguage) {
  EXPECT_EQ(sqlstate_in("connection to server at \"::1\", port 5432 failed: FATAL:  28P01: no"),
            "28P01");
  EXPECT_EQ(sqlstate_in("FATAL:  57P03: das Datenbanksystem startet\nLOCATION:  a, b.c:1"),
            "57P03");
  EXPECT_EQ(sqlstate_in("ВАЖНО:  53300: мест нет"), "53300");
  for (const char* none : {"", ":  ", ":  28P0", "could not connect: refused", "a:  28p01: b"}) {
    EXPECT_EQ(sqlstate_in(none), "") << none;
  }
}

TEST(ServerErrorsTest, TextOfAServerIsOneLineOfLimitedLength) {
  const std::string flood = "ERR a\nb\x1b[31m" + std::string(10'000, 'x');
  for (const Error& error : {redis_error(flood), postgres_error("", flood)}) {
    EXPECT_LT(error.message.size(), limits::kReasonBytes + 200);
    EXPECT_EQ(error.message.find_first_of("\n\x1b"), std::string::npos);
  }
}

TEST(ServerErrorsTest, AFailureOfThePlaceKeepsItsWordsAndItsCodeWhereThatBlamesNobody) {
  EXPECT_EQ(without_blame({ErrorCode::AuthFailed, "text", {}}).code, ErrorCode::Unavailable);
  EXPECT_EQ(without_blame({ErrorCode::AuthFailed, "text", {}}).message, "text");
  EXPECT_EQ(without_blame({ErrorCode::Timeout, "text", {}}).code, ErrorCode::Timeout);
}

}  // namespace
}  // namespace bulkhead::worker
