# What a client meets: streams and their bounds, the hub's messages, the control channel.
bulkhead_test(outbox_test LABEL unit
  SOURCES unit/supervisor/outbox_test.cpp unit/supervisor/stream_test.cpp
  LINK bulkhead::stream)
