bulkhead_test(server_errors_test LABEL unit ONE_THREAD
  SOURCES unit/worker/server_errors_test.cpp
  LINK bulkhead::sink_servers)

bulkhead_test(action_test LABEL unit
  SOURCES
    unit/worker/event_picture_test.cpp
    unit/worker/record_text_test.cpp
  LINK bulkhead::sink_servers bulkhead::snapshot bulkhead::publish PkgConfig::turbojpeg)

# Servers of Debian, each started by its test on loopback.
find_program(BULKHEAD_REDIS_SERVER redis-check-rdb)
if(BULKHEAD_REDIS_SERVER)
  bulkhead_test(redis_sink_test LABEL process
    SOURCES
      process/worker/redis_action_test.cpp
      process/worker/redis_sink_test.cpp
      process/worker/redis_trouble_test.cpp
    LINK bulkhead::sink_servers PkgConfig::hiredis)
  target_compile_definitions(redis_sink_test PRIVATE
    BULKHEAD_REDIS_SERVER="${BULKHEAD_REDIS_SERVER}")
else()
  message(STATUS "No Redis (redis-tools): tests of the Redis sink are not registered")
endif()

# Debian keeps the server's programs out of the PATH, by version.
file(GLOB BULKHEAD_POSTGRES_VERSIONS /usr/lib/postgresql/*/bin)
find_path(BULKHEAD_POSTGRES_PROGRAMS initdb PATHS ${BULKHEAD_POSTGRES_VERSIONS} NO_DEFAULT_PATH)
if(BULKHEAD_POSTGRES_PROGRAMS)
  bulkhead_test(postgres_sink_test LABEL process
    SOURCES
      process/worker/postgres_sink_test.cpp
      process/worker/postgres_trouble_test.cpp
      process/worker/postgres_upsert_test.cpp
    LINK bulkhead::sink_servers PkgConfig::libpqxx)
  target_compile_definitions(postgres_sink_test PRIVATE
    BULKHEAD_POSTGRES_PROGRAMS="${BULKHEAD_POSTGRES_PROGRAMS}")
else()
  message(STATUS "No PostgreSQL server: tests of its sink are not registered")
endif()
