# Results kept by servers: Redis Streams and PostgreSQL.
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET GLOBAL hiredis)
pkg_check_modules(libpqxx REQUIRED IMPORTED_TARGET GLOBAL libpqxx)
pkg_check_modules(libpq REQUIRED IMPORTED_TARGET GLOBAL libpq)

add_library(bulkhead_sink_servers STATIC)
add_library(bulkhead::sink_servers ALIAS bulkhead_sink_servers)
target_sources(bulkhead_sink_servers
  PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES
    place_error.hpp
    postgres_connection.hpp
    postgres_error.hpp
    postgres_schema.hpp
    postgres_sink.hpp
    record_kind.hpp
    redis_connection.hpp
    redis_error.hpp
    redis_sink.hpp
    socket_deadline.hpp
  PRIVATE
    postgres_connection.cpp
    postgres_error.cpp
    postgres_schema.cpp
    postgres_sink.cpp
    redis_connection.cpp
    redis_error.cpp
    redis_sink.cpp
    socket_deadline.cpp
)
target_link_libraries(bulkhead_sink_servers
  PUBLIC bulkhead::ipc
  PRIVATE PkgConfig::hiredis PkgConfig::libpqxx PkgConfig::libpq
)
set_target_properties(bulkhead_sink_servers PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
