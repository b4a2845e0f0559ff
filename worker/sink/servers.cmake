# Results kept by servers, Redis Streams and PostgreSQL, and the actions that they cause there.
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET GLOBAL hiredis)
pkg_check_modules(libpqxx REQUIRED IMPORTED_TARGET GLOBAL libpqxx)
pkg_check_modules(libpq REQUIRED IMPORTED_TARGET GLOBAL libpq)

add_library(bulkhead_sink_servers STATIC)
add_library(bulkhead::sink_servers ALIAS bulkhead_sink_servers)
target_sources(bulkhead_sink_servers
  PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES
    event_picture.hpp
    place_error.hpp
    postgres_connection.hpp
    postgres_error.hpp
    postgres_schema.hpp
    postgres_session.hpp
    postgres_sink.hpp
    postgres_upsert.hpp
    record_kind.hpp
    record_text.hpp
    redis_action.hpp
    redis_connection.hpp
    redis_error.hpp
    redis_session.hpp
    redis_sink.hpp
    socket_deadline.hpp
  PRIVATE
    event_picture.cpp
    postgres_connection.cpp
    postgres_error.cpp
    postgres_schema.cpp
    postgres_session.cpp
    postgres_sink.cpp
    postgres_upsert.cpp
    record_text.cpp
    redis_action.cpp
    redis_connection.cpp
    redis_error.cpp
    redis_session.cpp
    redis_sink.cpp
    socket_deadline.cpp
)
target_link_libraries(bulkhead_sink_servers
  PUBLIC bulkhead::ipc
  PRIVATE PkgConfig::hiredis PkgConfig::libpqxx PkgConfig::libpq PkgConfig::turbojpeg
)
set_target_properties(bulkhead_sink_servers PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
