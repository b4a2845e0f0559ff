#include "ipc/wire_object.hpp"

#include <utility>

#include "common/limits.hpp"

namespace bulkhead::ipc {

namespace {

constexpr std::size_t kShortestAttributeBytes = 1 + 4 + sizeof(float) + 1;

void write_box(WireWriter& writer, const Box& box) {
  writer.f32(box.x);
  writer.f32(box.y);
  writer.f32(box.w);
  writer.f32(box.h);
}

void write_attribute(WireWriter& writer, const Attribute& attribute) {
  writer.u8(attribute.stage);
  writer.text(attribute.text, limits::kLabelBytes);
  writer.f32(attribute.confidence);
  writer.u8(attribute.box ? 1 : 0);
  if (attribute.box) write_box(writer, *attribute.box);
}

Box read_box(WireReader& reader) {
  // A box may reach over the frame's edge, but not by more than a frame: what a reader computes
  // from it stays finite and small.
  constexpr float kReach = 2.0F * static_cast<float>(limits::kFrameSide);
  Box box;
  box.x = reader.f32_between("objects.box.x", -kReach, kReach);
  box.y = reader.f32_between("objects.box.y", -kReach, kReach);
  box.w = reader.f32_between("objects.box.w", 0, kReach);
  box.h = reader.f32_between("objects.box.h", 0, kReach);
  return box;
}

Attribute read_attribute(WireReader& reader) {
  Attribute attribute;
  attribute.stage = reader.u8("objects.attributes.stage");
  if (attribute.stage >= limits::kPipelineStages) {
    reader.fail("objects.attributes.stage", "is past its limit");
  }
  attribute.text = reader.text("objects.attributes.text", limits::kLabelBytes);
  attribute.confidence = reader.f32_between("objects.attributes.confidence", 0, 1);
  if (reader.flag("objects.attributes.has_box")) attribute.box = read_box(reader);
  return attribute;
}

}  // namespace

void write_object(WireWriter& writer, const Object& object) {
  write_box(writer, object.box);
  writer.f32(object.confidence);
  writer.u16(object.label_id);
  writer.u32(object.track_id);
  writer.u32(object.zones);
  writer.count(object.attributes.size(), limits::kPipelineStages);
  for (const Attribute& attribute : object.attributes) write_attribute(writer, attribute);
}

Object read_object(WireReader& reader) {
  Object object;
  object.box = read_box(reader);
  object.confidence = reader.f32_between("objects.confidence", 0, 1);
  object.label_id = reader.u16("objects.label_id");
  if (object.label_id >= limits::kLabels) reader.fail("objects.label_id", "is past its limit");
  object.track_id = reader.u32("objects.track_id");
  object.zones = reader.u32("objects.zones");
  const std::size_t count =
      reader.count("objects.attributes", limits::kPipelineStages, kShortestAttributeBytes);
  object.attributes.reserve(count);
  for (std::size_t i = 0; i < count && !reader.failed(); ++i) {
    Attribute attribute = read_attribute(reader);
    // Each stage says one thing: who reads may take them for keys.
    if (i > 0 && attribute.stage <= object.attributes.back().stage) {
      reader.fail("objects.attributes.stage", "is not past the one before");
    }
    object.attributes.push_back(std::move(attribute));
  }
  return object;
}

}  // namespace bulkhead::ipc
